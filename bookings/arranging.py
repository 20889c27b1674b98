"""From a wish to a meeting: the outside calendars are asked first, outside of any transaction, then our own."""

from datetime import datetime, timedelta

from bookings import actions
from bookings.actions import Client
from bookings.availability import Objection, Reason
from bookings.errors import CalendarSilent, SlotTaken
from bookings.models import Booking, Consultant
from bookings.ports import Answer, OnUnknown, calendars
from bookings.spans import Span


def arrange(
    consultant: Consultant,
    start: datetime,
    minutes: int,
    client: Client,
    *,
    held: Booking | None = None,
    lenient: bool = False,
) -> Booking:
    """A meeting, or a request for one where nobody could check the calendar and the settings want it so.

    `lenient` is for operators, who know better than all rules but one: no two bookings at once.
    Raises `SlotTaken`, `NotOffered`, `CalendarSilent`.
    """
    answer = checked(consultant, Span(start, start + timedelta(minutes=minutes)), lenient=lenient)
    unchecked = answer == Answer.UNKNOWN
    pending = unchecked and not lenient and calendars().on_unknown == OnUnknown.PENDING
    return actions.book(
        consultant, start, minutes, client, held=held, unchecked=unchecked, pending=pending, lenient=lenient
    )


def rearrange(booking: Booking, start: datetime, *, lenient: bool = False) -> None:
    """Meet at another time. Raises `SlotTaken`, `CalendarSilent`, `ImpossibleMove`."""
    span = Span(start, start + booking.length)
    answer = checked(booking.consultant, span, without=booking, lenient=lenient)
    actions.move(booking, start, unchecked=answer == Answer.UNKNOWN, lenient=lenient)


def checked(consultant: Consultant, span: Span, *, without: Booking | None = None, lenient: bool) -> Answer:
    """What the calendars say, where that lets us go on."""
    port = calendars()
    answer = port.ask(consultant, span, without=without)
    if answer == Answer.BUSY and not lenient:
        raise SlotTaken(Objection(Reason.BUSY, span))
    if answer == Answer.UNKNOWN and not lenient and port.on_unknown == OnUnknown.REFUSE:
        raise CalendarSilent
    return answer
