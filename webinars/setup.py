"""The rows that must exist, made after every migration: reminders, schedules."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop as noop
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from webinars.models import ReminderRule

USUAL_REMINDERS = (timedelta(days=7), timedelta(days=2))


def create_rows(**kwargs: Any) -> None:
    """Receiver of `post_migrate`, which is also sent when our tables were taken away.

    Whoever has rules already has decided: a rule that an operator changed or deleted does not come back.
    """
    if ReminderRule._meta.db_table not in connection.introspection.table_names():
        return
    if not ReminderRule.objects.filter(session=None).exists():
        rules = [ReminderRule(before=before) for before in USUAL_REMINDERS]
        ReminderRule.objects.bulk_create(rules, ignore_conflicts=True)
    create_schedule(noop("Remind people of webinars"), "send_webinar_reminders", timedelta(minutes=5), "bulk")
    create_schedule(noop("Take back seats that nobody paid for"), "expire_unpaid", timedelta(minutes=1), "fast")


def create_schedule(name: str, task: str, every: timedelta, queue: str) -> None:
    """A beat row whose message expires when the next one is due; what an operator edited in it stays."""
    seconds = int(every.total_seconds())
    interval = {"every": seconds, "period": IntervalSchedule.SECONDS}  # operators may have made several alike
    schedule = IntervalSchedule.objects.filter(**interval).first() or IntervalSchedule.objects.create(**interval)
    defaults = {"task": f"webinars.tasks.{task}", "interval": schedule, "queue": queue, "expire_seconds": seconds}
    PeriodicTask.objects.get_or_create(name=name, defaults=defaults)
