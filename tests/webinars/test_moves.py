"""Every state against every action: what is possible leads where it should, what is not changes nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import RegistrationFactory, SessionFactory
from tests.webinars.paying import pay
from webinars.actions import (
    accept_offer,
    cancel,
    decline_offer,
    mark_attendance,
    update_registration,
)
from webinars.errors import ImpossibleMove, SessionNotStarted, SessionOver
from webinars.models import Registration, Session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("payable")]

HOUR = timedelta(hours=1)
ACTIONS: dict[str, Callable[[Registration], object]] = {
    "pay": pay,
    "accept_offer": accept_offer,
    "decline_offer": decline_offer,
    "cancel": cancel,
    "attended": lambda registration: mark_attendance([registration], attended=True),
    "no_show": lambda registration: mark_attendance([registration], attended=False),
    "update": lambda registration: update_registration(registration, {"company": "Engines"}),
}
# {state: {action: the state that it leads to}}; what is missing is impossible.
LEADS_TO = {
    "pending_payment": {"pay": "confirmed", "cancel": "cancelled", "update": "pending_payment"},
    "confirmed": {"cancel": "cancelled", "attended": "attended", "no_show": "no_show", "update": "confirmed"},
    "waitlisted": {"cancel": "cancelled", "update": "waitlisted"},
    "offered": {
        "accept_offer": "confirmed",
        "decline_offer": "cancelled",
        "cancel": "cancelled",
        "update": "offered",
    },
    "cancelled": {},
    "expired": {},
    "attended": {"attended": "attended", "no_show": "no_show", "update": "attended"},
    "no_show": {"attended": "attended", "no_show": "no_show", "update": "no_show"},
}
EVERY = [(status, action) for status in Registration.Status.values for action in ACTIONS]


@pytest.mark.parametrize(("status", "action"), EVERY)
def test_action_leads_to_the_state_of_the_table_or_is_refused(status: str, action: str) -> None:
    session = SessionFactory(capacity=1, starts_at=timezone.now() + HOUR)
    registration = RegistrationFactory(session=session, status=status)
    expected = LEADS_TO[status].get(action)

    if expected is None:
        with pytest.raises(ImpossibleMove, match="not possible"):
            ACTIONS[action](registration)
    else:
        ACTIONS[action](registration)

    assert Registration.objects.get().status == (expected or status)
    assert registration.status == (expected or status)


def test_accepting_an_offer_of_a_paid_session_holds_the_seat_for_paying() -> None:
    registration = RegistrationFactory(session=SessionFactory(price=90), status="offered")

    accept_offer(registration)

    assert Registration.objects.get().status == "pending_payment"


@pytest.mark.parametrize("action", ["cancel", "decline_offer", "accept_offer"])
def test_action_goes_by_the_row_and_not_by_the_object_at_hand(action: str) -> None:
    stale = RegistrationFactory(status="offered")
    Registration.objects.update(status="attended", held_until=None)

    with pytest.raises(ImpossibleMove):
        ACTIONS[action](stale)

    assert Registration.objects.get().status == "attended"


def test_only_what_is_held_has_an_end() -> None:
    for status in ("pending_payment", "offered"):
        registration = RegistrationFactory(status=status)
        cancel(registration)
        assert (registration.held_until, Registration.objects.get(pk=registration.pk).held_until) == (None, None)


def test_mark_attendance_is_all_or_nothing() -> None:
    session = SessionFactory(starts_at=timezone.now())
    there = RegistrationFactory(session=session)
    gone = RegistrationFactory(session=session, status="cancelled")

    with pytest.raises(ImpossibleMove):
        mark_attendance([there, gone], attended=True)

    assert set(Session.objects.get().registrations.values_list("status", flat=True)) == {"confirmed", "cancelled"}


@pytest.mark.parametrize("attended", [True, False])
def test_nobody_came_or_stayed_away_more_than_two_hours_before_the_start(attended: bool) -> None:
    begins, later = (SessionFactory(starts_at=timezone.now() + ahead) for ahead in (HOUR, 2 * HOUR + HOUR / 60))
    people = [RegistrationFactory(session=session) for session in (begins, later)]

    with pytest.raises(SessionNotStarted):
        mark_attendance(people, attended)
    assert set(Registration.objects.values_list("status", flat=True)) == {"confirmed"}

    assert mark_attendance(people[:1], attended) == 1


@pytest.mark.parametrize("status", ["confirmed", "waitlisted", "pending_payment", "offered"])
def test_nobody_cancels_what_is_over(status: str) -> None:
    registration = RegistrationFactory(session=SessionFactory(starts_at=timezone.now() - HOUR), status=status)

    with pytest.raises(SessionOver):
        cancel(registration)

    assert Registration.objects.get().status == status


def test_update_refuses_what_is_no_detail() -> None:
    with pytest.raises(ValueError, match="email"):
        update_registration(RegistrationFactory(), {"email": "new@client.example"})
