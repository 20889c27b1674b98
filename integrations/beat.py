"""Beat, with a heartbeat: it writes down that it is alive, so that its absence can be said in words."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django_celery_beat.schedulers import DatabaseScheduler

from .models import Heartbeat


class Scheduler(DatabaseScheduler):  # type: ignore[misc]
    """Schedules are rows that operators edit. Two beats at once do no harm: the tasks are safe to run twice."""

    _beaten_at: datetime | None = None

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        now = timezone.now()
        if self._beaten_at is None or now - self._beaten_at >= Heartbeat.EVERY:
            self._beaten_at = now
            Heartbeat.beat("beat")
        return super().tick(*args, **kwargs)
