"""What goes when its time is over, and what stays; nobody waits meanwhile."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import StringIO
from threading import Event
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connection as database
from django.db import connections, transaction
from django.utils import timezone

from integrations import gate, outbox, retention, tasks
from integrations.models import Connection, Delivery, Erasure, HourlyStat, IntegrationLog, StoredMail, WebhookEvent
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import a_delivery
from tests.postbox.service import PostboxService

LETTERS = PostboxService.post_letters
LIMITS = [("log_rows", 30), ("webhook_events", 90), ("letters", 90), ("attempts", 365)]


def pruned() -> dict[str, int]:
    """What the command reports, without the zeros."""
    out = StringIO()
    call_command("prune", "--json", stdout=out)
    return {name: number for name, number in json.loads(out.getvalue()).items() if number}


def a_row(name: str, connection: Connection, at: datetime) -> Any:
    if name == "log_rows":
        return gate.log(connection, "read_owner", started_at=at)
    if name == "webhook_events":
        return WebhookEvent.objects.create(integration=connection.integration, event_id=str(at), received_at=at)
    if name == "letters":
        return StoredMail.objects.create(message={"mime": "Dear Ada"}, created_at=at)
    return a_delivery(connection, LeadFactory(), LETTERS).tries.create(number=1, at=at, duration_ms=1)


class TestLimits:
    @pytest.mark.parametrize(("name", "days"), LIMITS)
    def test_each_kind_goes_after_its_time_and_not_before(self, connection: Connection, name: str, days: int) -> None:
        """Also what was never acted upon: it names people."""
        now = timezone.now()
        old = a_row(name, connection, now - timedelta(days=days, minutes=1))
        young = a_row(name, connection, now - timedelta(days=days, minutes=-1))

        assert pruned() == {f"{name}_deleted": 1}
        assert list(type(old).objects.filter(pk__in=[old.pk, young.pk])) == [young]

    def test_operator_says_how_long(self, connection: Connection, settings: LazySettings) -> None:
        settings.KEEP_LOG_DAYS = 3
        a_row("log_rows", connection, timezone.now() - timedelta(days=4))

        assert pruned() == {"log_rows_deleted": 1}

    def test_settled_deliveries_go_with_their_attempts_and_what_is_open_or_dead_stays(
        self, connection: Connection
    ) -> None:
        states = Delivery.State
        long_ago = timezone.now() - timedelta(days=366)
        rows = {
            state: a_delivery(connection, LeadFactory(), LETTERS, state=state, created_at=long_ago, settled_at=long_ago)
            for state in states
        }
        rows[states.DELIVERED].tries.create(number=1, at=timezone.now(), duration_ms=1)
        rows[states.EXPIRED].tries.create(number=1, at=long_ago, duration_ms=1)

        assert pruned() == {"attempts_deleted": 1, "deliveries_deleted": 3}
        assert set(Delivery.objects.values_list("state", flat=True)) == {"pending", "in_flight", "dead"}

    def test_promise_that_a_certificate_names_is_kept(self, connection: Connection) -> None:
        """Its line would else read as done, though nobody told the other system."""
        ago = timezone.now() - timedelta(days=366)
        promise = a_delivery(connection, LeadFactory(), LETTERS, state="cancelled", created_at=ago, settled_at=ago)
        item = Erasure.objects.create(via="admin").items.create(system="postbox", what="forget", delivery=promise)

        tasks.prune()

        item.refresh_from_db()
        assert item.is_given_up

    def test_promise_renewed_since_is_kept(self, connection: Connection) -> None:
        """Made years ago, kept anew last month."""
        long_ago = timezone.now() - timedelta(days=800)
        with time_machine.travel(long_ago, tick=False):
            lead = LeadFactory()
            outbox.keep_in_sync(LETTERS, [lead])
            outbox.drain(integration="postbox")
        with time_machine.travel(timezone.now() - timedelta(days=20), tick=False):
            outbox.keep_in_sync(LETTERS, [lead])
            outbox.drain(integration="postbox")

        assert "deliveries_deleted" not in pruned()
        assert Delivery.objects.get().tries.count() == 1


def test_more_than_a_bite_goes_in_several(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BITE", 2)
    for n in range(5):
        a_row("log_rows", connection, timezone.now() - timedelta(days=40, seconds=n))

    assert pruned() == {"log_rows_deleted": 5}


@pytest.fixture
def somebody_else(settings: LazySettings) -> Iterator[Any]:
    """A second connection to the same database."""
    other = connections.create_connection("default")
    yield other
    other.close()


@pytest.mark.django_db(transaction=True)
def test_waits_for_no_row_that_somebody_holds_and_takes_it_the_next_time(
    connection: Connection, somebody_else: Any
) -> None:
    long_ago = timezone.now() - timedelta(days=366)
    held, free = (
        a_delivery(connection, LeadFactory(), LETTERS, state="delivered", created_at=long_ago, settled_at=long_ago)
        for _ in range(2)
    )
    somebody_else.set_autocommit(False)
    with somebody_else.cursor() as cursor:
        cursor.execute("SELECT FROM integrations_delivery WHERE id = %s FOR UPDATE", [held.pk])

    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        tasks.prune()
    assert list(Delivery.objects.values_list("pk", flat=True)) == [held.pk]

    somebody_else.rollback()
    tasks.prune()
    assert not Delivery.objects.exists()
    assert free.pk != held.pk


@pytest.mark.django_db(transaction=True)
def test_makes_nobody_wait_who_writes_meanwhile(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody logs, promises and settles all the time that hundreds of bites take, and waits for none of them."""
    monkeypatch.setattr(retention, "BITE", 5)
    log, delivery = many_old_rows(connection, 1000)
    over, written = Event(), list[int]()

    def write() -> None:
        with closing(database), database.cursor() as cursor:
            cursor.execute("SET lock_timeout = '20ms'")
            while not over.is_set() or not written:
                row = a_delivery(connection, LeadFactory(), LETTERS)
                Delivery.objects.filter(pk=row.pk).update(state="delivered", settled_at=timezone.now())
                IntegrationLog.objects.filter(pk=gate.log(connection, "read_owner").pk).update(size=1)
                written.append(row.pk)

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        try:
            deleted = retention.prune()
        finally:
            over.set()
        writer.result(timeout=30)

    assert (deleted["log_rows"], deleted["deliveries"]) == (log, delivery)
    assert sorted(Delivery.objects.values_list("pk", flat=True)) == written
    assert IntegrationLog.objects.filter(size=1).count() == len(written)


def many_old_rows(connection: Connection, number: int) -> tuple[int, int]:
    """Log rows and settled deliveries from two years ago."""
    ago = timezone.now() - timedelta(days=800)
    IntegrationLog.objects.bulk_create(
        IntegrationLog(integration=connection.integration, operation="call", started_at=ago) for _ in range(number)
    )
    Delivery.objects.bulk_create(
        Delivery(integration=connection.integration, connection=connection, operation="post_letters", key=f"old {n}",
                 subject_type="leads.lead", subject_id=n, state="delivered", created_at=ago, settled_at=ago)
        for n in range(number)
    )  # fmt: skip
    return number, number


def test_old_hours_become_days_and_no_sum_changes(connection: Connection) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for hour in range(0, 60, 5):
        for operation in ("post_letters", "read_owner"):
            at = start + timedelta(hours=hour)
            gate.count(connection.integration_id, operation, at, failed=hour % 2 == 0, milliseconds=hour * 10)
    before = sums()

    with time_machine.travel(start + timedelta(days=92, hours=1)):
        assert pruned() == {"hours_deleted": 16}
        assert pruned() == {}

    assert sums() == before
    days = HourlyStat.objects.filter(operation="read_owner", integration=connection.integration).order_by("hour")
    assert [(row.hour - start).total_seconds() / 3600 for row in days] == [0, 24, 50, 55]


def sums() -> list[Any]:
    rows = HourlyStat.objects.filter(operation="post_letters")
    return [sum(row.calls for row in rows), sum(row.errors for row in rows), sum(row.duration_ms for row in rows),
            [sum(column) for column in zip(*(row.buckets for row in rows), strict=True)]]  # fmt: skip


def test_log_row_that_goes_leaves_its_attempts(connection: Connection) -> None:
    outbox.keep_in_sync(LETTERS, [LeadFactory()])
    outbox.drain(integration="postbox")
    IntegrationLog.objects.update(started_at=timezone.now() - timedelta(days=31))

    tasks.prune()

    assert list(Delivery.objects.get().tries.values_list("outcome", "log")) == [("delivered", None)]
