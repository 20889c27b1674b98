"""Somebody to meet, and what became of it on both sides."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from bookings import actions
from bookings.models import Booking, Consultant
from integrations import configuration, outbox
from integrations.google_calendar import names
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox
from integrations.google_calendar.service import GoogleCalendarService
from integrations.models import Delivery, ExternalRecord, Integration
from tests.bookings.times import at
from tests.factories import ConsultantFactory, a_client

SLUG = GoogleCalendarService.slug
GUEST = "ada@client.example"


def change(**values: Any) -> None:
    configuration.configure(Integration.objects.get(slug=SLUG), values)


def a_booking(clock: str = "10:00", *, consultant: Consultant | None = None, **details: Any) -> Booking:
    """Agreed, and not told to anybody yet."""
    return actions.book(consultant or ConsultantFactory(email=PERSON), at(clock), 30, a_client(GUEST, **details))


def an_entry(peer: GoogleSandbox, clock: str = "10:00", **details: Any) -> Booking:
    """A booking that is in the calendar, both sides agreeing."""
    booking = a_booking(clock, **details)
    deliver()
    return fresh(booking)


def deliver() -> dict[str, int]:
    """All that is promised is due: {outcome: how many}."""
    Delivery.objects.filter(integration__slug=SLUG, state="pending").update(due_at=timezone.now())
    return outbox.drain(integration=SLUG).outcomes


def pull() -> dict[str, int]:
    """What people did is read and acted upon, and what follows of that is delivered: {what: how many}."""
    service = configuration.service_of(SLUG)
    assert isinstance(service, GoogleCalendarService)
    found = service.pull_changes()
    deliver()
    return found.counts


def fresh(booking: Booking) -> Booking:
    return Booking.objects.select_related("consultant").get(pk=booking.pk)


def delivery(booking: Booking, operation: str = "push_bookings") -> Delivery:
    return Delivery.objects.get(integration__slug=SLUG, operation=operation, subject_id=booking.pk)


def record(booking: Booking) -> ExternalRecord:
    return ExternalRecord.objects.get(remote_model="event", subject_id=booking.pk)


def entry(peer: GoogleSandbox, booking: Booking, calendar: str = PERSON) -> dict[str, Any]:
    """As its calendar's owner sees it, a deleted one, too."""
    return peer.event(names.event_id(booking), calendar)


def begins(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["start"]["dateTime"])


def mails(peer: GoogleSandbox) -> list[tuple[str, str]]:
    """What Google would have sent, and to whom."""
    return [(mail["kind"], mail["to"]) for mail in peer.mails]


def asked(peer: GoogleSandbox) -> dict[str, int]:
    """About entries."""
    return {name: number for name, number in peer.counted().items() if name.startswith("events.")}
