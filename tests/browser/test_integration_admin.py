"""An operator connects an Odoo, tests it and pauses it, as seen by a browser."""

from collections.abc import Iterator

import pytest
from django_celery_beat.models import PeriodicTask
from playwright.sync_api import Page, expect

from integrations import runs
from integrations.models import Connection, Integration
from integrations.odoo.sandbox import OdooSandbox
from tests.browser.clicks import press
from tests.factories import LeadFactory
from tests.integrations.odoo.conftest import connect

LIST = "/admin/integrations/integration/"


@pytest.fixture
def peer() -> Iterator[OdooSandbox]:
    with OdooSandbox("19.0") as peer:
        yield peer


def test_settings_are_entered_and_the_test_turns_green(admin: Page, peer: OdooSandbox) -> None:
    admin.goto(LIST)
    admin.get_by_role("link", name="Odoo ERP").click()
    for label, value in (
        ("URL", peer.url),
        ("Database", peer.database),
        ("User name", peer.username),
        ("API key", peer.api_key),
    ):
        admin.get_by_label(label).fill(value)
    press(admin, "Save")
    press(admin, "Enable")

    press(admin, "Test connection")

    expect(admin.get_by_text("healthy").first).to_be_visible()
    expect(admin.get_by_text("Connected to Odoo 19.0 as Magnetiq.", exact=True).first).to_be_visible()
    expect(admin.get_by_label("API key")).to_have_attribute("placeholder", "•••••• stored")
    assert Connection.objects.get(integration__slug="odoo").status == "healthy"


def test_page_follows_a_run_until_a_worker_has_done_it(admin: Page, peer: OdooSandbox) -> None:
    connect(peer)
    LeadFactory()
    admin.goto(LIST)
    admin.get_by_role("link", name="Odoo ERP").click()
    press(admin, "Sync now: Sync leads")
    expect(admin.get_by_text("waiting for a worker")).to_be_visible()

    runs.sweep("bulk")

    expect(admin.get_by_text("promised: 1 · delivered: 1")).to_be_visible()
    expect(admin.get_by_text("waiting for a worker")).not_to_be_visible()


def test_words_that_were_typed_outlive_a_run_that_ends(admin: Page, peer: OdooSandbox) -> None:
    connect(peer)
    admin.goto(LIST)
    admin.get_by_role("link", name="Odoo ERP").click()
    press(admin, "Sync now: Sync leads")
    admin.get_by_label("Database").fill("another-one")

    runs.sweep("bulk")

    expect(admin.get_by_text("Nothing to do.")).to_be_visible()
    expect(admin.get_by_label("Database")).to_have_value("another-one")


def test_action_on_ticked_rows_pauses(admin: Page) -> None:
    admin.goto(LIST)
    admin.get_by_role("row", name="Odoo ERP").get_by_label("Select record").check()
    admin.get_by_label("Select action to run").select_option("pause")

    press(admin, "Run")

    expect(admin.get_by_text("Odoo ERP is paused")).to_be_visible()
    assert Integration.objects.get(slug="odoo").paused_at


def test_pages_run_no_script_that_their_policy_forbids(admin: Page) -> None:
    task = PeriodicTask.objects.earliest("pk")
    lead = LeadFactory()

    for path in (
        f"/admin/django_celery_beat/periodictask/{task.pk}/change/",
        f"/admin/leads/lead/{lead.pk}/change/",
        "/admin/leads/lead/",
        "/admin/integrations/delivery/",
        "/admin/integrations/integrationlog/",
    ):
        admin.goto(path)
        expect(admin.locator("#content-main, #changelist").first).to_be_visible()
