"""Two workers and two beats of real Celery, killed again and again while answers are lost: nothing lost or doubled."""

import itertools
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from django.core.management import call_command
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

import leads.demo
from integrations.models import Delivery, Heartbeat
from integrations.odoo.sandbox import OdooSandbox
from tests.flows import source
from tests.integrations.odoo.conftest import connect, states
from tests.integrations.odoo.people import crowd

from .processes import BEAT, WORKER, Process, broker, processes

pytestmark = pytest.mark.django_db(transaction=True)
BUSY = 6  # how many times longer all may take where the machine does other things, too
# Waits of minutes, as short as they can be, so that the run is about the deaths and not about the waiting.
HURRIED = {"lease": 4, "retry_schedule": [1] * 50, "breaker_pause": 1, "breaker_longest_pause": 1, "batch_size": 50}


def hurry_beat() -> None:
    every_second, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.filter(task__in=["integrations.tasks.drain", "integrations.tasks.reap"]).update(
        interval=every_second
    )
    PeriodicTasks.update_changed()


def until(done: Callable[[], bool], seconds: float) -> None:
    """Wait for what takes at most so many seconds on a machine that does nothing else."""
    deadline = time.monotonic() + BUSY * seconds
    while not done():
        assert time.monotonic() < deadline, f"not done in time: {states()}"
        time.sleep(0.2)


def all_delivered() -> bool:
    return not Delivery.objects.exclude(state="delivered").exists()


def kill_in_turn(workers: list[Process], every: float, most: int) -> int:
    """SIGKILL one worker after the other, each replaced at once, while there is work; how often that was."""
    for killed, worker in enumerate(itertools.islice(itertools.cycle(workers), most)):
        next_at = time.monotonic() + every
        until(lambda at=next_at: all_delivered() or time.monotonic() > at, every + 5)  # type: ignore[misc]
        if all_delivered():
            return killed
        worker.kill()
        worker.start()
    return most


def a_few(folder: Path) -> list[str]:
    return [lead.email for lead in crowd(300)]


def the_file(folder: Path) -> list[str]:
    """All of the demo file; whom it should bring is read from it apart from the import."""
    leads.demo.create()
    reports = {"rejects": folder / "rejects.csv", "repairs": folder / "repairs.csv"}
    call_command("import_leads", leads.demo.LEADS_CSV, **reports, verbosity=0)
    return list(source.people())


@pytest.mark.parametrize(
    ("version", "promise", "kills"),
    [
        pytest.param("16.0", a_few, 3, id="small-xmlrpc"),
        pytest.param("16.0", the_file, 60, id="full-xmlrpc", marks=pytest.mark.soak),
        pytest.param("19.0", the_file, 60, id="full-json2", marks=pytest.mark.soak),
    ],
)
def test_nothing_is_lost_or_doubled(
    version: str, promise: Callable[[Path], list[str]], kills: int, tmp_path: Path
) -> None:
    hurry_beat()
    with OdooSandbox(version) as peer, broker() as redis_url:
        connect(peer, **HURRIED)
        peer.faults.set("pace", 7)
        peer.faults.set("cut_after", share=0.2)
        people = promise(tmp_path)

        with processes(redis_url, WORKER, WORKER, BEAT, BEAT) as (first, second, *_beats):
            killed = kill_in_turn([first, second], every=4, most=kills)
            redis.Redis.from_url(redis_url).flushall()
            until(all_delivered, 120 + len(people) / 5)

        arrived = Counter(row["email_from"] for row in peer.records("crm.lead"))
        print(f"{len(people)} people, {killed} kills, {sum(arrived.values())} leads arrived")  # noqa: T201
        assert arrived == Counter(people)


def test_worker_and_beat_write_down_that_they_are_alive() -> None:
    with broker() as redis_url, processes(redis_url, WORKER, BEAT):
        until(lambda: set(Heartbeat.objects.values_list("name", flat=True)) == {"fast", "bulk", "beat"}, 60)


def test_worker_on_one_queue_does_not_speak_for_the_other() -> None:
    only_bulk = tuple("bulk" if argument == "fast,bulk" else argument for argument in WORKER)

    with broker() as redis_url, processes(redis_url, only_bulk):
        until(lambda: Heartbeat.is_alive("bulk"), 60)

    assert not Heartbeat.is_alive("fast")
