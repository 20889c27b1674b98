"""Calls and deliveries over time, added up from hourly rows: what it costs does not grow with the log."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from . import durations
from .models import HourlyLoad, HourlyStat

HOUR = timedelta(hours=1)


class Period(NamedTuple):
    """So many hours up to now, seen in steps; `step` gives the start, in local time, of the one that an hour is in."""

    label: Promise | str
    hours: int
    step: Callable[[datetime], datetime]


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def quarter_of(at: datetime) -> datetime:
    """Of a day."""
    return hour_of(at).replace(hour=at.hour // 6 * 6)


def day_of(at: datetime) -> datetime:
    return hour_of(at).replace(hour=0)


PERIODS = {
    "day": Period(gettext_lazy("24 hours"), 24, hour_of),
    "week": Period(gettext_lazy("7 days"), 7 * 24, quarter_of),
    "month": Period(gettext_lazy("30 days"), 30 * 24, day_of),
}


@dataclass
class Step:
    """What happened from `at` on. `waiting` and `dead` are the most that were seen at once; times in milliseconds."""

    at: datetime
    calls: int = 0
    errors: int = 0
    took: Sequence[int] = field(default_factory=durations.none)
    delivered: int = 0
    waiting: int = 0
    dead: int = 0

    @property
    def p95(self) -> int | None:
        return durations.percentile(self.took)

    def add(self, calls: int, errors: int, took: Sequence[int]) -> None:
        self.calls += calls
        self.errors += errors
        self.took = durations.added(self.took, took)

    def see(self, load: HourlyLoad) -> None:
        self.delivered += load.delivered
        self.waiting = max(self.waiting, load.waiting)
        self.dead = max(self.dead, load.dead)


Series = dict[int, list[Step]]  # {id of an integration: steps, the oldest first, without gaps}


def series(period: Period, integrations: Iterable[int], now: datetime) -> Series:
    """In two queries, whatever the period."""
    start = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - (period.hours - 1) * HOUR
    hours = [timezone.localtime(start + n * HOUR) for n in range(period.hours)]
    steps = {key: {period.step(hour): Step(period.step(hour)) for hour in hours} for key in integrations}
    for integration, hour, *sums in summed(HourlyStat.objects.filter(hour__gte=start), "integration", "hour"):
        if integration in steps:
            steps[integration][period.step(timezone.localtime(hour))].add(*counted(sums))
    for load in HourlyLoad.objects.filter(hour__gte=start):
        if load.integration_id in steps:
            steps[load.integration_id][period.step(timezone.localtime(load.hour))].see(load)
    return {key: list(found.values()) for key, found in steps.items()}


def operations(period: Period, now: datetime) -> dict[int, dict[str, Step]]:
    """{id of an integration: {operation: what happened since the period began}}, the busiest first."""
    start = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - (period.hours - 1) * HOUR
    found: dict[int, dict[str, Step]] = defaultdict(dict)
    rows = summed(HourlyStat.objects.filter(hour__gte=start), "integration", "operation")
    for integration, operation, *sums in sorted(rows, key=lambda row: -row[2]):
        found[integration][operation] = step = Step(start)
        step.add(*counted(sums))
    return found


def summed(rows: QuerySet[HourlyStat], *by: str) -> list[tuple[Any, ...]]:
    """Of each group: `by`, calls, errors, and each slot of the histogram."""
    slots = {f"slot_{n}": Sum(f"buckets__{n}") for n in range(durations.SLOTS)}
    grouped = rows.order_by().values_list(*by).annotate(n=Sum("calls"), failed=Sum("errors"), **slots)
    return list(grouped)


def counted(sums: Sequence[int]) -> tuple[int, int, Sequence[int]]:
    calls, errors, *took = sums
    return calls, errors, took


def together(steps: Sequence[Step]) -> Step:
    """Of all steps: sums, and how things stood when we last looked."""
    whole = Step(steps[0].at, delivered=sum(step.delivered for step in steps))
    whole.add(
        sum(step.calls for step in steps),
        sum(step.errors for step in steps),
        durations.added(*(step.took for step in steps)),
    )
    return whole
