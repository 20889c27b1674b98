"""The rows that figures are made of: calls by the hour equal the log, and loads tell how things stood."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection as database
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncHour

from integrations import durations, errors, gate, load, outbox
from integrations.models import Connection, Delivery, HourlyLoad, HourlyStat, IntegrationLog
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import a_delivery
from tests.postbox.sandbox import Answer, Postbox
from tests.postbox.service import PostboxService

from .conftest import service

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LETTERS = PostboxService.post_letters


class TestCalls:
    def test_hourly_rows_equal_the_raw_count(self, connection: Connection, postbox: Postbox) -> None:
        """Good calls and failed ones of several operations, over hours and past midnight."""
        chance = random.Random(8)
        for hour in range(0, 30, 3):
            for _ in range(4):
                postbox.script.append(chance.choice([Answer(body='{"refused": {}, "owner": "Ada"}'), Answer(503)]))
                with time_machine.travel(NOON + timedelta(hours=hour, minutes=chance.randrange(60))):
                    try_to(chance.choice(["owner", "post"]))

        raw = IntegrationLog.objects.filter(operation__in=["read_owner", "post_letters"]).order_by()
        in_log = raw.annotate(hour=TruncHour("started_at", tzinfo=UTC)).values_list("operation", "hour")
        failed = Count("pk", filter=Q(status="error"))
        counted = in_log.annotate(calls=Count("pk"), failed=failed, took=Sum("duration_ms"))
        rows = HourlyStat.objects.values_list("operation", "hour", "calls", "errors", "duration_ms")
        assert len(rows) > 10
        assert sorted(rows) == sorted(counted)
        assert all(sum(row.buckets) == row.calls for row in HourlyStat.objects.all())

    def test_p95_of_an_hour_is_never_below_that_of_its_calls_nor_much_above(self, connection: Connection) -> None:
        chance = random.Random(9)
        took = [round(chance.lognormvariate(5, 1.5)) for _ in range(400)]
        for milliseconds in took:
            gate.count(connection.integration_id, "post_letters", NOON, failed=False, milliseconds=milliseconds)

        row = HourlyStat.objects.get(operation="post_letters")
        true = sorted(took)[round(len(took) * 0.95) - 1]
        told = durations.percentile(row.buckets)
        assert told is not None
        assert true <= told <= true * 1.3
        assert durations.at_most(row.buckets, 500) == sum(1 for milliseconds in took if milliseconds <= 500)

    def test_no_calls_have_no_p95_and_the_slowest_reads_as_the_last_bound(self) -> None:
        slow = durations.none()
        slow[durations.slot(3_600_000)] = 1

        assert (durations.percentile(durations.none()), durations.percentile(slow)) == (None, 100_000)


@pytest.mark.django_db(transaction=True)
def test_calls_counted_at_the_same_time_are_all_there(connection: Connection) -> None:
    def count(number: int) -> None:
        for n in range(20):
            milliseconds = 50 * (n % 4)
            gate.count(connection.integration_id, "post_letters", NOON, failed=n % 2 == 0, milliseconds=milliseconds)
        database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))

    row = HourlyStat.objects.get(operation="post_letters")
    slots = Counter(durations.slot(50 * (n % 4)) for n in range(80))
    assert (row.calls, row.errors, row.duration_ms) == (80, 40, 4 * 20 * 75)
    assert {slot: number for slot, number in enumerate(row.buckets) if number} == dict(slots)


class TestLoad:
    def test_hour_keeps_the_worst_that_was_seen_and_all_that_arrived(self, connection: Connection) -> None:
        with time_machine.travel(NOON, tick=False):
            outbox.keep_in_sync(LETTERS, LeadFactory.create_batch(3))
            a_delivery(connection, LeadFactory(), PostboxService.post_cards, state="dead")
        with time_machine.travel(NOON + timedelta(minutes=10), tick=False):
            load.measure()
            outbox.drain(integration="postbox")
            Delivery.objects.dead().cancel("")
        with time_machine.travel(NOON + timedelta(minutes=15), tick=False):
            load.measure()

        assert loads(connection) == [(NOON, 3, 3, 1, 600)]

    def test_hours_in_which_nobody_measured_tell_what_arrived(self, connection: Connection) -> None:
        with time_machine.travel(NOON, tick=False):
            load.measure()
        with time_machine.travel(NOON + timedelta(minutes=90), tick=False):
            outbox.keep_in_sync(LETTERS, LeadFactory.create_batch(2))
            outbox.drain(integration="postbox")

        with time_machine.travel(NOON + timedelta(hours=3), tick=False):
            load.measure()

        hour = timedelta(hours=1)
        assert loads(connection) == [(NOON, 0, 0, 0, 0), (NOON + hour, 2, 0, 0, 0), (NOON + 3 * hour, 0, 0, 0, 0)]


def try_to(what: str) -> None:
    with suppress(errors.IntegrationError):  # it is counted all the same
        service().client.owner() if what == "owner" else service().client.post("post_letters", [])


def loads(connection: Connection) -> list[tuple[datetime, int, int, int, int]]:
    rows = HourlyLoad.objects.filter(integration=connection.integration).order_by("hour")
    return list(rows.values_list("hour", "delivered", "waiting", "dead", "oldest_seconds"))
