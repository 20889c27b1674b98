"""Promises to the postbox, and what became of them: what the tests of deliveries share."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from integrations import outbox
from integrations.models import Delivery
from leads.models import Lead
from tests.factories import LeadFactory
from tests.postbox.service import PostboxService

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
State = Delivery.State
LETTERS, CARDS = PostboxService.post_letters, PostboxService.post_cards
SCHEDULE = [10, 60, 300, 1800, 7200, 18000, 36000, 36000]


def promise(*names: str, operation: Any = LETTERS) -> list[Lead]:
    leads = [LeadFactory(name=name) for name in names]
    outbox.keep_in_sync(operation, leads)
    return leads


def drain() -> outbox.Tally:
    return outbox.drain(integration="postbox")


def row(lead: Lead) -> Delivery:
    return Delivery.objects.get(subject_id=lead.pk)


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def make_due() -> None:
    Delivery.objects.filter(state=State.PENDING).update(due_at=timezone.now())


def kill_workers() -> None:
    """Whoever holds rows now is never heard of again."""
    Delivery.objects.filter(state=State.IN_FLIGHT).update(leased_until=timezone.now() - timedelta(seconds=1))
    outbox.reap()
    make_due()


Handle = Callable[[Sequence[Lead]], Iterator[tuple[Sequence[Lead], Any]]]
