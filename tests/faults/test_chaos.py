"""Two workers and two beats of real Celery, killed again and again while answers are lost: nothing lost or doubled."""

import itertools
import time
from collections import Counter
from collections.abc import Callable

import pytest
import redis
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from integrations.models import Delivery, Heartbeat
from integrations.odoo.sandbox import OdooSandbox
from tests.integrations.odoo.conftest import connect, states
from tests.integrations.odoo.people import crowd

from .processes import BEAT, WORKER, Process, broker, processes

pytestmark = pytest.mark.django_db(transaction=True)
# Waits of minutes, as short as they can be, so that the run is about the deaths and not about the waiting.
HURRIED = {"lease": 4, "retry_schedule": [1] * 50, "breaker_pause": 1, "breaker_longest_pause": 1, "batch_size": 50}


def hurry_beat() -> None:
    every_second, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.filter(task__in=["integrations.tasks.drain", "integrations.tasks.reap"]).update(
        interval=every_second
    )
    PeriodicTasks.update_changed()


def until(done: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not done in time: {states()}"
        time.sleep(0.2)


def all_delivered() -> bool:
    return not Delivery.objects.exclude(state="delivered").exists()


def kill_in_turn(workers: list[Process], every: float, most: int) -> None:
    """SIGKILL one worker after the other, each replaced at once, while there is work."""
    for worker in itertools.islice(itertools.cycle(workers), most):
        next_at = time.monotonic() + every
        until(lambda at=next_at: all_delivered() or time.monotonic() > at, every + 5)  # type: ignore[misc]
        if all_delivered():
            return
        worker.kill()
        worker.start()


@pytest.mark.parametrize(
    ("version", "number", "kills"),
    [
        pytest.param("16.0", 300, 3, id="small-xmlrpc"),
        pytest.param("19.0", 2_000, 60, id="full-json2", marks=pytest.mark.soak),
        pytest.param("16.0", 2_000, 60, id="full-xmlrpc", marks=pytest.mark.soak),
    ],
)
def test_nothing_is_lost_or_doubled(version: str, number: int, kills: int) -> None:
    hurry_beat()
    with OdooSandbox(version) as peer, broker() as redis_url:
        connect(peer, **HURRIED)
        peer.faults.set("pace", 7)
        peer.faults.set("cut_after", share=0.2)
        leads = crowd(number)

        with processes(redis_url, WORKER, WORKER, BEAT, BEAT) as (first, second, *_beats):
            kill_in_turn([first, second], every=4, most=kills)
            redis.Redis.from_url(redis_url).flushall()
            until(all_delivered, 120 + number / 5)

        arrived = Counter(row["email_from"] for row in peer.records("crm.lead"))
        assert arrived == Counter(lead.email for lead in leads)


def test_worker_and_beat_write_down_that_they_are_alive() -> None:
    with broker() as redis_url, processes(redis_url, WORKER, BEAT):
        until(lambda: set(Heartbeat.objects.values_list("name", flat=True)) == {"worker", "beat"}, 60)

    assert Heartbeat.objects.count() == 2
