"""A session from plan to end, by browser, as docs/operations.md tells operators to run one; Odoo is a stand-in."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations import configuration, runs
from integrations.models import Delivery, Integration
from integrations.odoo import sandbox
from integrations.odoo.sandbox import OdooSandbox
from tests.browser.clicks import confirmed, press
from tests.factories import SessionFactory, TopicFactory, a_registrant
from webinars.actions import register
from webinars.models import Registration, Session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def peer(transactional_db: None) -> Iterator[OdooSandbox]:
    with OdooSandbox("19.0") as peer:
        odoo = Integration.objects.get(slug="odoo")
        configuration.configure(odoo, sandbox.settings_for(peer))
        configuration.set_enabled(odoo, True)
        yield peer


def letters(operation: str) -> int:
    return Delivery.objects.filter(integration__slug="email", operation=operation).count()


def open_session(page: Page, session: Session) -> None:
    page.goto(f"/admin/webinars/session/{session.pk}/change/")


def test_a_session_from_plan_to_end(admin: Page, peer: OdooSandbox) -> None:
    session = plan_and_announce(admin)
    fill(session)
    give_fewer_seats_and_move_it(admin, session)
    write_to_all(admin, session)
    cancel_one(admin, session)
    sync(admin, session, peer)
    let_people_in_and_end_it(admin, session)


def plan_and_announce(admin: Page) -> Session:
    TopicFactory(title_en="Storage")
    admin.goto("/admin/webinars/session/add/")
    admin.locator("#id_topic").select_option(label="Storage")
    soon = timezone.localtime() + timedelta(days=9)
    admin.locator("#id_starts_at_0").fill(soon.strftime("%Y-%m-%d"))
    admin.locator("#id_starts_at_1").fill("10:00:00")
    admin.locator("#id_capacity").fill("3")
    admin.get_by_label("English").check()
    press(admin, "Save")
    session = Session.objects.get()
    assert session.status == Session.Status.DRAFT

    open_session(admin, session)
    confirmed(admin, "Publish")
    admin.get_by_text("is public: people can register").wait_for()
    return session


def fill(session: Session) -> None:
    for name in ("Ada", "Grace", "Edith", "Joan"):
        register(session, a_registrant(f"{name}@client.example", first_name=name, last_name="Miller"))


def give_fewer_seats_and_move_it(admin: Page, session: Session) -> None:
    open_session(admin, session)
    admin.locator("#id_capacity").fill("2")
    press(admin, "Save")
    expect(admin.get_by_text("Nobody loses a seat by that")).to_be_visible()
    admin.locator("#id_capacity").fill("3")
    admin.locator("#id_starts_at_1").fill("11:00:00")
    press(admin, "Save")
    session.refresh_from_db()
    assert (session.capacity, session.local_start.hour) == (3, 11)
    assert letters("webinar_moved") == 4


def write_to_all(admin: Page, session: Session) -> None:
    open_session(admin, session)
    admin.get_by_role("link", name="Message all").click()
    expect(admin.get_by_text("3 people get this letter")).to_be_visible()
    for field in ("subject", "text"):
        for language in ("en", "de"):
            admin.locator(f"#id_{field}_{language}").fill("Bring a notebook")
    press(admin, "Send to all")
    admin.get_by_text("3").first.wait_for()
    assert letters("webinar_message") == 3


def cancel_one(admin: Page, session: Session) -> None:
    """The seat goes to the next in line."""
    open_session(admin, session)
    confirmed(admin.locator("#people tr", has_text="Ada Miller"), "Cancel registration")
    expect(admin.locator("#people tr", has_text="Joan Miller")).to_contain_text("until")
    assert dict(session.registrations.values_list("first_name", "status")) == {
        "Ada": "cancelled",
        "Grace": "confirmed",
        "Edith": "confirmed",
        "Joan": "offered",
    }


def sync(admin: Page, session: Session, peer: OdooSandbox) -> None:
    open_session(admin, session)
    press(admin, "Sync to Odoo")
    runs.sweep("bulk")
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        runs.sweep("bulk")
    assert len(peer.records("event.event")) == 1


def let_people_in_and_end_it(admin: Page, session: Session) -> None:
    Session.objects.filter(pk=session.pk).update(starts_at=timezone.now() - timedelta(minutes=5))
    open_session(admin, session)
    admin.get_by_role("link", name="Check-in list").click()
    admin.get_by_label("Name or company").fill("grace")
    press(admin, "Find")
    expect(admin.locator(".door-people li")).to_have_count(1)
    press(admin.locator(".door-people"), "Came")
    expect(admin.get_by_text("of 2 people with a seat came")).to_be_visible()

    open_session(admin, session)
    with admin.expect_download() as download:
        admin.get_by_role("button", name="Export CSV").first.click()
    assert "Grace" in download.value.path().read_text()
    confirmed(admin, "Complete")
    admin.get_by_text("took place").wait_for()
    assert Registration.objects.get(first_name="Grace").status == "attended"


def test_one_that_is_called_off_and_planned_anew(admin: Page) -> None:
    session = SessionFactory(topic__title_en="Storage")
    register(session, a_registrant())
    open_session(admin, session)
    confirmed(admin, "Cancel session")
    admin.get_by_text("is cancelled").first.wait_for()
    assert letters("registration_cancelled") == 1

    admin.get_by_role("link", name="Clone").click()
    press(admin, "Clone")
    admin.get_by_text("This is the new draft").wait_for()
    assert list(Session.objects.order_by("pk").values_list("status", flat=True)) == ["cancelled", "draft"]
