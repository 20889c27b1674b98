"""Beat, with a heartbeat: it writes down that it is alive, so that its absence can be said in words."""

from datetime import datetime
from typing import Any

import structlog
from django.db import Error, close_old_connections
from django.utils import timezone
from django_celery_beat.schedulers import DatabaseScheduler

from .models import Heartbeat

logger = structlog.get_logger(__name__)


class Scheduler(DatabaseScheduler):  # type: ignore[misc]
    """Schedules are rows that operators edit. Two beats at once do no harm: the tasks are safe to run twice."""

    _beaten_at: datetime | None = None

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        now = timezone.now()
        if self._beaten_at is None or now - self._beaten_at >= Heartbeat.EVERY:
            self._beaten_at = now
            self.beat()
        return super().tick(*args, **kwargs)

    def beat(self) -> None:
        """Outlives a database that is away for a moment."""
        try:
            close_old_connections()
            Heartbeat.beat("beat")
        except Error as error:
            logger.warning("heartbeat not written", error=type(error).__name__)
