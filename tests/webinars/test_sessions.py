"""Announcing, moving, cloning and ending sessions."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from tests.factories import RegistrationFactory, SessionFactory, TopicFactory
from tests.leads.listening import listen
from tests.webinars.paying import hear
from tests.webinars.people import come, standing
from webinars.actions import (
    begin_payment,
    cancel_session,
    change_session,
    clone_session,
    complete_session,
    publish_session,
)
from webinars.errors import (
    CapacityBelowTaken,
    ImpossibleMove,
    SessionInThePast,
    SessionNotStarted,
)
from webinars.models import ReminderRule, Session
from webinars.payments import State
from webinars.signals import (
    payments_abandoned,
    registrations_cancelled,
    registrations_confirmed,
    sessions_cancelled,
    sessions_changed,
    sessions_published,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)

ACTIONS: dict[str, Callable[[Session], object]] = {
    "publish": publish_session,
    "complete": complete_session,
    "cancel": cancel_session,
    "change": lambda session: change_session(session, {"presenter": "Ada"}),
}
# {state: {action: the state that it leads to}} of a session that has just started; what is missing is impossible.
LEADS_TO = {
    "draft": {"cancel": "cancelled", "change": "draft"},
    "published": {"complete": "completed", "cancel": "cancelled", "change": "published"},
    "cancelled": {},
    "completed": {},
}
EVERY = [(status, action) for status in Session.Status.values for action in ACTIONS if action != "publish"]


@pytest.mark.parametrize(("status", "action"), EVERY)
def test_action_leads_to_the_state_of_the_table_or_is_refused(status: str, action: str) -> None:
    session = SessionFactory(status=status, starts_at=timezone.now())
    expected = LEADS_TO[status].get(action)

    if expected is None:
        with pytest.raises(ImpossibleMove, match="not possible"):
            ACTIONS[action](session)
    else:
        ACTIONS[action](session)

    assert Session.objects.get().status == session.status == (expected or status)


@pytest.mark.parametrize("status", ["published", "cancelled", "completed"])
def test_only_a_draft_is_published(status: str) -> None:
    with pytest.raises(ImpossibleMove):
        publish_session(SessionFactory(status=status))


def test_publishing_opens_the_session_and_tells() -> None:
    session = SessionFactory(status="draft")

    with listen(sessions_published) as told:
        publish_session(session)

    assert told == [[session]]
    assert Session.objects.get().is_open(timezone.now())


def test_session_of_the_past_is_not_published() -> None:
    with pytest.raises(SessionInThePast):
        publish_session(SessionFactory(status="draft", starts_at=timezone.now() - DAY))


def test_published_session_is_not_moved_to_the_past() -> None:
    session = SessionFactory()
    before = session.starts_at

    with listen(sessions_changed) as told, pytest.raises(SessionInThePast):
        change_session(session, {"starts_at": timezone.now() - DAY, "presenter": "Ada"})

    row = Session.objects.get()
    assert (row.starts_at, row.presenter, told) == (before, "", [])


def test_draft_may_be_planned_anyhow_and_a_session_that_started_described_and_postponed() -> None:
    assert change_session(SessionFactory(status="draft"), {"starts_at": timezone.now() - DAY})
    running = SessionFactory(starts_at=timezone.now() - timedelta(minutes=1))

    assert change_session(running, {"presenter": "Ada"})
    assert change_session(running, {"starts_at": timezone.now() + DAY})


def test_session_is_not_completed_before_it_starts() -> None:
    with pytest.raises(SessionNotStarted):
        complete_session(SessionFactory())


def test_cancelled_session_takes_everybody_s_seat_and_place_and_tells() -> None:
    session = SessionFactory(capacity=1)
    ada, bob = come(session, "ada", "bob")
    RegistrationFactory(session=session, number=9, first_name="cleo", status="expired")

    with listen(sessions_cancelled) as told, listen(registrations_cancelled) as registrations:
        cancel_session(session)

    assert (told, registrations) == ([[session]], [[ada, bob]])
    assert standing(session) == {"ada": "cancelled", "bob": "cancelled", "cleo": "expired"}
    assert Session.objects.get().sequence == 1


def test_cancelled_draft_tells_nobody() -> None:
    with listen(sessions_cancelled) as told:
        cancel_session(SessionFactory(status="draft"))

    assert told == []


@pytest.mark.parametrize(
    ("field", "value", "sequence", "moved"),
    [
        ("duration_minutes", 90, 1, True),
        ("meeting_url", "https://meet.example/1", 1, False),
        ("zone", "Asia/Tokyo", 1, False),
        ("capacity", 10, 0, False),
        ("waiting_list", False, 0, False),
    ],
)
def test_change_counts_what_calendars_show_and_tells(field: str, value: object, sequence: int, moved: bool) -> None:
    session = SessionFactory()
    heard: list[Any] = []

    def hear(sender: type, **kwargs: Any) -> None:
        heard.append((kwargs["sessions"], kwargs["moved"]))

    sessions_changed.connect(hear)
    assert change_session(session, {field: value})
    sessions_changed.disconnect(hear)

    row = Session.objects.get()
    assert (getattr(row, field), row.sequence, heard) == (value, sequence, [([session], moved)])


def test_change_to_the_same_values_changes_and_tells_nothing() -> None:
    session = SessionFactory(capacity=3)

    with listen(sessions_changed) as told:
        assert not change_session(session, {"capacity": 3, "starts_at": session.starts_at})

    assert (told, Session.objects.get().sequence) == ([], 0)


def test_draft_changes_without_a_word() -> None:
    with listen(sessions_changed) as told:
        assert change_session(SessionFactory(status="draft"), {"presenter": "Ada"})

    assert told == []


def test_change_refuses_what_has_an_action_of_its_own() -> None:
    with pytest.raises(ValueError, match="status"):
        change_session(SessionFactory(), {"status": "cancelled"})


def test_more_seats_are_offered_to_the_next_in_line() -> None:
    session = SessionFactory(capacity=1)
    come(session, "ada", "bob", "cleo", "dan")

    change_session(session, {"capacity": 3})

    assert list(standing(session).values()) == ["confirmed", "offered", "offered", "waitlisted"]


def test_no_limit_any_more_offers_a_seat_to_all_who_wait() -> None:
    session = SessionFactory(capacity=1)
    come(session, "ada", "bob", "cleo")

    change_session(session, {"capacity": None})

    assert list(standing(session).values()) == ["confirmed", "offered", "offered"]


def test_fewer_seats_than_people_needs_a_word_of_the_operator() -> None:
    session = SessionFactory(capacity=3)
    come(session, "ada", "bob")

    with pytest.raises(CapacityBelowTaken, match="2 seats are taken") as refused:
        change_session(session, {"capacity": 1})

    assert refused.value.taken == 2
    assert Session.objects.get().capacity == 3


def test_fewer_seats_than_people_take_nobody_s_seat_and_give_none_away() -> None:
    session = SessionFactory(capacity=3)
    come(session, "ada", "bob")

    change_session(session, {"capacity": 1}, confirmed=True)
    come(session, "cleo")

    assert standing(session) == {"ada": "confirmed", "bob": "confirmed", "cleo": "waitlisted"}


def test_price_may_change_while_somebody_pays_the_old_one() -> None:
    session = SessionFactory(price=90)
    registration = RegistrationFactory(session=session, status="pending_payment")
    payment = begin_payment(registration)

    change_session(session, {"price": 60})

    hear(payment, State.CANCELLED)
    assert [begin_payment(registration).amount, payment.amount] == [60, 90]


def test_who_is_about_to_pay_has_a_seat_when_the_session_becomes_free() -> None:
    session = SessionFactory(price=90)
    registration = RegistrationFactory(session=session, status="pending_payment")
    payment = begin_payment(registration)

    with listen(payments_abandoned) as abandoned, listen(registrations_confirmed) as told:
        change_session(session, {"price": 0})

    registration.refresh_from_db()
    assert (registration.status, told, abandoned) == ("confirmed", [[registration]], [[payment]])


def test_offers_end_with_registration_when_the_session_moves_nearer() -> None:
    session = SessionFactory()
    offered = RegistrationFactory(session=session, status="offered")
    sooner = timezone.now() + timedelta(minutes=5)

    change_session(session, {"starts_at": sooner})

    offered.refresh_from_db()
    assert offered.held_until == sooner


def test_holds_for_paying_end_with_the_start_when_the_session_moves_nearer() -> None:
    session = SessionFactory(price=90)
    held = RegistrationFactory(session=session, status="pending_payment")
    sooner = timezone.now() + timedelta(minutes=5)

    change_session(session, {"starts_at": sooner})

    held.refresh_from_db()
    assert held.held_until == sooner


def test_clone_is_a_draft_of_the_same_without_people() -> None:
    original = SessionFactory(capacity=5, price=90, languages=["en", "de"], presenter="Ada", meeting_url="https://a.b/")
    RegistrationFactory(session=original)
    ReminderRule.objects.create(session=original, before=DAY, active=False)

    clone = clone_session(original, original.starts_at + 7 * DAY)

    clone.refresh_from_db()
    assert (clone.topic, clone.capacity, clone.price, clone.presenter) == (original.topic, 5, 90, "Ada")
    assert (clone.status, clone.sequence, clone.languages, clone.meeting_url) == ("draft", 0, ["en", "de"], "")
    assert clone.registrations.count() == 0
    assert list(clone.reminder_rules.values_list("before", "active")) == [(DAY, False)]
    assert clone.uuid != original.uuid


def test_clone_opens_and_closes_registration_by_the_same_clock_across_summer_time() -> None:
    original = SessionFactory(
        starts_at=datetime(2026, 10, 20, 8, tzinfo=UTC),  # 10 o'clock in Berlin, summer time
        registration_closes_at=datetime(2026, 10, 19, 16, tzinfo=UTC),  # 18 o'clock
    )

    clone = clone_session(original, datetime(2026, 10, 27, 9, tzinfo=UTC))  # 10 o'clock, winter time

    assert clone.registration_closes_at == datetime(2026, 10, 26, 17, tzinfo=UTC)
    assert clone.registration_opens_at is None


def test_clones_names_tell_the_date_once_and_never_meet() -> None:
    original = SessionFactory(slug="data-strategy")
    day = datetime(2026, 10, 20, 8, tzinfo=UTC)

    first, second = clone_session(original, day), clone_session(original, day)
    later = clone_session(second, day + DAY)

    assert [first.slug, second.slug, later.slug] == [
        "data-strategy-2026-10-20",
        "data-strategy-2026-10-20-2",
        "data-strategy-2026-10-21",
    ]


def test_moving_to_another_topic_is_shown_in_calendars() -> None:
    session = SessionFactory()

    change_session(session, {"topic": TopicFactory(title_en="Other")})

    assert Session.objects.get().topic.title == "Other"
    assert Session.objects.get().sequence == 1


def test_upcoming_sessions_are_the_published_ones_ahead_and_the_next_comes_first() -> None:
    now = timezone.now()
    later, sooner = SessionFactory(starts_at=now + 2 * DAY), SessionFactory(starts_at=now + DAY)
    SessionFactory(status="draft")
    SessionFactory(starts_at=now - DAY)

    assert list(Session.objects.upcoming(now)) == [sooner, later]


def test_session_tells_its_start_in_its_own_zone() -> None:
    session = SessionFactory(starts_at=datetime(2026, 7, 1, 8, tzinfo=UTC), zone="Europe/Berlin", duration_minutes=90)

    assert session.local_start.isoformat() == "2026-07-01T10:00:00+02:00"
    assert session.ends_at == datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
    with time_machine.travel(session.starts_at, tick=False):
        assert not session.is_open(timezone.now())
