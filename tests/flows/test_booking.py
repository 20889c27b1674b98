"""A visitor books a consultation: it is in both calendars once, both read of it, and sales finds the lead in Odoo."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import vobject
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from bookings import actions, links
from bookings.arranging import rearrange
from bookings.models import Booking
from integrations import configuration, outbox, setup
from integrations.email.sandbox import MailSandbox
from integrations.email.sandbox import settings_for as mail_settings
from integrations.google_calendar import names
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox
from integrations.models import Delivery, Integration
from integrations.odoo.sandbox import OdooSandbox
from tests.bookings.times import at
from tests.factories import ConsultantFactory
from tests.integrations.google_calendar.conftest import connect as connect_google
from tests.integrations.odoo.conftest import connect as connect_odoo

GUEST = "ada@client.example"
TYPED = {"consultant": "anna", "minutes": 60, "name": "Ada Lovelace", "email": GUEST, "meeting_type": "video"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def google() -> Iterator[GoogleSandbox]:
    cache.clear()
    with GoogleSandbox() as peer:
        connect_google(peer)
        ConsultantFactory(slug="anna", name="Anna Berg", email=PERSON, busy_calendars=[PERSON])
        yield peer


@pytest.fixture
def mail(tmp_path: Path, settings: LazySettings) -> Iterator[MailSandbox]:
    settings.EMAIL_BACKEND = "integrations.email.backend.EmailBackend"
    setup.create_rows()
    with MailSandbox(tmp_path) as peer:
        integration = Integration.objects.get(slug="email")
        configuration.configure(integration, mail_settings(peer))
        configuration.set_enabled(integration, True)
        yield peer


@pytest.fixture
def odoo() -> Iterator[OdooSandbox]:
    with OdooSandbox("19.0") as peer:
        connect_odoo(peer)
        yield peer


def booked(client: Client) -> Booking:
    body = json.dumps({**TYPED, "start": at("10:00").isoformat(), "language": "en"})
    answer = client.post("/api/v1/bookings", body, "application/json")
    assert answer.status_code == 201, answer.content
    return Booking.objects.select_related("consultant", "lead").get(uuid=answer.json()["data"]["id"])


def work(*slugs: str) -> None:
    """What is due now, in this order."""
    for slug in slugs:
        outbox.drain(integration=slug)


def later() -> None:
    """Everything that waits has waited for long enough."""
    Delivery.objects.filter(state="pending").update(due_at=timezone.now())


def letters(mail: MailSandbox, address: str) -> list[Any]:
    return [letter for letter in mail.letters if letter.recipients == [address]]


def text(letter: Any) -> str:
    return str(letter.message.get_body(("plain",)).get_content())


def entry(letter: Any) -> Any:
    [found] = [part for part in letter.message.walk() if part.get_content_type() == "text/calendar"]
    return vobject.readOne(found.get_content())


def test_it_is_one_entry_in_both_calendars_and_a_lead_in_odoo(
    client: Client, google: GoogleSandbox, mail: MailSandbox, odoo: OdooSandbox
) -> None:
    booking = booked(client)
    work("email", "google_calendar", "email", "odoo")

    event = google.event(names.event_id(booking), PERSON)
    [to_client], [to_consultant] = letters(mail, GUEST), letters(mail, PERSON)
    for letter in (to_client, to_consultant):
        assert entry(letter).vevent.uid.value == event["iCalUID"]
        assert entry(letter).vevent.dtstart.value == at("10:00")
    assert entry(to_client).vevent.organizer.value == f"mailto:{event['organizer']['email']}"
    assert event["hangoutLink"] in text(to_client)
    assert links.manage(booking) in text(to_client)
    [lead] = odoo.records("crm.lead")
    assert (lead["email_from"], lead["medium_id"][1]) == (GUEST, "Consultation")
    assert booking.reference in lead["description"]


def test_moved_and_cancelled_it_is_so_everywhere(
    client: Client, google: GoogleSandbox, mail: MailSandbox, odoo: OdooSandbox
) -> None:
    booking = booked(client)
    work("google_calendar", "email", "odoo")
    rearrange(booking, at("14:00"))
    work("google_calendar", "email", "odoo")
    moved = google.event(names.event_id(booking), PERSON)
    actions.cancel(booking)
    work("google_calendar", "email", "odoo")

    for address in (GUEST, PERSON):
        entries = [entry(letter) for letter in letters(mail, address)]
        told = [(each.method.value, each.vevent.sequence.value) for each in entries]
        assert told == [("REQUEST", "0"), ("REQUEST", "1"), ("CANCEL", "2")]
        assert {each.vevent.uid.value for each in entries} == {moved["iCalUID"]}
        assert entries[1].vevent.dtstart.value == at("14:00")
    assert moved["start"]["dateTime"].startswith(at("14:00").isoformat()[:16])
    assert google.event(names.event_id(booking), PERSON)["status"] == "cancelled"
    assert "with Anna Berg, cancelled" in odoo.records("crm.lead")[0]["description"]


def test_while_google_is_down_the_letter_goes_without_the_link_which_follows(
    client: Client, google: GoogleSandbox, mail: MailSandbox
) -> None:
    google.faults.set("refuse", times=1000)
    booking = booked(client)
    work("google_calendar", "email")
    assert (booking.unchecked, letters(mail, GUEST)) == (True, [])
    later()  # five minutes
    work("email")
    google.faults.clear()
    later()
    work("google_calendar", "email")

    first, second = letters(mail, GUEST)
    link = google.event(names.event_id(booking), PERSON)["hangoutLink"]
    assert (first.subject, second.subject) == (
        f"Consultation Confirmed - {booking.reference}",
        f"Meeting Link - {booking.reference}",
    )
    assert (link in text(first), link in text(second)) == (False, True)
