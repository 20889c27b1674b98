"""Free times of ten consultants for four weeks: the computation, the endpoint, and the calls to Google behind both."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings import rules
from bookings.actions import book
from bookings.hours import pieces
from bookings.models import BusyInterval, Consultant
from integrations import configuration
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox, settings_for
from integrations.google_calendar.service import GoogleCalendarService
from integrations.models import Connection, Integration
from tests.factories import ConsultantFactory, a_client

from .report import tell, timed

pytestmark = [pytest.mark.bench, pytest.mark.django_db]
NUMBER, WEEKS, ROUNDS = 10, 4, 20
HOUR = timedelta(hours=1)
COMPUTED_WITHIN, ANSWERED_WITHIN = 0.010, 0.060  # seconds


@pytest.fixture
def consultants() -> list[Consultant]:
    """Each has two bookings, and a calendar with two entries on every day."""
    now = timezone.now()
    made = []
    with GoogleSandbox() as peer:
        connect(peer)
        for number in range(NUMBER):
            calendar = peer.add_calendar(PERSON, f"Calendar {number}")
            consultant = ConsultantFactory(busy_calendars=[calendar], horizon_days=40)
            made.append(consultant)
            for day in range(2, 2 + WEEKS * 7):
                for hour in (8, 12):
                    start = (now + timedelta(days=day)).replace(hour=hour, minute=0, second=0, microsecond=0)
                    peer.add_event(start, start + HOUR, calendar=calendar)
            for day in (3, 4):
                start = (now + timedelta(days=day)).astimezone(UTC).replace(hour=14, minute=0, second=0, microsecond=0)
                book(consultant, start, 60, a_client())
        read(peer)
    assert BusyInterval.objects.count() == NUMBER * WEEKS * 7 * 2
    return made


def connect(peer: GoogleSandbox) -> None:
    integration = Integration.objects.get(slug="google_calendar")
    configuration.configure(integration, settings_for(peer))
    configuration.set_enabled(integration, True)


def read(peer: GoogleSandbox) -> None:
    """Ten calendars are one call, however often they are read."""
    row = Connection.objects.select_related("integration").get(integration__slug="google_calendar", owner="")
    for number in (1, 2):
        with timed() as clock:
            GoogleCalendarService(row).sync_calendars()
        assert peer.counted()["freebusy.query"] == number
        tell(f"Ten calendars read from Google, {'cold' if number == 1 else 'warm'}", NUMBER, sync=clock.seconds)


def test_ten_consultants_for_four_weeks(consultants: list[Consultant]) -> None:
    now = timezone.now()
    end = now + timedelta(weeks=WEEKS)
    found = rules.calendars(consultants, HOUR, now, start=now, end=end)  # four queries
    cold = best(lambda: compute(found, now, end), before=pieces.cache_clear)
    warm = best(lambda: compute(found, now, end))
    slots = compute(found, now, end)

    tell("Free times of ten consultants for four weeks", slots, cold=cold, warm=warm)
    assert slots > NUMBER * WEEKS * 7
    assert warm < COMPUTED_WITHIN


def compute(found: dict[int, Any], now: datetime, end: datetime) -> int:
    """How many there are, of calendars that have computed nothing yet."""
    fresh = (type(each)(each.rules, each.length, each.now) for each in found.values())
    return sum(len(list(each.slots(now, end))) for each in fresh)


def best(work: Callable[[], object], *, before: Callable[[], None] = lambda: None) -> float:
    """Seconds of this process: whatever else the machine has to do does not count."""
    seconds = []
    for _ in range(ROUNDS):
        before()
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def test_the_endpoint(consultants: list[Consultant], client: Client) -> None:
    first = date.today() + timedelta(days=1)  # noqa: DTZ011
    url = f"/api/v1/consultants/any/slots?from={first}&to={first + timedelta(weeks=WEEKS)}&minutes=60"
    ask = lambda: client.get(url)  # noqa: E731
    cold = best(ask, before=pieces.cache_clear)
    warm = best(ask)
    cache.clear()

    with CaptureQueriesContext(database) as queries:
        answer = ask()

    tell("The endpoint for ten consultants and four weeks", 1, cold=cold, warm=warm)
    assert answer.json()["data"]["calendar"]["status"] == "fresh"
    assert len(answer.json()["data"]["slots"]) > WEEKS * 7
    assert len(queries) <= 6
    assert warm < ANSWERED_WITHIN
