"""When beat sends which task: rows that an operator may edit."""

import json
from datetime import timedelta

from django.conf import settings
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask


def create_schedule(
    name: str, task: str, every: timedelta, queue: str, arguments: dict[str, str] | None = None
) -> None:
    """A beat row whose message expires when the next one is due; what an operator edited in it stays."""
    seconds = int(every.total_seconds())
    interval = {"every": seconds, "period": IntervalSchedule.SECONDS}  # operators may have made several alike
    schedule = IntervalSchedule.objects.filter(**interval).first() or IntervalSchedule.objects.create(**interval)
    defaults = {
        "task": task,
        "interval": schedule,
        "queue": queue,
        "kwargs": json.dumps(arguments or {}),
        "expire_seconds": seconds,
    }
    PeriodicTask.objects.get_or_create(name=name, defaults=defaults)


def create_daily(name: str, task: str, hour: int, queue: str) -> None:
    """A beat row at that hour of the firm's clock; what an operator edited in it stays."""
    if PeriodicTask.objects.filter(name=name).exists():
        return
    when = {"minute": "0", "hour": str(hour), "timezone": settings.TIME_ZONE}
    schedule = CrontabSchedule.objects.filter(**when, day_of_week="*", day_of_month="*", month_of_year="*").first()
    defaults = {"task": task, "crontab": schedule or CrontabSchedule.objects.create(**when), "queue": queue}
    PeriodicTask.objects.get_or_create(name=name, defaults=defaults)
