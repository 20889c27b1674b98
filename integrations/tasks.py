"""Thin tasks: fetch by name, call one function. All are safe to run twice and at the same time."""

import time
from collections.abc import Collection
from typing import Any

import structlog
from celery import shared_task
from celery.signals import heartbeat_sent
from django.db import close_old_connections
from pydantic import ValidationError

from . import (
    configuration,
    erasure,
    errors,
    health,
    inbox,
    load,
    outbox,
    reconciliation,
    registry,
    replaying,
    retention,
    runs,
    trigger,
    verdicts,
)
from . import watch as watching
from .models import Connection, Heartbeat, Integration, Run

logger = structlog.get_logger(__name__)


@shared_task
def wake(operation: str) -> None:
    """Something was promised just now: deliver that operation."""
    integration, name = operation.split(".")
    outbox.drain_operations([registry.operation(integration, name)])


@shared_task
def drain(queue: str) -> None:
    """The sweep: deliver all that is due, whatever happened to the wake-ups."""
    if queue == "fast":
        inbox.sweep()
    runs.sweep(queue)
    outbox.drain(queue=queue)


@shared_task
def reap() -> None:
    """Take back what dead workers held, and see how far other systems are with forgetting people, and replays."""
    outbox.reap()
    runs.reap()
    replaying.close_ended()
    erasure.sweep()


@shared_task
def perform_run(run: int) -> None:
    """Somebody asked for work and looks at a page until it is done."""
    for found in Run.objects.filter(pk=run):
        runs.perform(found)


@shared_task
def run_job(integration: str, job: str) -> None:
    """Run a service's job, if the integration is in use; what is missing or down now is tried at the next turn."""
    if not Integration.objects.filter(slug=integration, enabled=True, paused_at=None).exists():
        return
    try:
        with trigger.triggered("beat"):
            getattr(configuration.service_of(integration), job)()
    except (ValidationError, errors.IntegrationError) as error:
        logger.warning("job did not run", integration=integration, job=job, error=type(error).__name__)


@shared_task
def process_webhook(integration: str) -> None:
    """An event came in: process what is due."""
    inbox.sweep(integration)


@shared_task
def measure() -> None:
    """Write down what waits, what is dead and what arrived, for the figures of this hour."""
    load.measure()


@shared_task
def watch() -> None:
    """The round of every minute: escalate what was left lying, and tell the monitor outside that we live."""
    watching.go_round()


@shared_task
def say_good_morning() -> None:
    """The morning letter, to who asked for it."""
    watching.say_good_morning()


@shared_task
def reconcile() -> dict[str, Any]:
    """Every night: where do other systems and we differ?"""
    with trigger.triggered("beat"):
        return reconciliation.compare()


@shared_task
def health_check_integrations() -> dict[str, str]:
    """Tell of what is unhealthy, and ask where nobody has called; {slug: state}."""
    return verdicts.check()


@shared_task
def probe(connection: str) -> None:
    """Test a connection by the clock, by the road that real traffic takes."""
    with trigger.triggered("beat"):
        for found in Connection.objects.in_use().select_related("integration").filter(pk=connection):
            health.test(found)


@shared_task
def prune() -> dict[str, int]:
    """Delete what is past its time; returns how many rows of each kind that were."""
    runs.forget_changes(older_than=runs.CHANGES_KEPT_FOR)
    return retention.prune()


_beaten_at = 0.0


@heartbeat_sent.connect
def worker_is_alive(sender: Any, **kwargs: Any) -> None:
    """Celery's own heartbeat (every 2 s) is written down every `Heartbeat.EVERY`, for the queues that it works on."""
    write_heartbeat(sender.eventer.app.amqp.queues.consume_from)


def write_heartbeat(queues: Collection[str]) -> None:
    global _beaten_at
    if time.monotonic() - _beaten_at >= Heartbeat.EVERY.total_seconds():
        _beaten_at = time.monotonic()
        close_old_connections()
        Heartbeat.beat(*(queue for queue in Heartbeat.QUEUES if queue in queues))
