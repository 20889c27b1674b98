"""How honest we are about what we know of calendars."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.freshness import Freshness, Status, freshness
from bookings.models import BusyCalendar
from tests.factories import ConsultantFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()
AGO = {minutes: NOW - timedelta(minutes=minutes) for minutes in (2, 14, 16)}


def told(*read, calendars=("a@firm.example", "b@firm.example")):
    """Of a consultant with these calendars, of which `read` are (minutes ago or None, error)."""
    consultant = ConsultantFactory(busy_calendars=list(calendars))
    for calendar, (minutes, error) in zip(calendars, read, strict=False):
        BusyCalendar.objects.create(consultant=consultant, calendar=calendar, checked_at=AGO.get(minutes), error=error)
    return freshness([consultant], NOW)[consultant.pk]


def test_all_read_lately_is_fresh_and_as_old_as_the_oldest():
    assert told((2, ""), (14, "")) == Freshness(Status.FRESH, AGO[14])


def test_one_read_long_ago_is_stale():
    assert told((2, ""), (16, "")) == Freshness(Status.STALE, AGO[16])


def test_one_that_cannot_be_read_just_now_is_stale():
    assert told((2, ""), (14, "Not shared.")) == Freshness(Status.STALE, AGO[14])


@pytest.mark.parametrize("read", [[], [(2, "")], [(2, ""), (None, "Not shared.")]])
def test_one_that_was_never_read_is_unknown(read):
    assert told(*read) == Freshness(Status.UNKNOWN)


def test_without_calendars_there_is_nothing_to_know():
    assert told(calendars=()) == Freshness(Status.NONE)


def test_many_consultants_are_one_query(django_assert_num_queries):
    consultants = [ConsultantFactory(busy_calendars=["a@firm.example"]) for _ in range(3)]

    with django_assert_num_queries(1):
        assert len(freshness(consultants, NOW)) == 3
