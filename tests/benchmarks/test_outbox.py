"""The outbox against plain Celery tasks on Redis and a raw claim-and-settle, in one run."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence

import pytest
import redis
from django.contrib.auth.models import Group
from django.db import connection as database
from django.test import override_settings

from integrations import outbox
from integrations.models import Attempt, Delivery, Integration
from integrations.service import IntegrationService, Outcome, operation
from integrations.setup import create_rows
from tests.faults.processes import broker

from .celery_app import app, nothing
from .report import tell, timed

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]
DELIVERIES, TASKS = 20_000, 3_000


class IdleService(IntegrationService):
    """Promises that cost nothing to keep."""

    slug, label = "idle", "Idle"

    @operation(batch_size=200)
    def push(self, groups: Sequence[Group]) -> Iterator[tuple[Sequence[Group], Outcome]]:
        """Do nothing, with all of them at once."""
        yield groups, None


@override_settings(INTEGRATIONS=[f"{__name__}.IdleService"])
def seconds_for_outbox() -> float:
    create_rows()
    Integration.objects.filter(slug="idle").update(enabled=True)
    groups = Group.objects.bulk_create([Group(name=f"group {n}") for n in range(DELIVERIES)])
    with timed() as clock:
        outbox.keep_in_sync(IdleService.push, groups)
        tally = outbox.drain()
    assert tally.outcomes == {"delivered": DELIVERIES}
    assert Attempt.objects.count() == DELIVERIES
    return clock.seconds


def seconds_for_raw_floor() -> float:
    """Claim, lease and settle in bare SQL, 200 rows at a time, with nothing around it."""
    Delivery.objects.update(state="pending")
    claim = """UPDATE integrations_delivery SET state = 'in_flight', lease = %s WHERE id IN (
        SELECT id FROM integrations_delivery WHERE state = 'pending' LIMIT 200 FOR UPDATE SKIP LOCKED) RETURNING id"""
    with database.cursor() as cursor, timed() as clock:
        while True:
            lease = uuid.uuid4()
            cursor.execute(claim, [lease])
            ids = [row[0] for row in cursor.fetchall()]
            if not ids:
                break
            cursor.execute(
                "UPDATE integrations_delivery SET state = 'delivered' WHERE id = ANY(%s) AND lease = %s", [ids, lease]
            )
    return clock.seconds


def seconds_for_celery() -> float:
    with broker() as url:
        app.conf.broker_url = url
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.benchmarks.celery_app", "worker", "-c", "2"],
            env={**os.environ, "PLAIN_BROKER": url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            server = redis.Redis.from_url(url)
            nothing.delay(0)
            await_empty(server)  # it is up
            with timed() as clock, app.connection_for_write() as connection:
                for number in range(TASKS):
                    nothing.apply_async([number], connection=connection)
                await_empty(server)
        finally:
            worker.terminate()
            worker.wait()
    return clock.seconds


def await_empty(server: "redis.Redis") -> None:
    while server.llen("celery") or server.hlen("unacked"):
        time.sleep(0.02)


def test_deliveries_are_eight_times_as_fast_as_plain_tasks() -> None:
    ours = seconds_for_outbox() / DELIVERIES
    floor = seconds_for_raw_floor() / DELIVERIES
    celery = seconds_for_celery() / TASKS

    tell(
        "Deliveries: promised, claimed, settled, attempts written",
        1000,
        plain_Celery_tasks_on_Redis=celery * 1000,
        outbox=ours * 1000,
        raw_claim_and_settle_without_attempts=floor * 1000,
    )
    assert celery / ours >= 8
