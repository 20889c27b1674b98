"""From rows to rules: what decides when consultants may be booked, in as many queries for ten of them as for one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

import holidays
from django.db.models import Model

from bookings.availability import Calendar, Rules, Taken
from bookings.hours import Hours
from bookings.models import Booking, BusyInterval, Consultant, TimeOff, WorkingHours
from bookings.models.booking import ACTIVE
from bookings.spans import Span
from leads.clocks import DAY

WEEK = 7 * DAY  # limits count whole weeks, so that is how far around the days in question we look
M = TypeVar("M", bound=Model)


def calendars(
    consultants: Sequence[Consultant],
    length: timedelta,
    now: datetime,
    *,
    start: datetime,
    end: datetime,
    without: Booking | None = None,
) -> dict[int, Calendar]:
    """By the consultants' ids: what each can offer between these moments; `without` is a booking that may go."""
    around = start - WEEK - DAY, end + WEEK + DAY
    # Whoever is not to be booked any more works at no time; meetings that were agreed before stay.
    hours = grouped(WorkingHours.objects.filter(consultant__in=[each for each in consultants if each.active]))
    off = grouped(TimeOff.objects.filter(consultant__in=consultants, starts_at__lt=around[1], ends_at__gt=around[0]))
    taken = grouped(active(consultants, now, around, without))
    busy = grouped(busy_of(consultants, around), key="calendar__consultant_id")
    return {
        consultant.pk: Calendar(
            Rules(
                zone=consultant.zone_info,
                hours=[Hours(row.weekday, row.start, row.end) for row in hours[consultant.pk]],
                holidays=holidays_of(consultant.holidays, around[0].year, around[1].year),
                time_off=[Span(row.starts_at, row.ends_at) for row in off[consultant.pk]],
                taken=[Taken(row.span, Span(row.blocked.lower, row.blocked.upper)) for row in taken[consultant.pk]],
                busy=[Span(row.starts_at, row.ends_at) for row in busy[consultant.pk]],
                before=consultant.before,
                after=consultant.after,
                notice=timedelta(hours=consultant.notice_hours),
                horizon=timedelta(days=consultant.horizon_days),
                per_day=consultant.per_day,
                per_week=consultant.per_week,
                step=timedelta(minutes=consultant.step_minutes),
            ),
            length,
            now,
        )
        for consultant in consultants
    }


def active(
    consultants: Sequence[Consultant], now: datetime, around: tuple[datetime, datetime], without: Booking | None
) -> Iterable[Booking]:
    """What keeps others out; a slot whose hold is over does not."""
    rows = Booking.objects.filter(consultant__in=consultants, status__in=ACTIVE, blocked__overlap=around)
    rows = rows.exclude(held_until__lte=now)
    return rows.exclude(pk=without.pk) if without else rows


def busy_of(consultants: Sequence[Consultant], around: tuple[datetime, datetime]) -> Iterable[BusyInterval]:
    """What is known, also of a calendar that cannot be read just now: it is most likely still so."""
    rows = BusyInterval.objects.filter(calendar__consultant__in=consultants)
    return rows.filter(starts_at__lt=around[1], ends_at__gt=around[0]).select_related("calendar")


def grouped(rows: Iterable[M], *, key: str = "consultant_id") -> dict[int, list[M]]:
    found: dict[int, list[M]] = defaultdict(list)
    for row in rows:
        owner = row
        *path, last = key.split("__")
        for step in path:
            owner = getattr(owner, step)
        found[getattr(owner, last)].append(row)
    return found


@lru_cache(maxsize=256)
def holidays_of(place: str, first: int, last: int) -> frozenset[date]:
    """Of a country ("DE") or a part of one ("DE-BE") in these years, the last one included."""
    if not place:
        return frozenset()
    country, _dash, part = place.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=range(first, last + 1)))
