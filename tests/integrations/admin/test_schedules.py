"""Schedules: told in words, with the next run; started and stopped by who may."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from integrations.admin.schedules import due_at, how_often
from integrations.models import Integration
from tests.integrations.admin.conftest import act, text

LIST = reverse("admin:django_celery_beat_periodictask_changelist")
MODEL = "django_celery_beat_periodictask"


@pytest.fixture
def job(registered: Integration) -> PeriodicTask:
    task: PeriodicTask = PeriodicTask.objects.get(name="postbox: post_greetings")
    return task


@pytest.fixture
def bulk() -> Iterator[Any]:
    """The queue that the worker reads, empty at first."""
    with current_app.connection_for_read() as connection:
        queue = connection.SimpleQueue("bulk")
        queue.clear()
        yield queue
        queue.clear()


def test_list_tells_what_is_done_and_how_often(operator: Client, job: PeriodicTask) -> None:
    page = text(operator.get(LIST))

    for told in ("Postbox: Post greetings", "every hour", "Delete old log rows", "every day", "every 15 seconds"):
        assert told in page


def test_operators_own_schedule_keeps_its_name(operator: Client, job: PeriodicTask) -> None:
    job.name, job.task, job.pk = "Sunday's count", "their.own.task", None
    job.save()

    assert "Sunday&#x27;s count" in text(operator.get(LIST))


@pytest.mark.parametrize(
    ("every", "period", "told"),
    [(1, "days", "every day"), (120, "minutes", "every 2 hours"), (90, "seconds", "every 90 seconds")],
)
def test_interval_is_told_in_the_largest_unit_that_fits(every: int, period: str, told: str) -> None:
    assert how_often(PeriodicTask(interval=IntervalSchedule(every=every, period=period))) == told


def test_next_run_follows_the_last(job: PeriodicTask) -> None:
    job.last_run_at = timezone.now() - timedelta(minutes=20)

    due = due_at(job)

    assert due
    assert abs(due - timezone.now() - timedelta(minutes=40)) < timedelta(seconds=5)


def test_next_run_is_known_of_a_crontab(db: None) -> None:
    crontab = CrontabSchedule(minute="0", hour="4", timezone="Europe/Berlin")

    due = due_at(PeriodicTask(crontab=crontab, last_run_at=timezone.now()))

    assert due
    assert timezone.localtime(due).hour == 4


@pytest.mark.parametrize("columns", [{"enabled": False}, {"last_run_at": None}, {"interval": None}], ids=str)
def test_next_run_is_not_guessed(job: PeriodicTask, columns: dict[str, Any]) -> None:
    job.last_run_at = timezone.now()
    for name, value in columns.items():
        setattr(job, name, value)

    assert due_at(job) is None


def test_run_now_tells_a_worker(operator: Client, job: PeriodicTask, bulk: Any) -> None:
    answer = act(operator, MODEL, "run_now", [job])

    message = bulk.get(timeout=30)
    assert "Postbox: Post greetings" in text(answer)
    assert message.headers["task"] == "integrations.tasks.run_job"
    assert message.payload[1] == {"integration": "postbox", "job": "post_greetings"}
    assert LogEntry.objects.get().user.get_username() == "ada"


def test_schedule_is_stopped_and_started(operator: Client, job: PeriodicTask) -> None:
    act(operator, MODEL, "disable", [job])
    stopped = PeriodicTask.objects.get(pk=job.pk).enabled
    act(operator, MODEL, "enable", [job])

    assert (stopped, PeriodicTask.objects.get(pk=job.pk).enabled) == (False, True)
    assert LogEntry.objects.count() == 2


def test_who_may_only_look_starts_and_stops_nothing(staff: Callable[..., Client], job: PeriodicTask, bulk: Any) -> None:
    bob = staff("view_periodictask")

    for action in ("run_now", "disable", "disable_tasks", "run_tasks"):
        act(bob, MODEL, action, [job])

    assert PeriodicTask.objects.get(pk=job.pk).enabled
    assert bulk.qsize() == 0


def test_page_of_one_asks_in_words_when_it_starts(operator: Client, job: PeriodicTask) -> None:
    url = reverse("admin:django_celery_beat_periodictask_change", args=[job.pk])
    shown = text(operator.get(url))
    typed = operator.get(url).context["adminform"].form.initial
    faster = IntervalSchedule.objects.create(every=5, period="minutes")
    known = {name: value for name, value in typed.items() if value not in (None, False)}

    operator.post(url, {**known, "interval": faster.pk})

    assert "Postbox: Post greetings" in shown
    assert "every hour" in shown
    job.refresh_from_db()
    assert (job.interval, job.task, job.enabled) == (faster, "integrations.tasks.run_job", True)
