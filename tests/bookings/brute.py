"""Slots found minute by minute, as slow and as plain as can be: what the engine is compared with."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import accumulate

from bookings.availability import Rules
from bookings.spans import Span

MINUTE = timedelta(minutes=1)


def minutes(start: datetime, end: datetime) -> list[datetime]:
    return [start + number * MINUTE for number in range((end - start) // MINUTE)]


def slots(rules: Rules, length: timedelta, now: datetime, start: datetime, end: datetime) -> list[datetime]:
    """The beginnings between these moments, which are UTC and whole minutes."""
    about = minutes(start - timedelta(days=1), end + timedelta(days=1))
    local = [minute.astimezone(rules.zone) for minute in about]
    at_work = [works(rules, each) for each in local]
    idle = counted(not each for each in at_work)
    off = counted(map(covered(rules.time_off).__contains__, about))
    kept_empty = counted(map(covered([*rules.busy, *(each.blocked for each in rules.taken)]).__contains__, about))
    long, before, after, step = (each // MINUTE for each in (length, rules.before, rules.after, rules.step))
    found = []
    for index in range(about.index(start), about.index(end - MINUTE) + 1):
        beginning = about[index]
        if (
            now + rules.notice <= beginning <= now + rules.horizon
            and idle[index + long] == idle[index]
            and minutes_since_work_began(index, at_work, local) % step == 0
            and off[index + long] == off[index]
            and kept_empty[index + long + after] == kept_empty[index - before]
            and has_room(rules, local[index].date())
        ):
            found.append(beginning)
    return found


def counted(minutes: Iterable[bool]) -> list[int]:
    """For each minute: how many before it are so."""
    return [0, *accumulate(map(int, minutes))]


def works(rules: Rules, local: datetime) -> bool:
    clock = local.time()
    return local.date() not in rules.holidays and any(
        each.weekday == local.weekday() and each.start <= clock and (clock < each.end or each.end == time.min)
        for each in rules.hours
    )


def minutes_since_work_began(index: int, at_work: list[bool], local: list[datetime]) -> int:
    """Counted from the first minute of this stretch of work, within the day."""
    first = index
    while at_work[first - 1] and local[first - 1].date() == local[index].date():
        first -= 1
    return index - first


def covered(spans: list[Span] | tuple[Span, ...]) -> set[datetime]:
    return {minute for span in spans for minute in minutes(span.start, span.end)}


def has_room(rules: Rules, day: date) -> bool:
    days = [each.span.start.astimezone(rules.zone).date() for each in rules.taken]
    week = [each for each in days if each.isocalendar()[:2] == day.isocalendar()[:2]]
    return (rules.per_day is None or days.count(day) < rules.per_day) and (
        rules.per_week is None or len(week) < rules.per_week
    )
