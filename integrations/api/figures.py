"""Figures: what is open, and how the calls of the last hour went."""

from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Literal

from django.db.models import Aggregate, Avg, Count, FloatField, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema

from integrations import load, registry, words
from integrations.models import Integration, IntegrationLog

from .auth import READ
from .refusal import integration_called

router = Router()

AN_HOUR = timedelta(hours=1)
ERROR_RATE, ENOUGH_CALLS = 0.1, 10  # of fewer calls, one error would be a high rate
SLOW_MS = 5000
IN_A_ROW, LOOKED_AT = 5, 100

NOTHING_OPEN = {"waiting": 0, "dead": 0, "oldest_waiting_at": None}


class Health(Schema):
    """The calls of the last hour. `no_activity` is no illness; `waiting` says whether there should have been some."""

    status: Literal["healthy", "unhealthy", "no_activity"]
    issues: list[str] = Field(examples=[["High error rate: 25.0 %"]])
    total: int
    errors: int
    error_rate: float
    avg_response_time: float = Field(description="Milliseconds.")
    p95_response_time: float = Field(description="Milliseconds; of 100 calls, 95 were faster.")
    consecutive_failures: int = Field(description="Up to now; 100 stands for more, too.")
    waiting: int
    oldest_waiting_at: datetime | None


class Percentile95(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(0.95) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@router.get("/{name}/health", auth=READ, response={200: Health, 404: None})
def get_health(request: HttpRequest, name: str) -> dict[str, Any]:
    """Whether the calls of the last hour went well."""
    integration = integration_called(name)
    measured = figures_of(calls(integration))
    issues = list(issues_of(measured))
    calm = "healthy" if measured["total"] else "no_activity"
    open_ = load.standing().get(integration.pk, NOTHING_OPEN)
    return {**measured, **open_, "issues": issues, "status": "unhealthy" if issues else calm}


def calls(integration: Integration) -> QuerySet[IntegrationLog]:
    """Rows of calls to the outside; the log also has what operators did."""
    events = [*words.EVENTS, *[job.command for job in registry.get(integration.slug).jobs()]]
    rows = IntegrationLog.objects.filter(integration=integration, started_at__gte=timezone.now() - AN_HOUR)
    return rows.exclude(operation__in=events)


def figures_of(rows: QuerySet[IntegrationLog]) -> dict[str, Any]:
    failed = Q(status=IntegrationLog.Status.ERROR)
    sums = rows.order_by().aggregate(
        total=Count("pk"),
        errors=Count("pk", filter=failed),
        avg_response_time=Avg("duration_ms", default=0.0),
        p95_response_time=Percentile95("duration_ms", default=0.0),
    )
    latest = rows.values_list("status", flat=True)[:LOOKED_AT]
    in_a_row = sum(1 for _status in takewhile(lambda status: status == IntegrationLog.Status.ERROR, latest))
    rate = sums["errors"] / sums["total"] if sums["total"] else 0.0
    return {**sums, "error_rate": round(rate, 4), "consecutive_failures": in_a_row}


def issues_of(measured: dict[str, Any]) -> list[str]:
    """In words, whatever passes its threshold."""
    rate, slow, in_a_row = (measured[name] for name in ("error_rate", "p95_response_time", "consecutive_failures"))
    found = {
        _("High error rate: %(rate).1f %%") % {"rate": rate * 100}: rate > ERROR_RATE
        and measured["total"] >= ENOUGH_CALLS,
        _("Slow answers: %(ms)d ms") % {"ms": slow}: slow > SLOW_MS,
        _("Failures in a row: %(number)d") % {"number": in_a_row}: in_a_row >= IN_A_ROW,
    }
    return [issue for issue, is_true in found.items() if is_true]
