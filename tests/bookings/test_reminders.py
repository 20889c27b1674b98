"""Who is told of a reminder, and when: each meeting once per rule and start, never late, never about the past."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django_celery_beat.models import PeriodicTask

from bookings import tasks
from bookings.actions import book, cancel, confirm, move
from bookings.models import Booking, Reminded, ReminderRule
from bookings.reminders import send_reminders
from bookings.signals import booking_reminders_due
from tests.concurrency import at_once
from tests.factories import ConsultantFactory, a_client

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
START = datetime(2027, 4, 20, 8, tzinfo=UTC)  # a Tuesday, ten o'clock in Berlin
DAY, TWO_HOURS = timedelta(days=1), timedelta(hours=2)

Told = list[tuple[str, timedelta]]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rules(db: None) -> None:
    """Both usual ones, made before all that a test is about."""
    assert ReminderRule.objects.update(counts_from=LONG_AGO) == 2


@pytest.fixture
def told() -> Iterator[Told]:
    """(client, how long before the start) of everything that is told of."""
    heard: Told = []

    def hear(bookings: list[Booking], rule: ReminderRule, **kwargs: Any) -> None:
        heard.extend((each.name, rule.before) for each in bookings)

    booking_reminders_due.connect(hear)
    yield heard
    booking_reminders_due.disconnect(hear)


def booked(name: str = "Ada", *, start: datetime = START, at: datetime | None = None, pending: bool = False) -> Booking:
    with time_machine.travel(at or start - timedelta(days=20), tick=False):
        return book(ConsultantFactory(), start, 60, a_client(name=name), pending=pending, lenient=True)


def sweep_every(step: timedelta, begin: datetime, end: datetime) -> dict[datetime, int]:
    """{when: of how many meetings were told} of the sweeps in that time that told of any."""
    sweeps = [begin + number * step for number in range(int((end - begin) / step) + 1)]
    return {at: number for at in sweeps if (number := send_reminders(at))}


def test_every_meeting_is_told_of_once_for_each_rule_at_its_hour(told: Told) -> None:
    for name in ("Ada", "Bob"):
        booked(name)

    sweeps = sweep_every(timedelta(hours=1), START - timedelta(days=3), START + timedelta(days=1))

    assert sweeps == {START - DAY: 2, START - TWO_HOURS: 2}
    assert told == [("Ada", DAY), ("Bob", DAY), ("Ada", TWO_HOURS), ("Bob", TWO_HOURS)]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (datetime(2027, 3, 28, 8, tzinfo=UTC), datetime(2027, 3, 27, 9, tzinfo=UTC)),  # summer time begins at night
        (datetime(2027, 10, 31, 9, tzinfo=UTC), datetime(2027, 10, 30, 8, tzinfo=UTC)),
    ],
)
def test_a_day_is_one_by_the_clock_on_the_consultants_wall(told: Told, start: datetime, expected: datetime) -> None:
    booked(start=start)

    sweeps = sweep_every(timedelta(hours=1), start - timedelta(days=3), start - timedelta(hours=3))

    assert sweeps == {expected: 1}


@pytest.mark.parametrize("missed", [timedelta(0), timedelta(hours=1), TWO_HOURS - timedelta(seconds=1)])
def test_what_was_missed_is_caught_up_with_until_the_start_and_told_once(told: Told, missed: timedelta) -> None:
    booked()

    for _again in range(2):
        send_reminders(START - TWO_HOURS + missed)

    assert told == [("Ada", TWO_HOURS)]
    assert Reminded.objects.count() == 2


def test_nobody_is_told_of_once_the_meeting_has_started(told: Told) -> None:
    booked()

    send_reminders(START)

    assert told == []


def test_who_booked_late_gets_none_that_was_due_before_that(told: Told) -> None:
    booked("Ada", at=START - timedelta(hours=23))
    booked("Bob", at=START - timedelta(hours=1))

    for at in (START - timedelta(hours=22), START - timedelta(minutes=30)):
        send_reminders(at)

    assert told == [("Ada", TWO_HOURS)]


def test_request_is_reminded_of_once_it_was_confirmed_in_time(told: Told) -> None:
    booking = booked(pending=True)
    send_reminders(START - DAY)
    with time_machine.travel(START - timedelta(hours=5), tick=False):
        confirm(booking)

    sweep_every(timedelta(hours=1), START - timedelta(hours=5), START)

    assert told == [("Ada", TWO_HOURS)]


def test_cancelled_meeting_reminds_nobody(told: Told) -> None:
    booking = booked()
    with time_machine.travel(START - timedelta(days=10), tick=False):
        cancel(booking)

    send_reminders(START - DAY)

    assert told == []


def test_moved_meeting_reminds_anew_of_its_new_start(told: Told) -> None:
    booking, later = booked(), START + timedelta(days=3)
    send_reminders(START - DAY)
    with time_machine.travel(START - timedelta(hours=20), tick=False):
        move(booking, later, lenient=True)

    sweeps = sweep_every(timedelta(hours=1), START - timedelta(hours=20), later)

    assert sweeps == {later - DAY: 1, later - TWO_HOURS: 1}


def test_rule_that_is_off_or_new_says_nothing_of_what_was_due_before(told: Told) -> None:
    booked()
    ReminderRule.objects.filter(before=DAY).update(active=False)
    ReminderRule.objects.create(before=timedelta(hours=5), counts_from=START - timedelta(hours=4))

    sweep_every(timedelta(hours=1), START - timedelta(days=2), START)

    assert told == [("Ada", TWO_HOURS)]


def test_one_that_fails_keeps_none_of_the_others_from_their_turn(told: Told) -> None:
    booked("Ada")
    booked("Bob")

    def fail(bookings: list[Booking], **kwargs: Any) -> None:
        if bookings[0].name == "Ada":
            raise RuntimeError("no ink")

    booking_reminders_due.connect(fail)
    try:
        with pytest.raises(ExceptionGroup):
            send_reminders(START - DAY)
    finally:
        booking_reminders_due.disconnect(fail)
    assert ("Bob", DAY) in told
    assert Reminded.objects.get().booking.name == "Bob"

    send_reminders(START - DAY)

    assert told.count(("Bob", DAY)) == 1
    assert Reminded.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_tell_once(told: Told) -> None:
    for name in ("Ada", "Bob"):
        booked(name)

    at_once(send_reminders, [START - DAY] * 8)

    assert sorted(told) == [("Ada", DAY), ("Bob", DAY)]


@pytest.mark.parametrize("count", [1, 5])
def test_sweep_with_nothing_to_do_takes_the_same_few_queries(count: int, django_assert_num_queries: Any) -> None:
    for number in range(count):
        booked(str(number))
    send_reminders(START - DAY)

    with django_assert_num_queries(3):
        send_reminders(START - DAY)


def test_beat_sweeps_and_operators_rules_stay() -> None:
    row = PeriodicTask.objects.get(task="bookings.tasks.send_booking_reminders")
    ReminderRule.objects.filter(before=DAY).delete()

    call_command("migrate", verbosity=0)
    tasks.send_booking_reminders()

    assert (row.queue, row.interval.every) == ("bulk", 300)
    assert list(ReminderRule.objects.values_list("before", flat=True)) == [TWO_HOURS]
