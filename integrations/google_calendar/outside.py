"""What somebody did to an entry of ours in their calendar, and what becomes of the booking.

By setting it is done here, too, or somebody is asked. We never fight: what was done there stays there until somebody
says that it shall be put back.
"""

from contextlib import suppress

from django.db import transaction
from django.utils import timezone

from bookings import actions
from bookings.actions.slots import locked
from bookings.errors import BookingError
from bookings.models import Booking
from bookings.models.booking import Answer, Problem, Status
from bookings.spans import Span
from integrations.models import ExternalRecord

from . import mapping
from .mapping import Json


@transaction.atomic
def hear(booking: Booking, record: ExternalRecord, event: Json, *, apply: bool) -> str:
    """Act on what an entry says that was not said by us; returns what it was: "", "deleted", "moved", "declined".

    Both the booking and the record are as they are now, afterwards. `event` is what the calendar said a moment ago: one
    that is older than what we wrote ourselves meanwhile says nothing.
    """
    locked(booking)
    record.refresh_from_db()
    if not is_awaited(booking) or is_old(record, event):
        return ""
    if mapping.is_deleted(event):
        return deleted(booking, record, apply=apply)
    is_back(booking, record)
    said = answered(booking, record, event)
    return moved(booking, record, event, apply=apply) or said


def is_news(booking: Booking, record: ExternalRecord, event: Json) -> bool:
    """Whether there may be something to hear, as far as these are up to date."""
    if mapping.is_deleted(event):
        return record.gone_at is None and mapping.DELETED not in written(record, "status")
    held, said = mapping.held(event), {name: record.sent.get(name) for name in mapping.WHEN}
    answer = mapping.answer_of(event, booking)
    return (
        record.gone_at is not None
        or booking.problem == Problem.MOVED_OUTSIDE
        or any(held[name] != said[name] for name in said)
        or (answer is not None and answer != booking.answer)
    )


def is_awaited(booking: Booking) -> bool:
    """What is over is nobody's concern: people tidy their calendars."""
    return booking.status == Status.CONFIRMED and booking.ends_at > timezone.now() and not booking.is_forgotten


def is_old(record: ExternalRecord, event: Json) -> bool:
    """Both are RFC 3339 in UTC with milliseconds, so that text tells which is later."""
    return str(event.get("updated", "~")) < str(record.told.get("updated", ""))


def written(record: ExternalRecord, name: str) -> set[str]:
    """What may stand there because we wrote it: the calls whose answers we have not are among it."""
    return {record.sent.get(name, ""), *record.sending.get(name, []), *record.overruled(name)}


# --- deleted ----------------------------------------------------------------------------------------------------------


def deleted(booking: Booking, record: ExternalRecord, *, apply: bool) -> str:
    if mapping.DELETED in written(record, "status"):
        return ""  # we know, and it is to be put back
    is_news = record.gone_at is None
    record.gone_at = record.gone_at or timezone.now()
    record.save(update_fields=["gone_at"])
    if apply and is_news and not is_moved_here(booking, record):
        actions.cancel(booking)
        return "deleted"
    return "deleted" if actions.note_problem(booking, Problem.DELETED_OUTSIDE, calendar=calendar_of(record)) else ""


def is_back(booking: Booking, record: ExternalRecord) -> None:
    """Out of the bin again."""
    if record.gone_at:
        record.gone_at = None
        record.save(update_fields=["gone_at"])
        if booking.problem == Problem.DELETED_OUTSIDE:
            actions.settle_problem(booking)


# --- moved ------------------------------------------------------------------------------------------------------------


def moved(booking: Booking, record: ExternalRecord, event: Json, *, apply: bool) -> str:
    held = mapping.held(event)
    ours = times(booking)
    if all(held[name] == ours[name] for name in ours):
        if booking.problem == Problem.MOVED_OUTSIDE:
            actions.settle_problem(booking)
        return ""
    if all(held[name] in written(record, name) for name in ours):
        return ""  # it is us who are ahead
    span = mapping.span_of(event)
    if apply and span and not is_moved_here(booking, record) and span.start > timezone.now() and follow(booking, span):
        return "moved"
    there = {"starts_at": span.start, "ends_at": span.end} if span else {}
    is_new = actions.note_problem(booking, Problem.MOVED_OUTSIDE, calendar=calendar_of(record), **there)
    return "moved" if is_new else ""


def follow(booking: Booking, span: Span) -> bool:
    """Meet when the calendar says; False where another booking is in the way."""
    with suppress(BookingError), transaction.atomic():
        actions.move(booking, span.start, length=span.end - span.start, lenient=True)
        return True
    booking.refresh_from_db()
    return False


# --- answered ---------------------------------------------------------------------------------------------------------


def answered(booking: Booking, record: ExternalRecord, event: Json) -> str:
    """A refusal cancels nothing by itself: somebody talks to the client. A weightier problem stays."""
    answer = mapping.answer_of(event, booking)
    if answer is None or answer == booking.answer:
        return ""
    actions.note_answer(booking, answer)
    if answer == Answer.DECLINED and not booking.problem:
        actions.note_problem(booking, Problem.DECLINED, calendar=calendar_of(record))
    elif booking.problem == Problem.DECLINED and not booking.unchecked:
        actions.settle_problem(booking)
    return answer


def times(booking: Booking) -> dict[str, str]:
    return {"starts_at": mapping.moment(booking.starts_at), "ends_at": mapping.moment(booking.ends_at)}


def is_moved_here(booking: Booking, record: ExternalRecord) -> bool:
    """And the calendar has not been told yet: whoever did something there knew the former time only."""
    return any(record.sent.get(name) != ours for name, ours in times(booking).items())


def calendar_of(record: ExternalRecord) -> str:
    return str(record.told.get("calendar", ""))
