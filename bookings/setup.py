"""The rows that must exist, made after every migration: schedules."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop as noop

from bookings.models import Booking
from leads.schedules import create_schedule


def create_rows(**kwargs: Any) -> None:
    """Receiver of `post_migrate`, which is also sent when our tables were taken away."""
    if Booking._meta.db_table not in connection.introspection.table_names():
        return
    release = "bookings.tasks.release_holds"
    create_schedule(noop("Delete times that were held for nobody"), release, timedelta(minutes=5), "bulk")
