"""The rows that must exist, made after every migration: reminders, schedules."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop as noop

from bookings.models import ReminderRule
from leads.schedules import create_schedule

USUAL_REMINDERS = (timedelta(days=1), timedelta(hours=2))


def create_rows(**kwargs: Any) -> None:
    """Receiver of `post_migrate`, which is also sent when our tables were taken away.

    Whoever has rules already has decided: a rule that an operator changed or deleted does not come back.
    """
    if ReminderRule._meta.db_table not in connection.introspection.table_names():
        return
    if not ReminderRule.objects.exists():
        rules = [ReminderRule(before=before) for before in USUAL_REMINDERS]
        ReminderRule.objects.bulk_create(rules, ignore_conflicts=True)
    release, remind = "bookings.tasks.release_holds", "bookings.tasks.send_booking_reminders"
    create_schedule(noop("Delete times that were held for nobody"), release, timedelta(minutes=5), "bulk")
    create_schedule(noop("Remind people of consultations"), remind, timedelta(minutes=5), "bulk")
