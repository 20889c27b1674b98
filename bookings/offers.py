"""Times that can be booked, of one consultant or of whoever is free."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from bookings import actions, rules
from bookings.errors import BookingError
from bookings.models import Booking, Consultant
from bookings.spans import Span
from leads.clocks import DAY


@dataclass(frozen=True, slots=True)
class Offer:
    """A time, and who has it free."""

    span: Span
    consultants: tuple[Consultant, ...]

    @property
    def start(self) -> datetime:
        return self.span.start


class Offers:
    """What these consultants offer from `now` on, as far ahead as any of them takes bookings. Four queries.

    `length` is that of the meeting; without one, each offers their shortest. `without` is a booking that may go.
    """

    def __init__(
        self,
        consultants: Sequence[Consultant],
        length: timedelta | None,
        now: datetime,
        *,
        without: Booking | None = None,
    ) -> None:
        self.consultants, self.now = consultants, now
        self.end = now + max((timedelta(days=each.horizon_days) for each in consultants), default=DAY) + DAY
        made = rules.calendars(consultants, length or DAY, now, start=now, end=self.end, without=without)
        self.calendars = {
            each.pk: made[each.pk] if length else replace(made[each.pk], length=shortest(each)) for each in consultants
        }

    def between(self, start: datetime, end: datetime) -> list[Offer]:
        """What begins between these moments, in order."""
        free: dict[Span, list[Consultant]] = defaultdict(list)
        for each in self.consultants:
            for span in self.calendars[each.pk].slots(start, end):
                free[span].append(each)
        return [Offer(span, tuple(free[span])) for span in sorted(free)]

    def at(self, start: datetime) -> list[Consultant]:
        """Who is free then."""
        return [each for each in self.consultants if self.calendars[each.pk].why_not(start) is None]

    def first(self, start: datetime | None = None) -> Offer | None:
        """The next one from then on."""
        found = [span for _consultant, span in self.firsts(start)]
        return self.between(min(found).start, min(found).start + timedelta(seconds=1))[0] if found else None

    def firsts(self, start: datetime | None = None) -> Iterator[tuple[Consultant, Span]]:
        """Of everybody who has one."""
        for each in self.consultants:
            if span := next(self.calendars[each.pk].slots(start or self.now, self.end), None):
                yield each, span

    def near(self, moment: datetime, count: int) -> list[Offer]:
        """Those that are nearest to it, in order."""
        around = self.between(max(moment - 7 * DAY, self.now), moment + 7 * DAY)
        chosen = sorted(around, key=lambda offer: abs(offer.start - moment))[:count]
        return sorted(chosen, key=lambda offer: offer.start)


def shortest(consultant: Consultant) -> timedelta:
    return timedelta(minutes=min(consultant.minutes))


def hold_one(consultants: Sequence[Consultant], start: datetime, minutes: int) -> Booking:
    """Hold that time of whoever is free and whose turn it is. Raises what `actions.hold` does, of the last one."""
    able = [each for each in consultants if minutes in each.minutes]
    free = Offers(able, timedelta(minutes=minutes), timezone.now()).at(start)
    *others, last = actions.in_turn(free or consultants)
    for each in others:
        try:
            return actions.hold(each, start, minutes)
        except BookingError:
            continue
    return actions.hold(last, start, minutes)
