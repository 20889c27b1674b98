"""What an outage held up, counted when it ends; `alarm` puts it in words."""

from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from .models import Delivery, Incident

Waited = dict[str, Any]


def during(incident: Incident) -> Waited:
    """{"waiting": {operation: how many wait at its end}, "failed": {operation: how many died in it}, "oldest": ISO}.

    What is promised for a later hour has not waited; what went out before the end does not any more.
    """
    rows = Delivery.objects.filter(connection=incident.connection)
    due = Q(due_at__lte=timezone.now()) | ~Q(error_kind="")
    waiting = rows.waiting().filter(due)
    oldest = waiting.aggregate(oldest=Min("created_at"))["oldest"]
    return {
        "waiting": by_operation(waiting),
        "failed": by_operation(rows.dead().filter(settled_at__gte=incident.opened_at)),
        "oldest": oldest.isoformat() if oldest else "",
    }


def by_operation(rows: QuerySet[Delivery]) -> dict[str, int]:
    return dict(rows.order_by("operation").values_list("operation").annotate(n=Count("pk")))
