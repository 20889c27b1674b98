"""Whether a time is free: asked under the lock of the consultant only."""

from collections.abc import Container
from datetime import datetime, timedelta

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from bookings.errors import ImpossibleMove, SlotTaken
from bookings.models import Booking, Consultant
from bookings.models.booking import Status
from bookings.rules import calendars
from bookings.spans import Span
from leads.models import Lead

HOLD = timedelta(minutes=5)  # for filling in the form


def lock(consultant: Consultant) -> Consultant:
    """This object as its row is now, locked until the transaction ends."""
    row = Consultant.objects.select_for_update(no_key=True).get(pk=consultant.pk)
    for field in Consultant._meta.concrete_fields:
        setattr(consultant, field.attname, getattr(row, field.attname))
    return consultant


def locked(booking: Booking) -> Booking:
    """This object as its row is now, under the lock of its consultant.

    The client's lead is locked before, as by whoever books and whoever forgets people: outside, leads are told of what
    became of their bookings, and who booked once more may be telling of the same one just now.
    """
    if booking.lead_id:
        list(Lead.objects.filter(pk=booking.lead_id).select_for_update(no_key=True))
    consultant = lock(booking.consultant)
    booking.refresh_from_db()
    booking.consultant = consultant
    return booking


def must_be_free(
    consultant: Consultant, start: datetime, length: timedelta, *, without: Booking | None = None, lenient: bool = False
) -> None:
    """Raise `SlotTaken` where it is not offered. Holds that are over make room.

    `lenient` is for operators, who know better than all rules but one: no two bookings at once.
    """
    now = timezone.now()
    Booking.objects.filter(consultant=consultant, status=Status.HELD, held_until__lte=now).delete()
    calendar = calendars([consultant], length, now, start=start, end=start + length, without=without)[consultant.pk]
    objection = calendar.booked(start, start + length) if lenient else calendar.why_not(start)
    if objection:
        raise SlotTaken(objection)


def occupy(booking: Booking, start: datetime, length: timedelta) -> None:
    """Put it there; saving is up to the caller."""
    span = Span(start, start + length)
    around = span.widened(booking.consultant.before, booking.consultant.after)
    booking.starts_at, booking.ends_at = span.start, span.end
    booking.blocked = DateTimeTZRange(around.start, around.end)


def expect(booking: Booking, allowed: Container[str]) -> None:
    """Raise `ImpossibleMove` unless it is in one of these states."""
    if booking.status not in allowed:
        raise ImpossibleMove(booking.get_status_display())
