"""What others tell us of our bookings, who see them in their own calendars. Each may be said again without harm."""

from datetime import datetime

from django.db import transaction

from bookings.actions.changing import cancel, move
from bookings.actions.slots import expect, locked
from bookings.errors import NoNewTime
from bookings.models import Booking
from bookings.models.booking import OPEN, Answer, Problem
from bookings.signals import bookings_put_back, bookings_troubled, meeting_links_known


@transaction.atomic
def mark_checked(booking: Booking) -> None:
    """The calendar answered at last, and there is nothing in the way."""
    if locked(booking).unchecked:
        booking.unchecked = False
        booking.save(update_fields=["unchecked", "updated_at"])


@transaction.atomic
def note_problem(
    booking: Booking,
    problem: Problem,
    *,
    calendar: str = "",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> bool:
    """Somebody must decide; `starts_at` and `ends_at` are those of what is in the way, or where it was moved to.

    False where it is known, or over already.
    """
    details = {"calendar": calendar, "starts_at": iso(starts_at), "ends_at": iso(ends_at)}
    if locked(booking).status not in OPEN or (booking.problem, booking.problem_details) == (problem, details):
        return False
    booking.problem, booking.problem_details = problem, details
    booking.save(update_fields=["problem", "problem_details", "updated_at"])
    bookings_troubled.send(sender=Booking, bookings=[booking])
    return True


@transaction.atomic
def settle_problem(booking: Booking) -> None:
    """Somebody decided. What they knew, they know: the calendar counts as checked."""
    locked(booking)
    booking.problem, booking.problem_details, booking.unchecked = "", {}, False
    booking.save(update_fields=["problem", "problem_details", "unchecked", "updated_at"])


@transaction.atomic
def take_over(booking: Booking) -> None:
    """Do here what was done in the calendar: move it, or cancel it. No rule keeps it out, only another booking.

    Raises `SlotTaken`, `ImpossibleMove`, and `NoNewTime` where the calendar has no time for it.
    """
    match locked(booking).problem:
        case Problem.DELETED_OUTSIDE | Problem.DECLINED:
            cancel(booking)
        case Problem.MOVED_OUTSIDE:
            start, end = (moment(booking.problem_details.get(name)) for name in ("starts_at", "ends_at"))
            if start is None or end is None:
                raise NoNewTime
            move(booking, start, length=end - start, lenient=True)
    settle_problem(booking)


@transaction.atomic
def put_back(booking: Booking) -> None:
    """What we agreed stands: the calendar is to show it again, whatever was done there. Raises `ImpossibleMove`."""
    expect(locked(booking), OPEN)
    settle_problem(booking)
    bookings_put_back.send(sender=Booking, bookings=[booking])


@transaction.atomic
def note_answer(booking: Booking, answer: Answer | str) -> None:
    """What the client answered to the invitation; "" takes it back."""
    if locked(booking).answer != answer:
        booking.answer = str(answer)
        booking.save(update_fields=["answer", "updated_at"])


@transaction.atomic
def note_meeting_url(booking: Booking, url: str) -> None:
    """Where they meet."""
    if locked(booking).meeting_url == url or booking.is_forgotten:
        return
    booking.meeting_url = url
    booking.save(update_fields=["meeting_url", "updated_at"])
    if url and booking.status in OPEN:
        meeting_links_known.send(sender=Booking, bookings=[booking])


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
