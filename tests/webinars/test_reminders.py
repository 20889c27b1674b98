"""Who is told of a reminder, and when: each person once per rule and start, never late, never about the past."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from magnetiq.celery import app
from tests.factories import RegistrationFactory, SessionFactory
from tests.webinars.people import come
from tests.webinars.test_races import at_once
from webinars import tasks
from webinars.actions import cancel, cancel_session, change_session, clone_session, publish_session
from webinars.models import Registration, Reminded, ReminderRule, Session
from webinars.reminders import send_reminders
from webinars.signals import reminders_due

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
START = datetime(2027, 4, 20, 8, tzinfo=UTC)  # a Tuesday, ten o'clock in Berlin
WEEK, TWO_DAYS = timedelta(days=7), timedelta(days=2)

Told = list[tuple[str, timedelta]]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rules(db: None) -> None:
    """Both usual ones, made before all that a test is about."""
    assert ReminderRule.objects.update(counts_from=LONG_AGO) == 2


@pytest.fixture
def told() -> Iterator[Told]:
    """(first name, how long before the start) of everybody who is told of."""
    heard: Told = []

    def hear(registrations: list[Registration], rule: ReminderRule, **kwargs: Any) -> None:
        heard.extend((each.first_name, rule.before) for each in registrations)

    reminders_due.connect(hear)
    yield heard
    reminders_due.disconnect(hear)


def a_session(**values: Any) -> Session:
    return SessionFactory(**{"starts_at": START, "zone": "Europe/Berlin", **values})


def came(at: datetime, *names: str, session: Session) -> list[Registration]:
    """These people registered at that moment."""
    with time_machine.travel(at, tick=False):
        return come(session, *names)


def sweep_every(step: timedelta, begin: datetime, end: datetime) -> dict[datetime, int]:
    """{when: how many were told of} of the sweeps in that time that told of anybody."""
    sweeps = [begin + number * step for number in range(int((end - begin) / step) + 1)]
    return {at: number for at in sweeps if (number := send_reminders(at))}


# --- Who, when --------------------------------------------------------------------------------------------------------


def test_everybody_is_told_of_once_for_each_rule_at_its_hour(told: Told) -> None:
    came(START - timedelta(days=20), "Ada", "Bob", session=a_session())

    sweeps = sweep_every(timedelta(hours=1), START - timedelta(days=10), START + timedelta(days=1))

    assert sweeps == {START - WEEK: 2, START - TWO_DAYS: 2}
    assert told == [("Ada", WEEK), ("Bob", WEEK), ("Ada", TWO_DAYS), ("Bob", TWO_DAYS)]


@pytest.mark.parametrize("missed", [timedelta(0), timedelta(hours=5), timedelta(days=2) - timedelta(seconds=1)])
def test_what_was_missed_is_caught_up_with_until_the_start(told: Told, missed: timedelta) -> None:
    ReminderRule.objects.filter(before=WEEK).delete()
    came(START - timedelta(days=20), "Ada", session=a_session())

    send_reminders(START - TWO_DAYS + missed)

    assert told == [("Ada", TWO_DAYS)]


def test_nobody_is_told_of_once_the_session_has_started(told: Told) -> None:
    came(START - timedelta(days=20), "Ada", session=a_session())

    send_reminders(START)

    assert told == []


def test_late_registrants_get_none_that_was_due_before_they_came(told: Told) -> None:
    session = a_session()
    came(START - timedelta(days=20), "Ada", session=session)
    came(START - WEEK + timedelta(minutes=1), "Bob", session=session)
    came(START - timedelta(days=1), "Eve", session=session)

    for at in (START - timedelta(days=6), START - timedelta(hours=1)):
        send_reminders(at)

    assert told == [("Ada", WEEK), ("Ada", TWO_DAYS), ("Bob", TWO_DAYS)]


@pytest.mark.parametrize("status", sorted(set(Registration.Status) - {Registration.Status.CONFIRMED}))
def test_only_who_has_a_seat_is_reminded(told: Told, status: str) -> None:
    RegistrationFactory(session=a_session(), status=status, registered_at=LONG_AGO)

    send_reminders(START - TWO_DAYS)

    assert told == []


def test_who_cancelled_meanwhile_is_not_reminded_again(told: Told) -> None:
    ada, _bob = came(START - timedelta(days=20), "Ada", "Bob", session=a_session())
    send_reminders(START - WEEK)
    cancel(ada)

    send_reminders(START - TWO_DAYS)

    assert told == [("Ada", WEEK), ("Bob", WEEK), ("Bob", TWO_DAYS)]


@time_machine.travel(START - timedelta(days=20), tick=False)
def test_cancelled_sessions_and_drafts_remind_nobody(told: Told) -> None:
    session = a_session()
    come(session, "Ada")
    cancel_session(session)
    RegistrationFactory(session=a_session(status=Session.Status.DRAFT), registered_at=LONG_AGO)

    send_reminders(START - TWO_DAYS)

    assert told == []


# --- Moved and cloned -------------------------------------------------------------------------------------------------


def move(session: Session, starts_at: datetime, *, at: datetime) -> None:
    with time_machine.travel(at, tick=False):
        change_session(session, {"starts_at": starts_at})


def test_moved_session_reminds_anew_of_its_new_start(told: Told) -> None:
    session = a_session()
    came(START - timedelta(days=20), "Ada", session=session)
    send_reminders(START - WEEK)
    later = START + timedelta(days=14)
    move(session, later, at=START - timedelta(days=3))

    sweeps = sweep_every(timedelta(hours=1), START - timedelta(days=3), later)

    assert sweeps == {later - WEEK: 1, later - TWO_DAYS: 1}
    assert told == [("Ada", WEEK), ("Ada", WEEK), ("Ada", TWO_DAYS)]


def test_session_that_moved_nearer_does_not_remind_of_what_is_past(told: Told) -> None:
    session = a_session()
    came(START - timedelta(days=20), "Ada", session=session)
    nearer = START - timedelta(days=5)
    move(session, nearer, at=nearer - timedelta(days=3))

    sweeps = sweep_every(timedelta(hours=1), nearer - timedelta(days=3), nearer)

    assert sweeps == {nearer - TWO_DAYS: 1}


@time_machine.travel(START - timedelta(days=1), tick=False)
def test_clone_reminds_of_nothing_that_was_before_it(told: Told) -> None:
    original = a_session()
    ReminderRule.objects.create(session=original, before=timedelta(days=3))
    clone = clone_session(original, START + timedelta(hours=30))
    publish_session(clone)
    come(clone, "Ada")

    sweeps = sweep_every(timedelta(hours=1), START - timedelta(days=1), clone.starts_at)

    assert sweeps == {clone.starts_at - TWO_DAYS: 1}  # and neither a week before nor three days


# --- Rules ------------------------------------------------------------------------------------------------------------


def add_rule(*, at: datetime, **values: Any) -> ReminderRule:
    with time_machine.travel(at, tick=False):
        return ReminderRule.objects.create(**values)


def test_new_rule_does_not_remind_of_what_was_due_before_it(told: Told) -> None:
    came(START - timedelta(days=20), "Ada", session=a_session())
    add_rule(at=START - timedelta(days=1), before=timedelta(days=3))
    add_rule(at=START - timedelta(days=1), before=timedelta(hours=1))

    sweep_every(timedelta(hours=1), START - timedelta(days=1), START)

    assert [before for _name, before in told if before not in (WEEK, TWO_DAYS)] == [timedelta(hours=1)]


def test_session_has_rules_of_its_own_besides(told: Told) -> None:
    special, other = a_session(), a_session()
    came(START - timedelta(days=20), "Ada", session=special)
    came(START - timedelta(days=20), "Bob", session=other)
    add_rule(at=LONG_AGO, session=special, before=timedelta(hours=1))

    send_reminders(START - timedelta(minutes=59))

    assert sorted(told) == sorted(
        [(n, b) for n in ("Ada", "Bob") for b in (WEEK, TWO_DAYS)] + [("Ada", timedelta(hours=1))]
    )


def test_rule_of_a_session_takes_the_place_of_the_same_one_for_all(told: Told) -> None:
    quiet, other = a_session(), a_session()
    came(START - timedelta(days=20), "Ada", session=quiet)
    came(START - timedelta(days=20), "Bob", session=other)
    add_rule(at=LONG_AGO, session=quiet, before=TWO_DAYS, active=False)
    add_rule(at=LONG_AGO, session=other, before=TWO_DAYS)

    sweep_every(timedelta(hours=1), START - TWO_DAYS, START)

    assert [name for name, before in told if before == TWO_DAYS] == ["Bob"]


def test_deleted_rule_of_a_session_leaves_its_reminders_to_the_one_for_all_and_nobody_is_told_twice(told: Told) -> None:
    session = a_session()
    came(START - timedelta(days=20), "Ada", session=session)
    own = add_rule(at=LONG_AGO, session=session, before=WEEK)
    send_reminders(START - WEEK)
    own.delete()

    sweep_every(timedelta(hours=1), START - WEEK, START)

    assert told == [("Ada", WEEK), ("Ada", TWO_DAYS)]


def test_rule_that_says_something_else_after_its_turn_has_another(told: Told) -> None:
    came(START - timedelta(days=20), "Ada", session=a_session())
    send_reminders(START - WEEK)
    ReminderRule.objects.filter(before=WEEK).update(before=timedelta(days=3), counts_from=START - timedelta(days=4))

    sweep_every(timedelta(hours=1), START - timedelta(days=4), START)

    assert told == [("Ada", WEEK), ("Ada", timedelta(days=3)), ("Ada", TWO_DAYS)]


@pytest.mark.parametrize(
    ("start", "week_before"),
    [
        (datetime(2027, 3, 30, 8, tzinfo=UTC), datetime(2027, 3, 23, 9, tzinfo=UTC)),  # summer time began on the 28th
        (datetime(2027, 11, 2, 9, tzinfo=UTC), datetime(2027, 10, 26, 8, tzinfo=UTC)),  # and ended on 31 October
    ],
)
def test_reminder_comes_at_the_sessions_hour_whatever_the_clocks_did(
    told: Told, start: datetime, week_before: datetime
) -> None:
    came(start - timedelta(days=20), "Ada", session=a_session(starts_at=start))

    assert sweep_every(timedelta(minutes=30), start - timedelta(days=8), start - timedelta(days=3)) == {week_before: 1}


@pytest.mark.parametrize("hours", [1, 5])
def test_hours_before_are_hours_that_pass(hours: int) -> None:
    start = datetime(2027, 3, 28, 1, 30, tzinfo=UTC)  # half an hour after Berlin's clocks went from two to three
    rule = ReminderRule(before=timedelta(hours=hours))

    assert rule.due_at(a_session(starts_at=start)) == start - timedelta(hours=hours)


# --- The sweep --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_tell_of_everybody_once(told: Told) -> None:
    came(START - timedelta(days=20), *"abcdefgh", session=a_session())

    done = at_once(send_reminders, [START - WEEK] * 4)

    assert sorted(done) == [0, 0, 0, 8]
    assert sorted(told) == [(name, WEEK) for name in "abcdefgh"]


def test_sweep_that_dies_is_made_up_for_by_the_next(told: Told) -> None:
    came(START - timedelta(days=20), "Ada", session=a_session())

    def die(**kwargs: Any) -> None:
        raise KeyboardInterrupt

    reminders_due.connect(die)
    with pytest.raises(KeyboardInterrupt):
        send_reminders(START - WEEK)
    reminders_due.disconnect(die)

    assert not Reminded.objects.exists()
    assert send_reminders(START - WEEK + timedelta(minutes=5)) == 1


def test_session_that_fails_keeps_no_other_from_its_turn_and_is_caught_up_with(told: Told) -> None:
    broken, sound = a_session(), a_session(starts_at=START + timedelta(minutes=1))
    came(START - timedelta(days=20), "Ada", session=broken)
    came(START - timedelta(days=20), "Bob", session=sound)

    def fail(registrations: list[Registration], **kwargs: Any) -> None:
        if registrations[0].session == broken:
            raise RuntimeError("a receiver failed")

    reminders_due.connect(fail)
    with pytest.raises(ExceptionGroup, match="1 failed, 1 done"):
        send_reminders(START - WEEK + timedelta(minutes=5))
    reminders_due.disconnect(fail)

    assert list(Reminded.objects.values_list("session", flat=True)) == [sound.pk]
    assert send_reminders(START - WEEK + timedelta(minutes=10)) == 1


@pytest.mark.parametrize("people", [1, 30])
def test_sweep_costs_the_same_however_many_come(people: int) -> None:
    came(START - timedelta(days=20), *[f"p{n}" for n in range(people)], session=a_session())
    send_reminders(START - WEEK)

    with CaptureQueriesContext(
        connection,
    ) as later:
        send_reminders(START - timedelta(days=6))

    assert len(later) == 4  # rules, sessions, which have rules of their own, and what is done


def test_schedules_are_made_once_and_stay_as_edited() -> None:
    slow = IntervalSchedule.objects.create(every=1, period=IntervalSchedule.HOURS)
    PeriodicTask.objects.filter(task="webinars.tasks.send_webinar_reminders").update(interval=slow)

    call_command("migrate", verbosity=0)

    rows = PeriodicTask.objects.filter(task__startswith="webinars.").order_by("task")
    assert [(row.task, row.interval.every, row.queue) for row in rows] == [
        ("webinars.tasks.expire_unpaid", 60, "fast"),
        ("webinars.tasks.send_webinar_reminders", 1, "bulk"),
    ]


def test_scheduled_tasks_are_known_to_the_worker_and_run(told: Told) -> None:
    app.loader.import_default_modules()
    came(START - timedelta(days=20), "Ada", session=a_session())

    with time_machine.travel(START - TWO_DAYS):
        tasks.send_webinar_reminders()
        tasks.expire_unpaid()

    assert {"webinars.tasks.send_webinar_reminders", "webinars.tasks.expire_unpaid"} <= set(app.tasks)
    assert told == [("Ada", WEEK), ("Ada", TWO_DAYS)]
