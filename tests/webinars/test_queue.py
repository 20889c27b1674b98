"""A seat that becomes free goes to the next in line, one after the other."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tests.factories import RegistrationFactory, SessionFactory
from tests.leads.listening import listen
from tests.webinars.people import come, run_out, standing
from webinars.actions import OFFER, accept_offer, cancel, decline_offer, expire, offer_free_seats
from webinars.errors import OfferOver, PaymentsUnavailable
from webinars.models import Registration, Session
from webinars.signals import registrations_cancelled, registrations_confirmed, registrations_expired, seats_offered

pytestmark = pytest.mark.django_db


def full_session(*waiting: str, **fields: object) -> tuple[Session, list[Registration]]:
    """One seat, which Ada has, and these people on the waiting list."""
    session = SessionFactory(**{"capacity": 1, **fields})
    return session, come(session, "ada", *waiting)


def test_cancelled_seat_is_offered_to_the_first_in_line_for_a_day() -> None:
    session, (ada, bob, _) = full_session("bob", "cleo")
    before = timezone.now()

    with listen(registrations_cancelled) as cancelled, listen(seats_offered) as offered:
        cancel(ada)

    assert standing(session) == {"ada": "cancelled", "bob": "offered", "cleo": "waitlisted"}
    assert (cancelled, offered) == ([[ada]], [[bob]])
    bob.refresh_from_db()
    assert bob.held_until is not None
    assert before + OFFER <= bob.held_until <= timezone.now() + OFFER


def test_waiting_person_who_cancels_frees_no_seat() -> None:
    session, (_, bob, _) = full_session("bob", "cleo")

    cancel(bob)

    assert standing(session) == {"ada": "confirmed", "bob": "cancelled", "cleo": "waitlisted"}


def test_accepted_offer_confirms_and_tells() -> None:
    session, (ada, bob) = full_session("bob")
    cancel(ada)

    with listen(registrations_confirmed) as told:
        accept_offer(bob)

    assert standing(session) == {"ada": "cancelled", "bob": "confirmed"}
    assert told == [[bob]]
    assert bob.confirmed_at is not None


def test_declined_offer_goes_to_the_next_in_line() -> None:
    session, (ada, bob, _) = full_session("bob", "cleo")
    cancel(ada)

    decline_offer(bob)

    assert standing(session) == {"ada": "cancelled", "bob": "cancelled", "cleo": "offered"}


def test_offers_run_down_the_line_as_each_expires() -> None:
    session, (ada, *_) = full_session("bob", "cleo", "dan")
    cancel(ada)

    seen = []
    for _ in range(3):
        run_out(session)
        expire(timezone.now())
        seen.append(list(standing(session).values()))

    assert seen == [
        ["cancelled", "expired", "offered", "waitlisted"],
        ["cancelled", "expired", "expired", "offered"],
        ["cancelled", "expired", "expired", "expired"],
    ]


def test_expired_hold_tells_and_makes_room() -> None:
    session = SessionFactory(capacity=1)
    held = RegistrationFactory(session=session, status="pending_payment", first_name="ada")
    come(session, "bob")
    run_out(session)

    with listen(registrations_expired) as told:
        count = expire(timezone.now())

    assert (count, told) == (1, [[held]])
    assert standing(session) == {"ada": "expired", "bob": "offered"}


def test_expire_leaves_alone_what_still_has_time_and_does_nothing_twice() -> None:
    over = RegistrationFactory(status="offered")
    run_out(over.session)
    RegistrationFactory(status="offered")

    assert [expire(timezone.now()), expire(timezone.now())] == [1, 0]
    assert sorted(Registration.objects.values_list("status", flat=True)) == ["expired", "offered"]


def test_session_that_fails_keeps_no_other_from_its_turn_and_the_sweep_fails() -> None:
    broken, sound = (RegistrationFactory(status="offered") for _ in range(2))
    for held in (broken, sound):
        run_out(held.session)

    def fail(registrations: list[Registration], **kwargs: object) -> None:
        if broken in registrations:
            raise RuntimeError("a receiver failed")

    registrations_expired.connect(fail)
    with pytest.raises(ExceptionGroup, match="1 failed, 1 done"):
        expire(timezone.now())
    registrations_expired.disconnect(fail)

    assert list(Registration.objects.order_by("pk").values_list("status", flat=True)) == ["offered", "expired"]
    assert expire(timezone.now()) == 1


def test_offer_that_ran_out_cannot_be_accepted_although_nobody_took_it_back_yet() -> None:
    session, (ada, bob) = full_session("bob")
    cancel(ada)
    run_out(session)

    with pytest.raises(OfferOver):
        accept_offer(bob)

    assert standing(session) == {"ada": "cancelled", "bob": "offered"}


def test_offer_of_a_paid_session_needs_somebody_to_take_the_money() -> None:
    offered = RegistrationFactory(session=SessionFactory(price=90), status="offered")

    with pytest.raises(PaymentsUnavailable):
        accept_offer(offered)

    assert Registration.objects.get().status == "offered"


def test_offer_never_outlasts_registration() -> None:
    closes_at = timezone.now() + timedelta(hours=2)
    _, (ada, bob) = full_session("bob", registration_closes_at=closes_at)

    cancel(ada)

    bob.refresh_from_db()
    assert bob.held_until == closes_at


def test_offer_never_outlasts_the_start() -> None:
    starts_at = timezone.now() + timedelta(hours=2)
    _, (ada, bob) = full_session("bob", starts_at=starts_at)

    cancel(ada)

    bob.refresh_from_db()
    assert bob.held_until == starts_at


@pytest.mark.usefixtures("payable")
def test_accepted_offer_is_held_for_paying_no_longer_than_until_the_start() -> None:
    session = SessionFactory(price=90, starts_at=timezone.now() + timedelta(minutes=5))
    offered = RegistrationFactory(session=session, status="offered")

    accept_offer(offered)

    offered.refresh_from_db()
    assert (offered.status, offered.held_until) == ("pending_payment", session.starts_at)


@pytest.mark.usefixtures("payable")
def test_offer_that_leaves_no_time_to_pay_cannot_be_accepted() -> None:
    session = SessionFactory(price=90, starts_at=timezone.now() + timedelta(seconds=59))
    offered = RegistrationFactory(session=session, status="offered")

    with pytest.raises(OfferOver):
        accept_offer(offered)

    assert Registration.objects.get().status == "offered"


def test_nothing_is_offered_once_registration_has_closed() -> None:
    session, (ada, _) = full_session("bob")

    with time_machine.travel(session.starts_at + timedelta(minutes=1)):
        cancel(ada)

    assert standing(session) == {"ada": "cancelled", "bob": "waitlisted"}


def test_free_seats_are_offered_to_as_many_as_there_are_seats() -> None:
    session = SessionFactory(capacity=2)
    for name in ("ada", "bob", "cleo"):
        RegistrationFactory(session=session, first_name=name, status="waitlisted")

    offered = offer_free_seats(session)

    assert [registration.first_name for registration in offered] == ["ada", "bob"]
    assert standing(session) == {"ada": "offered", "bob": "offered", "cleo": "waitlisted"}


def test_newcomer_does_not_get_the_seat_that_is_being_offered() -> None:
    session, (ada, _) = full_session("bob")
    cancel(ada)

    come(session, "cleo")

    assert standing(session) == {"ada": "cancelled", "bob": "offered", "cleo": "waitlisted"}


def test_failing_receiver_of_the_offer_takes_the_cancellation_back() -> None:
    session, (ada, _) = full_session("bob")

    with listen(seats_offered, failing=True), pytest.raises(RuntimeError):
        cancel(ada)

    assert standing(session) == {"ada": "confirmed", "bob": "waitlisted"}
