"""What an operator decides about deliveries: try now, deliver again, give up. One, or a selection.

Any number of rows, in bites: each is a transaction of its own and leaves its log rows, so that whoever dies in the
middle has done what is logged, and doing it again takes the rest.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from integrations import gate, progress, registry
from integrations.models import Connection, Delivery
from integrations.models.delivery import ONCE, DeliveryQuerySet
from integrations.outbox.wake import wake

State = Delivery.State
BITE = 5000
AGAIN = "|again "  # in the occasion of what an operator sends a further time


def retry(rows: DeliveryQuerySet) -> int:
    """Those that wait are due now, instead of when they would be. Returns how many."""

    def due_now(bite: DeliveryQuerySet) -> int:
        return bite.update_in_order(due_at=timezone.now())

    return in_bites(rows.filter(state=State.PENDING), due_now, "retried")


def replay(rows: DeliveryQuerySet) -> int:
    """Promise them again, with current data and settings, as far as they can be. Returns how many."""
    return in_bites(rows.repeatable(), DeliveryQuerySet.replay, "replayed")


def again(rows: DeliveryQuerySet) -> int:
    """Promise what was delivered, and is promised once only, a further time: for a new occasion. Returns how many."""
    return in_bites(rows.filter(state=State.DELIVERED, key__contains=ONCE), _once_more, "sent_again")


def _once_more(rows: DeliveryQuerySet) -> int:
    """The occasion stays to be read before the bar. Who asks at the same moment finds the same promise."""
    copied = ("integration_id", "connection_id", "operation", "subject_type", "subject_id", "priority")
    delivered = list(rows)
    for row in delivered:
        first = row.key.partition(AGAIN)[0]
        number = Delivery.objects.filter(key__startswith=f"{first}{AGAIN}").count() + 1
        values = {name: getattr(row, name) for name in copied}
        Delivery.objects.get_or_create(key=f"{first}{AGAIN}{number}", defaults=values)
    return len(delivered)


def cancel(rows: DeliveryQuerySet) -> int:
    """Give up what waits or is dead. Returns how many."""
    return in_bites(rows.filter(state__in=[State.PENDING, State.DEAD]), DeliveryQuerySet.cancel, "cancelled")


def in_bites(rows: DeliveryQuerySet, act: Callable[[DeliveryQuerySet], int], event: str) -> int:
    """In the order of ids, so that no row comes twice, not even one that dies again meanwhile."""
    done = last = 0
    progress.report(0, rows.count())
    while ids := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BITE]):
        with transaction.atomic():
            bite = rows.filter(pk__in=ids)
            told = sizes(bite)
            if changed := act(bite):
                announce(event, told)
            done += changed
        last = ids[-1]
        progress.report(done)
    return done


def sizes(rows: DeliveryQuerySet) -> list[Any]:
    """How many of each connection and operation."""
    return list(rows.order_by().values("connection", "integration__slug", "operation").annotate(n=Count("pk")))


def announce(event: str, told: list[Any]) -> None:
    """A log row per connection and operation, and a worker that knows there is something to do."""
    connections = Connection.objects.in_bulk([row["connection"] for row in told])
    known = {(operation.service.slug, operation.name): operation for operation in registry.operations()}
    for row in told:
        metadata = {"operation": row["operation"]}
        gate.log(connections[row["connection"]], event, size=row["n"], metadata=metadata)
        operation = known.get((row["integration__slug"], row["operation"]))
        if operation and event != "cancelled":
            transaction.on_commit(partial(wake, operation), robust=True)
