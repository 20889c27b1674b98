"""Remind people of webinars and consultations, as the schedules do every few minutes."""

from typing import Any

from django.utils import timezone

import bookings.reminders
import webinars.reminders
from integrations.commands import JsonCommand
from leads.sweeping import one_by_one


class Command(JsonCommand):
    help = "Promise the reminders that are due by now and were not promised yet; a worker sends them."

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        now, sweeps = timezone.now(), [webinars.reminders.send_reminders, bookings.reminders.send_reminders]
        return {"reminded": one_by_one("all reminders", sweeps, lambda sweep: sweep(now))}, True
