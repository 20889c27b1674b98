"""Keep promises from the command line, as a worker would."""

import time
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Min, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from integrations import outbox, registry
from integrations.commands import JsonCommand, usage
from integrations.models import Connection, Delivery, Installation
from integrations.outbox.deliver import usable

SOON = timedelta(minutes=15)  # the breaker's longest pause; who waits for more does not wait here


class Command(JsonCommand):
    help = "Deliver what is due; --until-empty waits for what is due soon, until nothing is left or nothing moves."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--integration", metavar="NAME")
        parser.add_argument("--until-empty", action="store_true")

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        name = options["integration"]
        if name and name not in registry.services():
            raise usage(f"Unknown integration {name!r}; there are: {', '.join(registry.services())}.")
        tally = outbox.Tally()
        while True:
            outbox.reap()
            for outcome, number in outbox.drain(integration=name).outcomes.items():
                tally.add(outcome, number)
            wait = seconds_until_next(name) if options["until_empty"] else None
            if wait is None:
                break
            time.sleep(wait)
        waiting = left(name).count()
        result = {"processed": tally.processed, "outcomes": tally.outcomes, "waiting": waiting}
        return result, not (options["until_empty"] and waiting)


def left(integration: str | None) -> QuerySet[Delivery]:
    """Rows that wait and could go out once they are due: their integration is in use and not held."""
    rows = Delivery.objects.waiting().filter(integration__enabled=True, integration__paused_at=None)
    return rows.filter(integration__slug=integration) if integration else rows


def seconds_until_next(integration: str | None) -> float | None:
    """How long to wait for the next row, lease or probe; None when nothing is left that moves by itself, and soon."""
    if Installation.is_copy():
        return None
    moment = Greatest("due_at", "leased_until", "connection__paused_until")
    next_at: datetime | None = movable(integration).aggregate(next_at=Min(moment))["next_at"]
    if next_at is None or next_at > timezone.now() + SOON:
        return None
    return min(max((next_at - timezone.now()).total_seconds(), 0.1), 5)


def movable(integration: str | None) -> QuerySet[Delivery]:
    """Rows that no human holds up."""
    connections = Connection.objects.in_use().select_related("integration")
    able = [
        Q(operation=operation.name, connection=connection)
        for operation in registry.operations(integration=integration)
        for connection in connections.filter(integration__slug=operation.service.slug)
        if usable(operation, connection)
    ]
    return left(integration).filter(reduce(or_, able, Q(pk__in=[])))
