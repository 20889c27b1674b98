"""Which hours are offered, and why the others are not: a pure function over aware times. Nobody is asked here.

A slot is a beginning for which `Calendar.why_not` has nothing to say.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.hours import Hours, working
from bookings.spans import Span, Spans
from leads.clocks import DAY


class Reason(models.TextChoices):
    """Why nobody may book at a moment; the first that applies is told."""

    TOO_SOON = "too_soon", _("It is over, or too soon: the consultant wants more notice.")
    TOO_FAR = "too_far", _("It is further ahead than bookings are taken.")
    HOLIDAY = "holiday", _("It is a public holiday where the consultant works.")
    NOT_WORKING = "not_working", _("The consultant does not work then, or not for long enough.")
    BETWEEN = "between", _("Meetings do not begin at this minute.")
    TIME_OFF = "time_off", _("The consultant has time off.")
    BOOKED = "booked", _("It is too near to another booking, or at the same time.")
    BUSY = "busy", _("It is too near to an entry in the consultant's calendar, or at the same time.")
    DAY_FULL = "day_full", _("The consultant has as many bookings that day as they take.")
    WEEK_FULL = "week_full", _("The consultant has as many bookings that week as they take.")


@dataclass(frozen=True, slots=True)
class Objection:
    """Why not; `span` is what is in the way, where something is."""

    reason: Reason
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A booking: when it is, and the time around it that must stay empty, too."""

    span: Span
    blocked: Span


@dataclass(frozen=True, kw_only=True)
class Rules:
    """All that decides when one consultant may be booked. Moments are aware, days are those of `zone`."""

    zone: ZoneInfo
    hours: Sequence[Hours]
    holidays: frozenset[date] = frozenset()
    time_off: Sequence[Span] = ()
    taken: Sequence[Taken] = ()
    busy: Sequence[Span] = ()
    before: timedelta = timedelta(0)  # kept empty before a meeting
    after: timedelta = timedelta(0)
    notice: timedelta = timedelta(0)
    horizon: timedelta = timedelta(days=60)
    per_day: int | None = None
    per_week: int | None = None
    step: timedelta = timedelta(minutes=30)  # meetings begin that far from one another, counted from when work begins


@dataclass(frozen=True)
class Calendar:
    """What one consultant can offer `now`, for meetings of one length."""

    rules: Rules
    length: timedelta
    now: datetime
    days: dict[date, list[Span]] = field(default_factory=dict)  # the working time of each day that was looked at

    def slots(self, start: datetime, end: datetime) -> Iterator[Span]:
        """What may be booked and begins between these moments, in order."""
        first = max(start, self.earliest).astimezone(self.rules.zone).date()
        last = min(end, self.latest).astimezone(self.rules.zone).date()
        for number in range((last - first).days + 1):
            day = first + number * DAY
            if not self.full(day):  # there is nothing to look for
                yield from (each for each in self.slots_on(day) if start <= each.start < end)

    def slots_on(self, day: date) -> Iterator[Span]:
        """Exactly the beginnings that `why_not` says nothing about, without asking it about what holds for all."""
        if day in self.rules.holidays or self.full(day):
            return
        for stretch in self.working(day):
            start, until = stretch.start, stretch.end
            while start < until:
                end = start + self.length
                lasts = end <= until or self.goes_on(stretch, end, day)
                if lasts and self.earliest <= start <= self.latest and not self.unavailable.overlapping(start, end):
                    yield Span(start, end)
                start += self.rules.step

    def why_not(self, start: datetime) -> Objection | None:
        """None where a meeting that begins then is offered."""
        start = start.astimezone(UTC)
        end, day = start + self.length, start.astimezone(self.rules.zone).date()
        if start < self.earliest:
            return Objection(Reason.TOO_SOON)
        if start > self.latest:
            return Objection(Reason.TOO_FAR)
        return self.not_at_work(start, end, day) or self.occupied(start, end) or self.full(day)

    def not_at_work(self, start: datetime, end: datetime, day: date) -> Objection | None:
        if day in self.rules.holidays:
            return Objection(Reason.HOLIDAY)
        stretch = next((each for each in self.working(day) if each.start <= start < each.end), None)
        if stretch is None or not (end <= stretch.end or self.goes_on(stretch, end, day)):
            return Objection(Reason.NOT_WORKING)
        if (start - stretch.start) % self.rules.step:
            return Objection(Reason.BETWEEN, stretch)
        return None

    def occupied(self, start: datetime, end: datetime) -> Objection | None:
        """Meetings keep their distance from one another only: one may begin right after time off."""
        if self.unavailable.overlapping(start, end) is None:
            return None
        if off := self.time_off.overlapping(start, end):
            return Objection(Reason.TIME_OFF, off)
        if booked := self.booked(start, end):
            return booked
        if busy := self.busy.overlapping(start - self.rules.before, end + self.rules.after):
            return Objection(Reason.BUSY, busy)
        return None

    def booked(self, start: datetime, end: datetime) -> Objection | None:
        span = self.blocked.overlapping(start - self.rules.before, end + self.rules.after)
        return Objection(Reason.BOOKED, span) if span else None

    def full(self, day: date) -> Objection | None:
        rules = self.rules
        if rules.per_day is not None and self.per_day[day] >= rules.per_day:
            return Objection(Reason.DAY_FULL)
        if rules.per_week is not None and self.per_week[monday(day)] >= rules.per_week:
            return Objection(Reason.WEEK_FULL)
        return None

    def goes_on(self, stretch: Span, end: datetime, day: date) -> bool:
        """Whether work goes on over midnight, into a day that is no holiday, for long enough."""
        tomorrow = self.working(day + DAY)
        if day + DAY in self.rules.holidays or not tomorrow or tomorrow[0].start > stretch.end:
            return False
        return Spans([stretch, *tomorrow]).cover(stretch.start, end)

    def working(self, day: date) -> list[Span]:
        if day not in self.days:
            self.days[day] = working(self.rules.zone, self.rules.hours, day)
        return self.days[day]

    @cached_property
    def earliest(self) -> datetime:
        return self.now + self.rules.notice

    @cached_property
    def latest(self) -> datetime:
        return self.now + self.rules.horizon

    @cached_property
    def unavailable(self) -> Spans:
        """All that is in the way of a meeting itself; most slots are free, and this one look tells."""
        rules = self.rules
        meetings = (*rules.busy, *(each.blocked for each in rules.taken))
        return Spans([*rules.time_off, *(each.widened(rules.after, rules.before) for each in meetings)])

    @cached_property
    def time_off(self) -> Spans:
        return Spans(self.rules.time_off)

    @cached_property
    def blocked(self) -> Spans:
        return Spans(each.blocked for each in self.rules.taken)

    @cached_property
    def busy(self) -> Spans:
        return Spans(self.rules.busy)

    @cached_property
    def per_day(self) -> Counter[date]:
        return Counter(each.span.start.astimezone(self.rules.zone).date() for each in self.rules.taken)

    @cached_property
    def per_week(self) -> Counter[date]:
        counted: Counter[date] = Counter()
        for day, number in self.per_day.items():
            counted[monday(day)] += number
        return counted


def monday(day: date) -> date:
    """That of the day's week."""
    return day - day.weekday() * DAY
