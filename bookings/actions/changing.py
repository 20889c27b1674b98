"""What becomes of a booking."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from bookings.actions.slots import expect, locked, must_be_free, occupy
from bookings.errors import TooLate
from bookings.models import Booking
from bookings.models.booking import DETAILS, OPEN, Status
from bookings.signals import bookings_cancelled, bookings_changed, bookings_confirmed, bookings_moved

# The address is none of them: with it, letters would go to whom nobody asked.
EDITABLE = frozenset(DETAILS) - {"email"}


@transaction.atomic
def confirm(booking: Booking) -> None:
    """Agree to a meeting that was asked for; its time has been kept since. Raises `ImpossibleMove`."""
    expect(locked(booking), {Status.PENDING})
    booking.confirmed_at = timezone.now()
    turn(booking, Status.CONFIRMED, "confirmed_at")
    bookings_confirmed.send(sender=Booking, bookings=[booking])


@transaction.atomic
def move(
    booking: Booking,
    start: datetime,
    *,
    length: timedelta | None = None,
    unchecked: bool = False,
    lenient: bool = False,
) -> None:
    """Meet at another time, for as long as before unless told otherwise; says nothing where it is the same.

    Raises `SlotTaken`, `ImpossibleMove`.
    """
    expect(locked(booking), OPEN)
    before, length = booking.starts_at, length or booking.length
    if (start, length) == (before, booking.length):
        return
    must_be_free(booking.consultant, start, length, without=booking, lenient=lenient)
    occupy(booking, start.astimezone(UTC), length)
    booking.moved_at, booking.unchecked = timezone.now(), unchecked
    booking.problem, booking.problem_details = "", {}  # it was one of the former time
    booking.sequence += 1
    also = ["moved_at", "unchecked", "problem", "problem_details", "sequence", "updated_at"]
    booking.save(update_fields=["starts_at", "ends_at", "blocked", *also])
    bookings_moved.send(sender=Booking, bookings=[booking], before=before)


@transaction.atomic
def cancel(booking: Booking) -> None:
    """It does not take place; its time is free again. Raises `ImpossibleMove`."""
    expect(locked(booking), OPEN)
    booking.sequence += 1
    end(booking, Status.CANCELLED, "sequence")
    bookings_cancelled.send(sender=Booking, bookings=[booking])


@transaction.atomic
def change_details(booking: Booking, details: Mapping[str, str]) -> bool:
    """Correct what the client told; says whether anything is different now. Raises `ImpossibleMove`."""
    if unknown := details.keys() - EDITABLE:
        raise ValueError(f"Not to be changed: {', '.join(sorted(unknown))}")
    expect(locked(booking), OPEN)
    changed = [field for field, value in details.items() if getattr(booking, field) != value]
    if not changed or booking.is_forgotten:
        return False
    for field in changed:
        setattr(booking, field, details[field])
    booking.sequence += 1  # calendars show who comes, and what they want
    booking.save(update_fields=[*changed, "sequence", "updated_at"])
    bookings_changed.send(sender=Booking, bookings=[booking])
    return True


@transaction.atomic
def complete(booking: Booking) -> None:
    """It took place. Raises `ImpossibleMove`."""
    expect(locked(booking), {Status.CONFIRMED, Status.NO_SHOW})
    end(booking, Status.COMPLETED)


@transaction.atomic
def mark_no_show(booking: Booking) -> None:
    """The client did not come. Raises `ImpossibleMove`."""
    expect(locked(booking), {Status.CONFIRMED, Status.COMPLETED})
    end(booking, Status.NO_SHOW)


def must_be_in_time(booking: Booking) -> None:
    """Clients keep to the consultant's notice. Raises `TooLate`."""
    if timezone.now() > booking.changeable_until:
        raise TooLate


def turn(booking: Booking, status: Status, *also: str) -> None:
    booking.status = status
    booking.save(update_fields=["status", *also, "updated_at"])


def end(booking: Booking, status: Status, *also: str) -> None:
    """Whatever somebody had to decide about it, nobody has to any more."""
    booking.problem, booking.problem_details = "", {}
    turn(booking, status, "problem", "problem_details", *also)
