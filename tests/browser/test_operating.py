"""A day in the admin, by browser: an Odoo is connected, breaks twice, and is mended from what "Needs you" says."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations import outbox, runs
from integrations.models import Heartbeat
from integrations.odoo.sandbox import OdooSandbox
from leads import actions
from tests.browser.clicks import press
from tests.integrations.odoo.people import captured

CALM = "Nothing needs you: what goes wrong for a moment mends itself."


@pytest.fixture
def peer() -> Iterator[OdooSandbox]:
    with OdooSandbox("19.0") as peer:
        yield peer


def work() -> None:
    """What worker and beat do within the next minute: what was held is due again within seconds, not at once."""
    for name in (*Heartbeat.QUEUES, "beat"):
        Heartbeat.beat(name)
    for queue in ("fast", "bulk"):
        runs.sweep(queue)
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        outbox.drain()


def open_odoo(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_role("link", name="Odoo ERP", exact=True).click()


def test_odoo_is_configured_tested_synced_broken_mended_and_replayed(admin: Page, peer: OdooSandbox) -> None:
    work()
    connect_by_form(admin, peer)
    sync(admin, peer)
    lose_the_key_and_enter_a_new_one(admin, peer)
    have_a_lead_refused_and_replay_it(admin, peer)

    admin.goto("/admin/")
    expect(admin.get_by_text(CALM)).to_be_visible()
    assert sorted(record["contact_name"] for record in peer.records("crm.lead")) == ["Ann Young", "Bob Refused"]


def connect_by_form(admin: Page, peer: OdooSandbox) -> None:
    open_odoo(admin)
    admin.get_by_label("URL").fill(peer.url)
    admin.get_by_label("Database").fill(peer.database)
    admin.get_by_label("User name").fill(peer.username)
    admin.get_by_label("API key").fill(peer.api_key)
    press(admin, "Save")
    press(admin, "Enable")

    press(admin, "Test connection")
    work()

    expect(admin.get_by_text("Connected to Odoo 19.0 as Magnetiq.", exact=True).first).to_be_visible()
    admin.goto("/admin/")
    expect(admin.get_by_text(CALM)).to_be_visible()


def sync(admin: Page, peer: OdooSandbox) -> None:
    captured("ann@acme.example", name="Ann Old")
    open_odoo(admin)

    press(admin, "Sync now: Sync leads")
    work()

    expect(admin.get_by_text("delivered: 1")).to_be_visible()
    assert [record["contact_name"] for record in peer.records("crm.lead")] == ["Ann Old"]


def lose_the_key_and_enter_a_new_one(admin: Page, peer: OdooSandbox) -> None:
    peer.users.revoke(peer.api_key)
    actions.update_details(captured("ann@acme.example"), details={"name": "Ann Young"})
    work()
    admin.goto("/admin/")
    admin.get_by_role("link", name="Mend and test").click()
    peer.users.add_key(peer.username, "a-new-key-made-in-odoo")

    admin.get_by_label("API key").fill("a-new-key-made-in-odoo")
    press(admin, "Save")
    press(admin, "Test connection")
    work()

    expect(admin.get_by_text("healthy").first).to_be_visible()
    assert [record["contact_name"] for record in peer.records("crm.lead")] == ["Ann Young"]


def have_a_lead_refused_and_replay_it(admin: Page, peer: OdooSandbox) -> None:
    peer.faults.set("refuse_batch", "This name is not allowed here.", marker="Bob Refused")
    captured("bob@acme.example", name="Bob Refused")
    work()
    peer.faults.clear()
    admin.goto("/admin/")
    expect(admin.get_by_text("one delivery is dead (refused)")).to_be_visible()

    admin.get_by_role("link", name="Look and replay").click()
    admin.get_by_role("row", name="Bob Refused").get_by_label("Select record").check()
    admin.get_by_label("Select action to run").select_option("replay")
    press(admin, "Run")

    expect(admin.get_by_text("One will be delivered again, with current data.")).to_be_visible()
    work()
