"""When beat sends which task: rows that an operator may edit."""

import json
from datetime import timedelta

from django_celery_beat.models import IntervalSchedule, PeriodicTask


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
