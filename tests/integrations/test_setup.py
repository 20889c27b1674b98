"""The rows that must exist, and what an operator did to them."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from integrations import outbox, registry, tasks
from integrations.beat import Scheduler
from integrations.models import Connection, Heartbeat, Installation, Integration
from integrations.setup import create_job_schedule, create_rows
from magnetiq.celery import app
from tests.factories import LeadFactory
from tests.postbox.sandbox import Postbox
from tests.postbox.service import PostboxService

pytestmark = pytest.mark.django_db


def test_every_service_has_its_rows(registered: Integration) -> None:
    found = set(Connection.objects.filter(owner="").values_list("integration__slug", flat=True))

    assert found == set(registry.services())


def test_every_job_has_a_schedule_whose_message_expires_with_it(registered: Integration) -> None:
    row = PeriodicTask.objects.get(name="postbox: post_greetings")

    assert (row.task, json.loads(row.kwargs)) == (
        "integrations.tasks.run_job",
        {"integration": "postbox", "job": "post_greetings"},
    )
    assert (row.interval.every, row.interval.period, row.expire_seconds, row.queue) == (3600, "seconds", 3600, "bulk")


def test_both_queues_are_swept() -> None:
    rows = PeriodicTask.objects.filter(task="integrations.tasks.drain")

    assert sorted((row.queue, json.loads(row.kwargs)["queue"], row.interval.every) for row in rows) == [
        ("bulk", "bulk", 15),
        ("fast", "fast", 15),
    ]


def test_every_scheduled_task_is_known_to_the_worker(registered: Integration) -> None:
    app.loader.import_default_modules()

    scheduled = PeriodicTask.objects.filter(task__startswith="integrations.")
    assert set(scheduled.values_list("task", flat=True)) <= set(app.tasks)


def test_deploy_keeps_what_an_operator_edited(registered: Integration) -> None:
    slow = IntervalSchedule.objects.create(every=5, period=IntervalSchedule.HOURS)
    PeriodicTask.objects.filter(name="postbox: post_greetings").update(interval=slow, enabled=False)
    before = PeriodicTask.objects.count()

    call_command("migrate", verbosity=0)
    create_rows()

    row = PeriodicTask.objects.get(name="postbox: post_greetings")
    assert (row.interval, row.enabled, PeriodicTask.objects.count()) == (slow, False, before)


def test_environment_sets_the_interval_only_when_the_row_is_made(
    registered: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = registry.job("postbox", "post_greetings")
    monkeypatch.setattr(job, "every", timedelta(minutes=5))

    create_job_schedule(job)
    assert PeriodicTask.objects.get(name="postbox: post_greetings").interval.every == 3600
    PeriodicTask.objects.filter(name="postbox: post_greetings").delete()
    create_job_schedule(job)

    assert PeriodicTask.objects.get(name="postbox: post_greetings").interval.every == 300


def test_interval_that_an_operator_made_twice_does_not_break_a_deploy(registered: Integration) -> None:
    """The library lets an operator make a second row of the same interval."""
    IntervalSchedule.objects.create(every=3600, period=IntervalSchedule.SECONDS)

    create_rows()

    assert PeriodicTask.objects.filter(name="postbox: post_greetings").count() == 1


def test_database_remembers_the_address_it_belongs_to() -> None:
    assert not Installation.is_copy()
    assert Installation.objects.get().site_url == "http://localhost:8000"


def test_deploy_does_not_confirm_a_copy() -> None:
    Installation.objects.update(site_url="https://production.example")

    create_rows()

    assert Installation.is_copy()


class TestTasks:
    def test_run_twice_deliver_once(self, connection: Connection, postbox: Postbox) -> None:
        LeadFactory()

        for _ in range(2):
            tasks.run_job("postbox", "post_greetings")
        for _ in range(2):
            tasks.drain("bulk")
            tasks.wake("postbox.post_letters")
            tasks.reap()

        assert len(postbox.requests) == 1

    def test_queue_is_drained_alone(self, connection: Connection, postbox: Postbox) -> None:
        outbox.keep_in_sync(PostboxService.post_letters, [LeadFactory()])

        tasks.drain("fast")
        assert postbox.requests == []
        tasks.drain("bulk")
        assert len(postbox.requests) == 1

    @pytest.mark.parametrize("hold", [{"enabled": False}, {"paused_at": timezone.now()}], ids=["disabled", "paused"])
    def test_job_of_what_is_held_does_not_run(self, connection: Connection, hold: dict[str, object]) -> None:
        LeadFactory()
        Integration.objects.update(**hold)

        tasks.run_job("postbox", "post_greetings")

        assert not connection.delivery_set.exists()

    @pytest.mark.parametrize("schedule", ["incomplete", "down"])
    def test_job_that_cannot_run_now_is_no_error(
        self, connection: Connection, postbox: Postbox, monkeypatch: pytest.MonkeyPatch, schedule: str
    ) -> None:
        if schedule == "incomplete":
            Connection.objects.update(secrets={})
        else:
            Integration.objects.filter(slug="postbox").update(settings={"url": "http://127.0.0.1:1"})
            asking = lambda self: self.client.owner()  # noqa: E731
            monkeypatch.setattr(PostboxService.post_greetings, "run", asking)

        tasks.run_job("postbox", "post_greetings")

        assert not connection.delivery_set.exists()


class TestHeartbeats:
    def test_worker_writes_one_every_ten_seconds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tasks, "_beaten_at", -100.0)
        monkeypatch.setattr(tasks, "close_old_connections", lambda: None)

        begun = timezone.now()
        tasks.write_heartbeat(["bulk"])
        first = Heartbeat.objects.get(name="bulk").seen_at
        tasks.write_heartbeat(["bulk"])

        assert Heartbeat.objects.get(name="bulk").seen_at == first
        assert first >= begun

    @pytest.mark.django_db(transaction=True)
    def test_beat_writes_one_as_it_ticks(self) -> None:
        begun = timezone.now()

        Scheduler(app=app, lazy=True).tick()

        assert Heartbeat.objects.get(name="beat").seen_at >= begun

    @pytest.mark.django_db(transaction=True)
    def test_beat_outlives_a_database_that_is_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(name: str) -> None:
            raise OperationalError("the server is starting up")

        monkeypatch.setattr(Heartbeat, "beat", away)

        assert Scheduler(app=app, lazy=True).tick() is not None

    def test_celery_uses_that_beat(self) -> None:
        assert app.conf.beat_scheduler == "integrations.beat:Scheduler"
