"""What an operator decides about deliveries: try now, deliver again, give up. One, a selection, or all that is dead.

Any number of rows, in bites: each is a transaction of its own and leaves its log rows, so that whoever dies in the
middle has done what is logged, and doing it again takes the rest.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy

from . import gate, progress, registry, runs
from .models import Connection, Delivery, Integration, Run
from .models.delivery import ONCE, DeliveryQuerySet
from .outbox.wake import wake

State = Delivery.State
BITE = 1000
AGAIN = "|again "  # in the occasion of what an operator sends a further time


# --- which -----------------------------------------------------------------------------------------------------------


def dead(**choice: Any) -> DeliveryQuerySet:
    """What a replay of everything dead would take, narrowed by `settled`'s arguments."""
    return settled(Delivery.objects.dead(), **choice)


def settled(
    rows: DeliveryQuerySet,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    integration: str = "",
    operation: str = "",
    kind: str = "",
) -> DeliveryQuerySet:
    """Those that were settled (delivered, dead, ...) from `since` to just before `until`, aware times; "" is any."""
    wanted = {
        "settled_at__gte": since,
        "settled_at__lt": until,
        "integration__slug": integration,
        "operation": operation,
        "error_kind": kind,
    }
    return rows.filter(**{lookup: value for lookup, value in wanted.items() if value})


def breakdown(rows: DeliveryQuerySet) -> list[dict[str, Any]]:
    """[{integration, operation, error_kind, number}], the slugs and names in order."""
    by = {"integration": "integration__slug", "operation": "operation", "error_kind": "error_kind"}
    columns = list(by.values())
    counted = rows.order_by(*columns).values_list(*columns).annotate(number=Count("pk"))
    return [dict(zip([*by, "number"], row, strict=True)) for row in counted]


# --- what ------------------------------------------------------------------------------------------------------------


def retry(rows: DeliveryQuerySet) -> int:
    """Those that wait are due now, instead of when they would be. Returns how many."""

    def due_now(bite: DeliveryQuerySet) -> int:
        return bite.update_in_order(due_at=timezone.now())

    return _in_bites(rows.filter(state=State.PENDING), due_now, "retried")


def replay(rows: DeliveryQuerySet) -> int:
    """Promise them again, with current data and settings, as far as they can be. Returns how many."""
    return _in_bites(rows.repeatable(), DeliveryQuerySet.replay, "replayed")


def again(rows: DeliveryQuerySet) -> int:
    """Promise what was delivered, and is promised once only, a further time: for a new occasion. Returns how many."""
    return _in_bites(rows.filter(state=State.DELIVERED, key__contains=ONCE), _once_more, "sent_again")


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
    return _in_bites(rows.filter(state__in=[State.PENDING, State.DEAD]), DeliveryQuerySet.cancel, "cancelled")


def _in_bites(rows: DeliveryQuerySet, act: Callable[[DeliveryQuerySet], int], event: str) -> int:
    """In the order of ids, so that no row comes twice, not even one that dies again meanwhile."""
    done = last = 0
    progress.report(0, rows.count())
    while ids := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BITE]):
        with transaction.atomic():
            bite = rows.filter(pk__in=ids)
            told = _sizes(bite)
            done += act(bite)
            _announce(event, told)
        last = ids[-1]
        progress.report(done)
    return done


def _sizes(rows: DeliveryQuerySet) -> list[Any]:
    """How many of each connection and operation."""
    return list(rows.order_by().values("connection", "integration__slug", "operation").annotate(n=Count("pk")))


def _announce(event: str, told: list[Any]) -> None:
    """A log row per connection and operation, and a worker that knows there is something to do."""
    connections = Connection.objects.in_bulk([row["connection"] for row in told])
    known = {(operation.service.slug, operation.name): operation for operation in registry.operations()}
    for row in told:
        metadata = {"operation": row["operation"]}
        gate.log(connections[row["connection"]], event, size=row["n"], metadata=metadata)
        operation = known.get((row["integration__slug"], row["operation"]))
        if operation and event != "cancelled":
            transaction.on_commit(partial(wake, operation), robust=True)


# --- everything dead, by a worker ------------------------------------------------------------------------------------


def start(
    kind_of_run: str,
    *,
    since: datetime,
    until: datetime,
    integration: str = "",
    operation: str = "",
    kind: str = "",
) -> Run:
    """Have a worker "replay" or "give_up" what `dead` finds by the same arguments.

    Raises ValueError for a range that holds nothing at all, and Integration.DoesNotExist for one of no such name.
    """
    if since >= until:
        raise ValueError("The range ends before it begins.")
    choice = {"since": since.isoformat(), "until": until.isoformat(), "operation": operation, "kind": kind}
    whose = Integration.objects.get(slug=integration) if integration else None
    return runs.start(kind_of_run, integration=whose, **choice)


def _chosen(run: Run) -> DeliveryQuerySet:
    choice = run.arguments | {name: parse_datetime(run.arguments[name]) for name in ("since", "until")}
    return dead(**choice, integration=run.integration.slug if run.integration else "")


@runs.kind("replay", label=gettext_lazy("Replay everything dead"))
def replay_dead(run: Run) -> dict[str, Any]:
    return {"replayed": replay(_chosen(run))}


@runs.kind("give_up", label=gettext_lazy("Give up everything dead"))
def give_up_dead(run: Run) -> dict[str, Any]:
    return {"cancelled": cancel(_chosen(run))}
