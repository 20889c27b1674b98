"""A time that is kept for somebody while the form is filled in."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from bookings import tasks
from bookings.actions import book, hold
from bookings.models import Booking
from tests.bookings.times import at
from tests.factories import ConsultantFactory, a_client

pytestmark = pytest.mark.django_db


def test_sweep_deletes_what_was_held_too_long_and_nothing_else():
    consultant = ConsultantFactory()
    over, held = (hold(consultant, at(clock), 30) for clock in ("10:00", "11:00"))
    booked = book(consultant, at("12:00"), 30, a_client())
    Booking.objects.filter(pk=over.pk).update(held_until=timezone.now() - timedelta(seconds=1))

    tasks.release_holds()

    assert set(Booking.objects.all()) == {held, booked}


def test_sweep_runs_by_itself():
    row = PeriodicTask.objects.get(task="bookings.tasks.release_holds")
    assert (row.interval.every, row.queue, row.expire_seconds) == (300, "bulk", 300)
