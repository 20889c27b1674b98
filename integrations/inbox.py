"""The inbox: a webhook is verified, stored and acknowledged; only then is it acted upon."""

from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from django.db import connection as database
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from . import errors, registry, trigger
from .models import Connection, Integration, WebhookEvent
from .outbox.wake import ask
from .redact import redact, whereabouts
from .service import Incoming, IntegrationService

logger = structlog.get_logger(__name__)
State = WebhookEvent.State

SOON = 0.2  # seconds: a worker begins after them, and then finds all that came in meanwhile
HOLD = timedelta(minutes=5)  # a worker that took an event and died: it is due again after this
RETRIES = [10, 60, 300, 1800, 7200, 18000, 36000, 36000]  # seconds; after the last the event has failed


# By hand, because whoever waits for the answer waits for this: one statement, in a transaction of its own.
_STORE = """
INSERT INTO integrations_webhookevent (
    integration_id, event_id, type, payload, state, attempts, error, received_at, due_at)
SELECT %(integration)s, e.event_id, e.type, e.payload, 'received', 0, '', %(now)s, %(now)s
FROM unnest(%(ids)s::text[], %(types)s::text[], %(payloads)s::bytea[]) AS e(event_id, type, payload)
ON CONFLICT DO NOTHING
"""


def accept(integration: Integration, events: list[Incoming]) -> None:
    """Store verified events, each once, and have a worker process them after the commit."""
    payload: Any = WebhookEvent._meta.get_field("payload")
    parameters: dict[str, Any] = {
        "integration": integration.pk,
        "ids": [event.event_id for event in events],
        "types": [event.type for event in events],
        "payloads": [payload.encrypted(event.payload) for event in events],
        "now": timezone.now(),
    }
    with database.cursor() as cursor:
        cursor.execute(_STORE, parameters)
    announce = partial(ask, "integrations.tasks.process_webhook", integration.slug, queue="fast", interval=SOON)
    transaction.on_commit(announce, robust=True)


def sweep(integration: str | None = None) -> int:
    """Process every event that is due of what is in use; safe in any number of processes at once."""
    in_use = Integration.objects.filter(enabled=True, paused_at=None, slug__in=registry.services())
    due = WebhookEvent.objects.filter(state=State.RECEIVED, due_at__lte=timezone.now(), integration__in=in_use)
    if integration:
        due = due.filter(integration__slug=integration)
    with trigger.triggered("webhook"):
        return sum(process(event) for event in due.select_related("integration").order_by("received_at"))


def process(event: WebhookEvent) -> bool:
    """Act on one event unless another worker has it; False then. Failures wait on the schedule and stay visible."""
    now = timezone.now()
    row = WebhookEvent.objects.filter(pk=event.pk)
    if not row.filter(state=State.RECEIVED, due_at=event.due_at).update(due_at=now + HOLD):
        return False
    told = Incoming(event.event_id, event.type, event.payload)
    try:
        understood = _service(event).process(told)
    except Exception as error:
        _failed(event, error)
    else:
        state = State.PROCESSED if understood else State.IGNORED
        row.update(state=state, processed_at=timezone.now(), attempts=F("attempts") + 1, error="")
    if told.about:
        row.update(subject_type=told.about._meta.label_lower, subject_id=told.about.pk)
    return True


def _failed(event: WebhookEvent, error: Exception) -> None:
    """As for deliveries, a fault of the connection does not count. A bug is named only: its text may quote anything."""
    if isinstance(error, errors.IntegrationError):
        reason, counts = redact(error.message), not error.blames_connection
    else:
        about = {"integration": event.integration.slug, "type": event.type}
        logger.error("webhook failed", **about, exception=whereabouts(error))
        reason, counts = type(error).__name__, True
    last = counts and event.attempts >= len(RETRIES)
    delay = RETRIES[min(event.attempts, len(RETRIES) - 1)]
    WebhookEvent.objects.filter(pk=event.pk).update(
        state=State.FAILED if last else State.RECEIVED,
        attempts=F("attempts") + int(counts),
        due_at=timezone.now() + timedelta(seconds=delay),
        error=reason,
    )


def _service(event: WebhookEvent) -> IntegrationService:
    connection = Connection.objects.select_related("integration").get(integration=event.integration, owner="")
    return registry.get(event.integration.slug)(connection)
