"""An outage of each of the four, from the first error to the all-clear, as operator and visitor live it.

With MAGNETIQ_SCREENSHOTS set to a folder, what they see is kept there: docs/operations.md shows some of it.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import LazySettings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from bookings.models import Booking
from integrations import inbox, outbox, runs
from integrations.email.sandbox import Letter, MailSandbox
from integrations.google_calendar import names
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox
from integrations.models import Delivery, Heartbeat, Incident
from integrations.odoo.sandbox import OdooSandbox
from integrations.stripe.sandbox import StripeSandbox
from tests.browser.clicks import press
from tests.browser.test_payments import GOOD, SEATED, fill_in, hear, press_pay
from tests.factories import ConsultantFactory, SessionFactory, TopicFactory, WhitepaperFactory
from tests.integrations.google_calendar.conftest import connect as connect_google
from tests.integrations.google_calendar.conftest import service as google
from tests.integrations.odoo.conftest import connect as connect_odoo
from tests.integrations.stripe.conftest import a_seat
from tests.integrations.stripe.conftest import connect as connect_stripe
from webinars import links
from webinars.models import Registration

pytestmark = pytest.mark.django_db(transaction=True)

OPERATOR, VISITOR = "ops@firm.example", "ada@client.example"
LETTERS = ["Please Confirm Your Address - Magnetiq", "Your Whitepaper - Storage"]
SWEEP = timedelta(seconds=20)
SHOTS = os.environ.get("MAGNETIQ_SCREENSHOTS")
Work = Callable[[timedelta], None]


@pytest.fixture(autouse=True)
def somebody_is_told(settings: LazySettings) -> None:
    settings.ADMINS = [("Ops", OPERATOR)]
    cache.clear()


@pytest.fixture
def visitor(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    page = browser.new_page(base_url=live_server.url, viewport={"width": 1280, "height": 800}, locale="en")
    yield page
    page.close()


@pytest.fixture
def work() -> Iterator[Work]:
    """Lets time pass, in which worker and beat do what they do."""
    with time_machine.travel(timezone.now()) as clock:

        def pass_time(how_much: timedelta) -> None:
            end = timezone.now() + how_much
            while timezone.now() < end:
                clock.shift(SWEEP)
                Heartbeat.beat(*Heartbeat.QUEUES, "beat")
                for queue in Heartbeat.QUEUES:
                    runs.sweep(queue)
                inbox.sweep()
                outbox.drain()

        yield pass_time


def keep(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"outage-{name}.png", full_page=True)


def keep_letters(page: Page, letters: list[Letter]) -> None:
    """As a mail program shows them; our own pages' policy would forbid their styles."""
    page.goto("about:blank")
    for number, letter in enumerate(letters if SHOTS else []):
        part = letter.message.get_body(("html",))
        page.set_content(part.get_content() if part else "")
        keep(page, f"letter-{number}")


def tile(admin: Page, name: str) -> Locator:
    admin.goto("/admin/")
    return admin.get_by_role("listitem").filter(has=admin.get_by_role("heading", name=name, exact=True))


def is_told_as_ill(admin: Page, name: str, *, waiting: int) -> None:
    """By the light, by what waits, by a line among what needs somebody, and among the incidents."""
    shown = tile(admin, name)
    keep(admin, f"{name}-begins")
    expect(shown.get_by_text("healthy", exact=True)).to_have_count(0)
    expect(admin.get_by_text(f"{name}: does not work (since")).to_be_visible()
    expect(shown.get_by_role("definition").first).to_have_text(str(waiting))
    admin.goto("/admin/integrations/incident/")
    expect(admin.get_by_role("row", name="Outage").first).to_be_visible()


def test_connection_again(admin: Page, name: str, work: Work) -> None:
    """What an operator does when somebody says that it works again."""
    tile(admin, name).get_by_role("link", name=name).click()
    press(admin, "Test connection")
    work(timedelta(minutes=1))


test_connection_again.__test__ = False  # type: ignore[attr-defined]


def is_all_clear(admin: Page, name: str) -> None:
    """Nothing of what is in use waits any more, and nothing is dead."""
    expect(tile(admin, name).get_by_text("healthy", exact=True)).to_be_visible()
    keep(admin, f"{name}-over")
    assert not Incident.objects.filter(closed_at=None).exists()
    assert not Delivery.objects.filter(integration__enabled=True).exclude(state="delivered").exists()


def written_to(mails: MailSandbox, address: str) -> list[Letter]:
    return [letter for letter in mails.letters if address in letter.recipients]


def subjects(mails: MailSandbox, address: str) -> list[str]:
    return [str(letter.message["Subject"]) for letter in written_to(mails, address)]


def ask_for_the_whitepaper(visitor: Page) -> None:
    made = WhitepaperFactory(slug="storage", title_en="Storage")
    made.file.save("storage.pdf", ContentFile(b"%PDF-1.4 storage"))
    visitor.goto("/en/whitepapers/storage/")
    visitor.get_by_label("Your name").fill("Ada Lovelace")
    visitor.get_by_label("E-mail address").fill(VISITOR)
    visitor.get_by_role("checkbox").check()
    visitor.get_by_role("button", name="Request whitepaper").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Please look into your mailbox")


def test_odoo_is_away(admin: Page, visitor: Page, mails: MailSandbox, work: Work) -> None:
    with OdooSandbox("19.0") as peer:
        connect_odoo(peer)
        peer.faults.set("refuse")

        ask_for_the_whitepaper(visitor)
        work(timedelta(minutes=4))

        assert sorted(subjects(mails, VISITOR)) == LETTERS
        assert ["Odoo ERP" in subject for subject in subjects(mails, OPERATOR)] == [True]
        is_told_as_ill(admin, "Odoo ERP", waiting=1)

        peer.faults.clear()
        test_connection_again(admin, "Odoo ERP", work)

        is_all_clear(admin, "Odoo ERP")
        assert [lead["email_from"] for lead in peer.records("crm.lead")] == [VISITOR]
        assert subjects(mails, OPERATOR)[1:] == ["All Is Well Again - Odoo ERP"]
        keep_letters(visitor, written_to(mails, OPERATOR))


def test_letters_are_not_taken(admin: Page, visitor: Page, mails: MailSandbox, work: Work) -> None:
    mails.faults.set("refuse")

    ask_for_the_whitepaper(visitor)
    work(timedelta(minutes=4))

    is_told_as_ill(admin, "E-mail", waiting=2)

    mails.faults.clear()
    test_connection_again(admin, "E-mail", work)

    is_all_clear(admin, "E-mail")
    assert sorted(subjects(mails, VISITOR)) == LETTERS
    assert subjects(mails, OPERATOR) == []  # it could not be told by what was ill


def test_stripe_is_down(admin: Page, visitor: Page, mails: MailSandbox, work: Work, live_server: LiveServer) -> None:
    with StripeSandbox() as peer:
        peer.add_endpoint(f"{live_server.url}/webhooks/stripe/")
        connect_stripe(peer)
        peer.faults.set("status", 503)

        session = SessionFactory(slug="data", topic=TopicFactory(title_en="Data strategy"), capacity=9, price=119)
        seat = a_seat(session, language="en")
        visitor.goto(urlsplit(links.pay(seat)).path)
        expect(visitor.locator("#pay-down")).to_be_visible()
        for _ in range(5):
            with visitor.expect_response("**/pay/**"):
                visitor.get_by_role("button", name="Try again").click()
        keep(visitor, "pay")
        work(timedelta(minutes=1))

        assert ["Stripe" in subject for subject in subjects(mails, OPERATOR)] == [True]
        is_told_as_ill(admin, "Stripe", waiting=0)
        assert Registration.objects.get().status == "pending_payment"

        peer.faults.clear()
        test_connection_again(admin, "Stripe", work)
        visitor.get_by_role("button", name="Try again").click()
        fill_in(visitor, GOOD)
        press_pay(visitor)
        expect(visitor.get_by_role("heading", level=1)).to_have_text(SEATED["en"])
        hear(peer)
        work(timedelta(minutes=1))

        is_all_clear(admin, "Stripe")
        assert [charge["amount"] for charge in peer.records("charges") if charge["paid"]] == [11900]
        assert subjects(mails, OPERATOR)[1:] == ["All Is Well Again - Stripe"]


def test_google_calendar_does_not_answer(admin: Page, visitor: Page, mails: MailSandbox, work: Work) -> None:
    with GoogleSandbox() as peer:
        connect_google(peer)
        ConsultantFactory(slug="grace", name="Grace Hopper", email=PERSON, busy_calendars=[PERSON])
        peer.faults.set("status", 503)

        visitor.goto("/en/book/grace/")
        visitor.locator("#first").click()
        visitor.get_by_label("Your name", exact=True).fill("Ada Lovelace")
        visitor.get_by_label("E-mail address", exact=True).fill(VISITOR)
        visitor.get_by_role("button", name="Book this time").click()
        expect(visitor.get_by_role("heading", name="Thank you: your consultation is booked")).to_be_visible()
        keep(visitor, "booked")
        work(timedelta(minutes=6))

        admin.goto("/admin/")
        expect(admin.locator(".dashboard-upcoming")).to_contain_text("calendar not checked", ignore_case=True)
        assert ["Google Calendar" in subject for subject in subjects(mails, OPERATOR)] == [True]
        is_told_as_ill(admin, "Google Calendar", waiting=1)

        peer.faults.clear()
        test_connection_again(admin, "Google Calendar", work)
        google().sync_calendars()
        work(timedelta(minutes=1))

        is_all_clear(admin, "Google Calendar")
        booking = Booking.objects.get()
        assert (booking.status, booking.unchecked) == ("confirmed", False)
        assert [event["id"] for event in peer.events()] == [names.event_id(booking)]
        assert subjects(mails, VISITOR) == [
            f"Consultation Confirmed - {booking.reference}",
            f"Meeting Link - {booking.reference}",
        ]
        assert subjects(mails, OPERATOR)[-1] == "All Is Well Again - Google Calendar"
        expect(admin.locator(".dashboard-upcoming")).to_contain_text("all is well", ignore_case=True)
