"""Remind people of webinars, as the schedule does every few minutes."""

from typing import Any

from django.utils import timezone

from integrations.commands import JsonCommand
from webinars import reminders


class Command(JsonCommand):
    help = "Promise the reminders of webinars that are due by now and were not promised yet; a worker sends them."

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        return {"reminded": reminders.send_reminders(timezone.now())}, True
