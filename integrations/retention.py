"""What goes when its time is over: in small bites that wait for nobody and make nobody wait.

What an operator must still act upon stays, however old: dead deliveries, for one. How long the rest is kept is
set in the environment.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, F, Model, OuterRef, QuerySet
from django.db.models.functions import TruncDay
from django.utils import timezone

from . import durations
from .models import (
    Attempt,
    Delivery,
    Drift,
    ErasureItem,
    HourlyStat,
    IntegrationLog,
    Replayed,
    Run,
    StoredMail,
    Upload,
    WebhookEvent,
)

BITE = 1000  # rows of one transaction
HOURS_KEPT_FOR = timedelta(days=90)  # then a row a day; figures look back 30 days
UPLOADS_KEPT_FOR = timedelta(days=1)
SETTLED = [Delivery.State.DELIVERED, Delivery.State.EXPIRED, Delivery.State.CANCELLED]

Old = Callable[[datetime], QuerySet[Any]]


class Rule(NamedTuple):
    """`old` gives the rows of `model` that were past their time at a moment; `kept` is days, or the setting's name."""

    name: str
    model: type[Model]
    kept: str | int
    old: Old

    @property
    def days(self) -> int:
        return int(getattr(settings, self.kept)) if isinstance(self.kept, str) else self.kept


def before(model: type[Model], column: str, **among: Any) -> Old:
    rows: Any = model
    return lambda moment: rows.objects.filter(**{f"{column}__lt": moment}, **among)


def settled_before(moment: datetime) -> QuerySet[Delivery]:
    """A promise that is renewed gets a new `created_at`, whose index finds the old ones.

    What an erasure's certificate names stays: the line of one that was given up would read as done without it.
    """
    named = ErasureItem.objects.filter(delivery=OuterRef("pk"))
    rows = Delivery.objects.filter(created_at__lt=moment, settled_at__lt=moment, state__in=SETTLED)
    return rows.exclude(Exists(named))


RULES = [
    Rule("log_rows", IntegrationLog, "KEEP_LOG_DAYS", before(IntegrationLog, "started_at")),
    Rule("replayed", Replayed, "KEEP_LOG_DAYS", before(Replayed, "run__created_at")),
    Rule("runs", Run, "KEEP_LOG_DAYS", before(Run, "created_at")),
    Rule("failed_logins", AccessAttempt, "KEEP_LOG_DAYS", before(AccessAttempt, "attempt_time")),
    Rule("uploads", Upload, UPLOADS_KEPT_FOR.days, before(Upload, "created_at")),
    Rule("webhook_events", WebhookEvent, "KEEP_WEBHOOKS_DAYS", before(WebhookEvent, "received_at")),
    Rule("letters", StoredMail, "KEEP_LETTERS_DAYS", before(StoredMail, "created_at")),
    Rule("drifts", Drift, "KEEP_LOG_DAYS", before(Drift, "mended_at")),
    Rule("attempts", Attempt, "KEEP_DELIVERIES_DAYS", before(Attempt, "at")),
    Rule("deliveries", Delivery, "KEEP_DELIVERIES_DAYS", settled_before),
    Rule("sessions", Session, 0, before(Session, "expire_date")),
]


def prune() -> dict[str, int]:
    """How many rows were deleted of each kind; hours that became days count what that saved."""
    now = timezone.now()
    deleted = {rule.name: delete(rule.old(now - timedelta(days=rule.days))) for rule in RULES}
    return {**deleted, "hours": fold_hours(now - HOURS_KEPT_FOR)}


def delete(old: QuerySet[Any]) -> int:
    """Rows that somebody holds right now are left for the next time."""
    return sum(bites(old))


def bites(old: QuerySet[Any]) -> Iterator[int]:
    rows = old.order_by().select_for_update(skip_locked=True).values_list("pk", flat=True)
    while True:
        with transaction.atomic():
            ids = list(rows[:BITE])
            old.model._base_manager.filter(pk__in=ids).delete()
        if not ids:
            return
        yield len(ids)


def fold_hours(moment: datetime) -> int:
    """Make one row of each operation's day out of its hours; sums over all time stay what they were."""
    midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = HourlyStat.objects.filter(hour__lt=midnight).annotate(day=TruncDay("hour", tzinfo=UTC))
    days = rows.exclude(hour=F("day")).order_by("day").values_list("day", flat=True).distinct()
    return sum(fold_day(day) for day in list(days))


@transaction.atomic
def fold_day(day: datetime) -> int:
    found = HourlyStat.objects.filter(hour__gte=day, hour__lt=day + timedelta(days=1)).select_for_update()
    rows = list(found.order_by("integration_id", "operation"))
    same = attrgetter("integration_id", "operation")
    sums = [whole_day(day, list(hours)) for _operation, hours in groupby(rows, key=same)]
    found.delete()
    HourlyStat.objects.bulk_create(sums)
    return len(rows) - len(sums)


def whole_day(day: datetime, hours: list[HourlyStat]) -> HourlyStat:
    return HourlyStat(
        integration_id=hours[0].integration_id,
        operation=hours[0].operation,
        hour=day,
        calls=sum(row.calls for row in hours),
        errors=sum(row.errors for row in hours),
        duration_ms=sum(row.duration_ms for row in hours),
        buckets=durations.added(*(row.buckets for row in hours)),
    )
