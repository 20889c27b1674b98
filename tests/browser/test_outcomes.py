"""What became of leads, on a telephone: no count is out of view."""

import pytest
from playwright.sync_api import Page, expect

from integrations.models import Connection
from tests.factories import LeadFactory, TouchpointFactory, WhitepaperFactory
from tests.integrations.admin.conftest import a_record

SYSTEM = "https://odoo.example/firm"
WIDTH = 360  # pixels


@pytest.fixture
def told(transactional_db: None) -> None:
    """One lead is won, of a whitepaper with a long title and a campaign with a name that has no place to break."""
    Connection.objects.filter(integration__slug="odoo").update(book=SYSTEM)
    lead = LeadFactory()
    title = "Digitalisierungsstrategien for companies that have no time for digitalisation"
    paper = WhitepaperFactory(title_en=title, title_de=title)
    TouchpointFactory(lead=lead, whitepaper=paper, utm_campaign="autumn" * 20)
    a_record(lead, SYSTEM, told={"outcome": "won", "stage": "Proposition", "salesperson": ""})


@pytest.mark.parametrize(("language", "heading"), [("en", "Lost"), ("de", "Verloren")])
def test_every_count_is_in_view_on_a_telephone(told: None, admin: Page, language: str, heading: str) -> None:
    admin.context.add_cookies([{"name": "django_language", "value": language, "url": admin.url}])
    admin.set_viewport_size({"width": WIDTH, "height": 800})

    admin.goto("/admin/leads/lead/outcomes/")

    headings = admin.get_by_role("columnheader", name=heading)
    expect(headings).to_have_count(2)
    boxes = [box for cell in [*headings.all(), *admin.locator("td").all()] if (box := cell.bounding_box())]
    assert len(boxes) == 2 + 1 + 2 * 4
    assert max(box["x"] + box["width"] for box in boxes) <= WIDTH
