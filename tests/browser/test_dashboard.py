"""The first page as seen by a browser, and answering by keyboard what sales changed."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations.models import Connection, ExternalRecord, HourlyStat, Integration
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import a_record

SYSTEM = "https://odoo.example/firm"
KEPT = {"phone": {"ours": "+49 1", "theirs": "+49 2"}}


@pytest.fixture
def odoo(transactional_db: None) -> Integration:
    """In use, with an hour of calls and a difference that waits for an answer."""
    odoo = Integration.objects.get(slug="odoo")
    Integration.objects.filter(pk=odoo.pk).update(enabled=True)
    Connection.objects.filter(integration=odoo).update(book=SYSTEM)
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    HourlyStat.objects.create(integration=odoo, operation="push_leads", hour=hour, calls=3, errors=1)
    a_record(LeadFactory(name="Ann"), SYSTEM, kept=KEPT)
    return odoo


def test_chart_is_drawn_and_told_as_a_table(odoo: Integration, admin: Page) -> None:
    expect(admin.get_by_role("img", name="3 calls, 1 failed")).to_be_visible()
    admin.wait_for_function("Chart.getChart(document.querySelector('canvas.chart'))?.data.labels.length === 24")

    admin.locator("summary").press("Enter")

    expect(admin.get_by_role("row", name="3 1")).to_be_visible()


def test_need_is_met_by_keyboard_alone(odoo: Integration, admin: Page) -> None:
    admin.get_by_role("link", name="Decide").press("Enter")
    admin.get_by_label("Select record").last.check()
    admin.get_by_label("Select action to run").select_option("keep_theirs")

    admin.get_by_role("button", name="Run").press("Enter")

    expect(admin.get_by_text("Theirs stays: Phone.")).to_be_visible()
    assert not ExternalRecord.objects.get().unanswered


def test_page_is_as_wide_as_a_telephone(odoo: Integration, admin: Page) -> None:
    admin.set_viewport_size({"width": 360, "height": 800})

    admin.goto("/admin/")

    assert admin.evaluate("document.documentElement.scrollWidth") == 360


def test_figures_are_whole_on_a_desk_and_scroll_in_their_own_box_on_a_telephone(odoo: Integration, admin: Page) -> None:
    box = "(({scrollWidth: wide, clientWidth: seen}) => [wide > seen, document.documentElement.scrollWidth])"
    boxes = {}
    for width in (1280, 360):
        admin.set_viewport_size({"width": width, "height": 800})
        admin.goto("/admin/integrations/integration/figures/")
        boxes[width] = admin.evaluate(f"{box}(document.querySelector('.figures-wide'))")

    assert boxes == {1280: [False, 1280], 360: [True, 360]}
