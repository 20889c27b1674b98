"""When which letter about a booking is promised; `receivers` says to whom.

All are promised for one start: whoever moves the booking makes them obsolete.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from bookings.models import Booking, ReminderRule
from bookings.models.booking import Status
from bookings.models.consultant import MeetingType
from bookings.ports import calendars
from integrations import outbox
from integrations.service import Operation

from .letters.bookings import link_digest, of_start

LINK_WITHIN = timedelta(minutes=5)  # so long does a confirmation wait for the link of its video meeting

Letters = Sequence[Operation[Any, Booking]]


def once(letters: Letters, bookings: Iterable[Booking]) -> None:
    for booking in bookings:
        promise(letters, booking, of_start(0, booking))


def agreed(
    to_client: Operation[Any, Booking], to_consultant: Operation[Any, Booking], bookings: Iterable[Booking]
) -> None:
    """The client's waits for the link where there will be one; the consultant finds it in the calendar."""
    for booking in bookings:
        promise([to_client], booking, of_start(0, booking), due_at=due_at(booking))
        promise([to_consultant], booking, of_start(0, booking))


def moved(letters: Letters, requests: Letters, bookings: Iterable[Booking], before: datetime) -> None:
    """`requests` where nobody has agreed to it yet."""
    for booking in bookings:
        promised = letters if booking.status == Status.CONFIRMED else requests
        promise(promised, booking, of_start(booking.sequence, booking, before))


def of_link(letter: Operation[Any, Booking], others: Letters, bookings: Iterable[Booking]) -> None:
    """To whom one of the others went out without; of these, what waits yet will have it, and need wait no longer."""
    known = [booking for booking in bookings if booking.status == Status.CONFIRMED]
    waiting = outbox.hurry(others, known)
    for booking in known:
        if booking.pk not in waiting:
            promise([letter], booking, link_digest(booking))


def reminders(letters: Letters, bookings: Iterable[Booking], rule: ReminderRule) -> None:
    for booking in bookings:
        occasion = of_start(int(rule.before.total_seconds()), booking)
        promise(letters, booking, occasion, until=booking.starts_at)


def promise(
    letters: Letters, booking: Booking, occasion: str, *, due_at: datetime | None = None, until: datetime | None = None
) -> None:
    for letter in letters:
        outbox.once(letter, booking, occasion, due_at=due_at, expires_at=until or booking.ends_at)


def due_at(booking: Booking) -> datetime | None:
    comes = booking.meeting_type == MeetingType.VIDEO and not booking.meeting_url
    return timezone.now() + LINK_WITHIN if comes and calendars().makes_links(booking.consultant) else None
