"""Bookings that counted although nobody could ask the calendar: it is asked as soon as it answers."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings import actions
from bookings.models import Booking, Consultant
from bookings.models.booking import OPEN, Problem
from bookings.spans import Span
from integrations import errors, incidents
from integrations.service import JobReport

from . import freebusy, names
from .client import Answer
from .freebusy import Busy
from .mapping import is_deleted, span_of
from .matters import CONFLICT
from .telling import told_span

if TYPE_CHECKING:
    from .service import GoogleCalendarService

NOT_THERE = frozenset({"workingLocation", "birthday"})  # kinds of entries in which nobody is busy


def check(
    service: "GoogleCalendarService",
    consultants: Sequence[Consultant],
    found: dict[str, Busy],
    window: Span,
    report: JobReport,
) -> None:
    """`found` is what all their calendars said just now; where one said nothing, a booking waits for the next time."""
    rows = Booking.objects.filter(consultant__in=consultants, unchecked=True, status__in=OPEN)
    for booking in rows.filter(starts_at__gt=timezone.now(), ends_at__lte=window.end).select_related("consultant"):
        if any(found[calendar].error for calendar in booking.consultant.calendars):
            continue
        conflict = next(conflicts(service, booking, found), None)
        if conflict is None:
            clear(booking)
            report.count("checked")
        else:
            trouble(service, booking, *conflict)
            report.count("conflicts")


def conflicts(service: "GoogleCalendarService", booking: Booking, found: dict[str, Busy]) -> Iterator[tuple[str, Span]]:
    """(calendar, when) of what is in the booking's way."""
    for calendar in booking.consultant.calendars:
        busy = [each for each in found[calendar].spans if overlap(each, booking.span)]
        if busy:
            busy = others(service, booking, calendar, busy)
        for span in busy[:1]:
            yield calendar, span


def others(service: "GoogleCalendarService", booking: Booking, calendar: str, busy: list[Span]) -> list[Span]:
    """What else there is, entry by entry: the booking itself makes the calendar busy that we write to, and those of
    whoever is invited."""
    query = {"timeMin": booking.starts_at.isoformat(), "timeMax": booking.ends_at.isoformat(), "singleEvents": True}
    try:
        entries = [entry for page in service.client.events(calendar, **query) for entry in page.get("items", ())]
    except errors.Rejected:  # it may be looked into, but not be read
        return freebusy.less(busy, [booking.span])
    known = [found for entry in entries if (found := names.uuid_of(entry["id"]))]
    ours = set(Booking.objects.filter(uuid__in=known).values_list("uuid", flat=True))
    blocking = [entry for entry in entries if blocks(entry) and names.uuid_of(entry["id"]) not in ours]
    return [span_of(entry) or busy[0] for entry in blocking]


def blocks(entry: Answer) -> bool:
    """Whether whoever has this entry is busy."""
    declined = any(
        guest.get("self") and guest.get("responseStatus") == "declined" for guest in entry.get("attendees", ())
    )
    free = entry.get("transparency") == "transparent" or entry.get("eventType") in NOT_THERE
    return not (declined or free or is_deleted(entry))


def overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and one.end > other.start


def clear(booking: Booking) -> None:
    if booking.problem == Problem.CALENDAR_BUSY:  # what was in the way has gone
        actions.settle_problem(booking)
    actions.mark_checked(booking)


def trouble(service: "GoogleCalendarService", booking: Booking, calendar: str, span: Span) -> None:
    """Somebody must decide who gives way: both are told of."""
    actions.note_problem(booking, Problem.CALENDAR_BUSY, calendar=calendar, starts_at=span.start, ends_at=span.end)
    said = _("%(reference)s with %(consultant)s, %(booked)s: the calendar has another entry then, %(entry)s.")
    told = {"reference": booking.reference, "consultant": booking.consultant.name}
    incidents.report(
        service.connection,
        CONFLICT,
        booking,
        said % {**told, "booked": told_span(booking.span), "entry": told_span(span)},
    )
