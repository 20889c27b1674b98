"""What stands in consultants' days, for operators to look at: in as many queries for ten consultants as for one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import holidays
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from bookings import rules
from bookings.availability import Calendar
from bookings.models import Booking, BusyInterval, Consultant, TimeOff
from bookings.models.booking import ACTIVE, OPEN, Status
from bookings.rules import busy_of, grouped
from bookings.spans import Span, Spans
from leads.clocks import DAY

SHOWN = ACTIVE | {Status.COMPLETED, Status.NO_SHOW}


class Kind(StrEnum):
    BOOKING = "booking"
    HELD = "held"
    BUSY = "busy"
    OFF = "off"


@dataclass(frozen=True)
class Entry:
    """`span` is within its day; `row` is what it is of, where that is one row."""

    kind: Kind
    span: Span
    row: Booking | TimeOff | None = None


@dataclass(frozen=True)
class Day:
    """One day of one consultant, from `span.start` to `span.end` by the clock of `zone`."""

    consultant: Consultant
    day: date
    zone: ZoneInfo
    span: Span
    working: Sequence[Span]
    holiday: str
    entries: Sequence[Entry]
    free: frozenset[datetime]  # a meeting that begins then is offered

    def minute(self, moment: datetime) -> int:
        """Of the day, as the clock on the wall shows it; 1440 is its end."""
        local = moment.astimezone(self.zone)
        if local.date() != self.day:
            return 0 if local.date() < self.day else 24 * 60
        return local.hour * 60 + local.minute

    def moment(self, minute: int) -> datetime | None:
        """When the clock shows that, for the first time; None where it never does. UTC."""
        wall = datetime.combine(self.day, time(minute // 60, minute % 60), self.zone)
        moment = wall.astimezone(UTC)
        return moment if moment.astimezone(self.zone).replace(tzinfo=None) == wall.replace(tzinfo=None) else None


def at_work() -> QuerySet[Consultant]:
    """Whoever can be booked, or still has somebody to meet."""
    awaited = Booking.objects.filter(consultant=OuterRef("pk"), status__in=OPEN, ends_at__gt=timezone.now())
    return Consultant.objects.filter(Q(active=True) | Exists(awaited))


def days_of(
    consultants: Sequence[Consultant],
    days: Sequence[date],
    length: timedelta,
    now: datetime,
    *,
    zone: ZoneInfo | None = None,
) -> dict[int, list[Day]]:
    """By the consultants' ids; each by their own clock, or all by that of `zone`."""
    start = datetime.combine(days[0], time.min, UTC) - DAY
    end = datetime.combine(days[-1], time.min, UTC) + 2 * DAY
    calendars = rules.calendars(consultants, length, now, start=start, end=end)
    entries = entries_between(consultants, now, start, end)
    return {
        each.pk: [day_of(each, day, zone or each.zone_info, calendars[each.pk], entries[each.pk]) for day in days]
        for each in consultants
    }


def day_of(consultant: Consultant, day: date, zone: ZoneInfo, calendar: Calendar, entries: Sequence[Entry]) -> Day:
    start, end = (datetime.combine(each, time.min, zone).astimezone(UTC) for each in (day, day + DAY))
    return Day(
        consultant=consultant,
        day=day,
        zone=zone,
        span=Span(start, end),
        working=list(worked(calendar, start, end)),
        holiday=holiday_on(consultant, day),
        entries=[
            Entry(each.kind, clipped(each.span, start, end), each.row) for each in entries if touches(each, start, end)
        ],
        free=frozenset(each.start for each in calendar.slots(start, end)),
    )


def worked(calendar: Calendar, start: datetime, end: datetime) -> Iterable[Span]:
    """Also what a clock elsewhere shows as the day before or after; no holidays."""
    local = start.astimezone(calendar.rules.zone).date()
    days = (local + number * DAY for number in (-1, 0, 1, 2))
    stretches = (span for day in days if day not in calendar.rules.holidays for span in calendar.working(day))
    return (clipped(span, start, end) for span in Spans(stretches).merged if span.start < end and start < span.end)


def clipped(span: Span, start: datetime, end: datetime) -> Span:
    return Span(max(span.start, start), min(span.end, end))


def touches(entry: Entry, start: datetime, end: datetime) -> bool:
    return entry.span.start < end and start < entry.span.end


def entries_between(
    consultants: Sequence[Consultant], now: datetime, start: datetime, end: datetime
) -> dict[int, list[Entry]]:
    """In time's order. Busy times of several calendars are one where they overlap; holds that are over are left out."""
    within = Q(starts_at__lt=end, ends_at__gt=start, consultant__in=consultants)
    booked = grouped(Booking.objects.filter(within, status__in=SHOWN).exclude(held_until__lte=now))
    off = grouped(TimeOff.objects.filter(within))
    busy: dict[int, list[BusyInterval]] = grouped(busy_of(consultants, (start, end)), key="calendar__consultant_id")
    return {
        each.pk: sorted(
            [
                *(Entry(Kind.OFF, Span(row.starts_at, row.ends_at), row) for row in off[each.pk]),
                *(Entry(Kind.BUSY, span) for span in Spans(Span(r.starts_at, r.ends_at) for r in busy[each.pk]).merged),
                *(Entry(kind_of(row), row.span, row) for row in booked[each.pk]),
            ],
            key=lambda entry: entry.span,
        )
        for each in consultants
    }


def kind_of(booking: Booking) -> Kind:
    return Kind.HELD if booking.status == Status.HELD else Kind.BOOKING


def holiday_on(consultant: Consultant, day: date) -> str:
    """Its name in the reader's language, where the consultant does not work on that one; "" on all other days."""
    if not consultant.holidays:
        return ""
    country, _dash, part = consultant.holidays.partition("-")
    named = holidays.country_holidays(country, subdiv=part or None, years=day.year, language=get_language())
    return str(named.get(day, ""))
