"""What waits, what is dead and what arrived, hour by hour: a row now tells nothing of how things stood yesterday."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q
from django.db.models.functions import TruncHour
from django.utils import timezone

from .models import Attempt, Delivery, HourlyLoad, Integration

EVERY = timedelta(minutes=5)
LOOK_BACK = timedelta(days=7)  # nobody may have measured for a while; what is older than this was not ours to see

Hour = tuple[int, datetime]  # of an integration


def measure() -> None:
    """Write down how things stand in this hour; hours in which nobody measured get what arrived in them."""
    now = timezone.now()
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    since = HourlyLoad.objects.filter(hour__gte=this_hour - LOOK_BACK).aggregate(last=Max("hour"))["last"]
    start = since or this_hour  # that hour went on after we looked
    known = {(row.integration_id, row.hour): row for row in HourlyLoad.objects.filter(hour__gte=start)}
    delivered, open_now = arrived(start), standing()
    hours = {*delivered, *((pk, this_hour) for pk in Integration.objects.values_list("pk", flat=True))}
    rows = [known.get(hour) or HourlyLoad(integration_id=hour[0], hour=hour[1]) for hour in sorted(hours)]
    for row in rows:
        row.delivered = delivered.get((row.integration_id, row.hour), 0)
        if row.hour == this_hour:
            worsen(row, open_now.get(row.integration_id, {}), now)
    HourlyLoad.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["integration", "hour"],
        update_fields=["delivered", "waiting", "dead", "oldest_seconds"],
    )


def arrived(since: datetime) -> dict[Hour, int]:
    """How many deliveries were settled as delivered, by the attempts that did it."""
    rows = Attempt.objects.filter(at__gte=since, outcome=Delivery.State.DELIVERED).order_by()
    hours = rows.annotate(hour=TruncHour("at", tzinfo=UTC)).values_list("delivery__integration", "hour")
    return {(integration, hour): number for integration, hour, number in hours.annotate(Count("pk"))}


def standing() -> dict[int, dict[str, Any]]:
    """{id of the integration: waiting, dead, oldest_waiting_at}, of those that have any; one query."""
    is_dead = Q(state=Delivery.State.DEAD)
    rows = (Delivery.objects.waiting() | Delivery.objects.dead()).order_by().values("integration")
    counted = rows.annotate(
        waiting=Count("pk", filter=~is_dead),
        dead=Count("pk", filter=is_dead),
        oldest_waiting_at=Min("created_at", filter=~is_dead),
    )
    return {row["integration"]: dict(row) for row in counted}


def worsen(row: HourlyLoad, found: dict[str, Any], now: datetime) -> None:
    oldest = found.get("oldest_waiting_at")
    row.waiting = max(row.waiting, found.get("waiting", 0))
    row.dead = max(row.dead, found.get("dead", 0))
    row.oldest_seconds = max(row.oldest_seconds, int((now - oldest).total_seconds()) if oldest else 0)
