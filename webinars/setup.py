"""The rows that must exist, made after every migration: reminders, schedules."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop as noop

from leads.schedules import create_schedule
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
    remind, expire = "webinars.tasks.send_webinar_reminders", "webinars.tasks.expire_unpaid"
    create_schedule(noop("Remind people of webinars"), remind, timedelta(minutes=5), "bulk")
    create_schedule(noop("Take back seats that nobody paid for"), expire, timedelta(minutes=1), "fast")
