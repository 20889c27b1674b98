"""What the calls of the last hour and the deliveries that wait say of each integration: three queries for all.

Of each integration the newest `LOOKED_AT` calls of the hour are read, by the index in their order, so that it costs
the same however long the log is.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database
from django.db.models import Count, Max, Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from . import registry, words
from .models import Delivery, Incident
from .models.incident import OUTAGE
from .service import Thresholds

AN_HOUR = timedelta(hours=1)
ANSWERS = ["rejected", "conflict", "gone", "obsolete", "paused"]  # they are alive, or were not asked: nobody failed
LOOKED_AT = 1000
FAR_TOO_LATE = 4  # times the minutes after which a delivery is late

_CALLS = """
SELECT wanted.integration, count(*), count(*) FILTER (WHERE failed), coalesce(avg(duration_ms), 0)::float,
    coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms), 0),
    coalesce(min(place) FILTER (WHERE NOT failed) - 1, count(*))
FROM unnest(%(integrations)s::bigint[], %(since)s::timestamptz[]) AS wanted(integration, since),
LATERAL (
    SELECT duration_ms, status = 'error' AND NOT error_kind = ANY(%(answers)s) AS failed,
        row_number() OVER (ORDER BY started_at DESC, id DESC) AS place
    FROM integrations_integrationlog
    WHERE integration_id = wanted.integration AND started_at >= wanted.since AND NOT operation = ANY(%(no_calls)s)
    ORDER BY started_at DESC, id DESC
    LIMIT %(looked_at)s
) AS call
GROUP BY wanted.integration
"""


@dataclass(frozen=True)
class Measures:
    """Times of calls in milliseconds. `late_since` is when the delivery was due that has been due longest."""

    total: int = 0
    errors: int = 0
    avg_response_time: float = 0.0
    p95_response_time: float = 0.0
    consecutive_failures: int = 0
    waiting: int = 0
    dead: int = 0
    oldest_waiting_at: datetime | None = None
    late_since: datetime | None = None

    @property
    def error_rate(self) -> float:
        return self.errors / self.total if self.total else 0.0

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "error_rate": round(self.error_rate, 4)}


@dataclass(frozen=True)
class Issue:
    """A measure that passes its threshold, in a sentence; what is not `grave` degrades only."""

    measure: str
    text: str
    grave: bool = True


def read(slugs: dict[int, str]) -> dict[int, Measures]:
    """{id of the integration: measures} of all of these."""
    called, open_ = calls(slugs), deliveries(list(slugs))
    return {pk: Measures(**called.get(pk, {}), **open_.get(pk, {})) for pk in slugs}


def calls(slugs: dict[int, str]) -> dict[int, dict[str, Any]]:
    """Of those integrations that called anybody. What a single outage was is over when it is over."""
    ended = outages(list(slugs))
    hour_ago = timezone.now() - AN_HOUR
    since = [ended.get(pk) or hour_ago for pk in slugs]
    jobs = [job.command for slug in slugs.values() if slug in registry.services() for job in registry.get(slug).jobs()]
    wanted: dict[str, Any] = {
        "integrations": list(slugs),
        "since": since,
        "no_calls": [*words.EVENTS, *jobs],
        "answers": ANSWERS,
    }
    names = ("total", "errors", "avg_response_time", "p95_response_time", "consecutive_failures")
    with database.cursor() as cursor:
        cursor.execute(_CALLS, {**wanted, "looked_at": LOOKED_AT})
        return {pk: dict(zip(names, row, strict=True)) for pk, *row in cursor.fetchall()}


def outages(integrations: list[int]) -> dict[int, datetime]:
    """When the last hour's only outage ended. Of several in an hour, none is over before the hour is."""
    rows = Incident.objects.filter(connection__integration__in=integrations, kind=OUTAGE).order_by()
    ended = rows.filter(closed_at__gte=timezone.now() - AN_HOUR).values_list("connection__integration")
    return {pk: at for pk, number, at in ended.annotate(Count("pk"), Max("closed_at")) if number == 1}


def deliveries(integrations: list[int]) -> dict[int, dict[str, Any]]:
    is_dead = Q(state=Delivery.State.DEAD)
    rows = (Delivery.objects.waiting() | Delivery.objects.dead()).filter(integration__in=integrations).order_by()
    counted: Any = rows.values("integration").annotate(
        waiting=Count("pk", filter=~is_dead),
        dead=Count("pk", filter=is_dead),
        oldest_waiting_at=Min("created_at", filter=~is_dead),
        late_since=Min("due_at", filter=~is_dead),
    )
    return {row.pop("integration"): row for row in counted}


def issues(found: Measures, limits: Thresholds) -> Iterator[Issue]:
    """Whatever passes its threshold, the gravest first."""
    if found.consecutive_failures >= limits.health_failures:
        yield Issue("failures", _("Failures in a row: %(number)d") % {"number": found.consecutive_failures})
    if found.total >= limits.health_least_calls and found.error_rate * 100 > limits.health_error_percent:
        yield Issue("error_rate", _("High error rate: %(rate).1f %%") % {"rate": found.error_rate * 100})
    if found.p95_response_time > limits.health_slow_seconds * 1000:
        yield Issue("p95", _("Slow answers: %(ms)d ms") % {"ms": found.p95_response_time})
    late = (timezone.now() - found.late_since) / timedelta(minutes=1) if found.late_since else 0
    if late > limits.health_late_minutes:
        said = _("A delivery is late by %(minutes)d minutes") % {"minutes": late}
        yield Issue("late", said, grave=late > limits.health_late_minutes * FAR_TOO_LATE)
    if found.dead:
        said = ngettext("One delivery is dead", "%(n)d deliveries are dead", found.dead) % {"n": found.dead}
        yield Issue("dead", said, grave=False)
