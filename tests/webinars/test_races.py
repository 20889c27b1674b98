"""Many at once on connections of their own: no seat too many, nobody twice, nobody passes the queue, no deadlock."""

import random
from collections.abc import Callable

import pytest
from django.db import transaction
from django.utils import timezone

import leads.actions
from leads.models import Lead
from tests.concurrency import at_once
from tests.factories import SessionFactory, a_registrant
from tests.webinars.people import come, run_out, standing
from webinars.actions import accept_offer, cancel, expire, forget, register
from webinars.errors import ImpossibleMove
from webinars.models import Registration, Session

THREADS, PEOPLE, SEATS = 8, 300, 100

pytestmark = pytest.mark.django_db(transaction=True)


def crowd(number: int, *, seed: int) -> list[list[str]]:
    """So many people's names, dealt out to the threads."""
    names = [f"person-{n}" for n in range(number)]
    random.Random(seed).shuffle(names)
    return [names[thread::THREADS] for thread in range(THREADS)]


@pytest.mark.parametrize("turn", [0, *[pytest.param(turn, marks=pytest.mark.soak) for turn in range(1, 21)]])
def test_three_hundred_people_race_for_a_hundred_seats(turn: int) -> None:
    session = SessionFactory(capacity=SEATS)

    done = at_once(lambda names: come(Session.objects.get(), *names), crowd(PEOPLE, seed=turn))

    assert sorted(each.number for some in done for each in some) == list(range(1, PEOPLE + 1))
    states = list(session.registrations.order_by("number").values_list("status", flat=True))
    assert states == ["confirmed"] * SEATS + ["waitlisted"] * (PEOPLE - SEATS)
    assert Lead.objects.count() == PEOPLE


def test_same_person_registering_in_all_threads_at_once_comes_once() -> None:
    session = SessionFactory()

    done = at_once(lambda _: register(Session.objects.get(), a_registrant()), range(THREADS))

    assert [each.is_new for each in done].count(True) == 1
    assert {each.registration for each in done} == set(session.registrations.all())


def test_seats_go_down_the_line_while_people_cancel_and_newcomers_come() -> None:
    session = SessionFactory(capacity=10)
    first = come(session, *[f"first-{n}" for n in range(10)])
    waiting = come(session, *[f"waiting-{n}" for n in range(10)])

    def go(number: int) -> None:
        cancel(Registration.objects.get(pk=first[number].pk))
        come(Session.objects.get(), f"new-{number}")

    at_once(go, range(10))

    states = list(standing(session).values())
    assert states == ["cancelled"] * 10 + ["offered"] * 10 + ["waitlisted"] * 10
    assert [each.number for each in waiting] == list(range(11, 21))


def test_sweeps_at_once_take_each_seat_back_once() -> None:
    session = SessionFactory(capacity=5)
    registered = come(session, *[f"person-{n}" for n in range(20)])
    for registration in registered[:5]:
        cancel(registration)
    run_out(session)

    counts = at_once(lambda _: expire(timezone.now()), range(THREADS))

    assert sum(counts) == 5
    states = list(standing(session).values())
    assert states == ["cancelled"] * 5 + ["expired"] * 5 + ["offered"] * 5 + ["waitlisted"] * 5


def test_accepting_and_cancelling_an_offer_at_once_ends_in_one_of_them() -> None:
    session = SessionFactory(capacity=1)
    ada, bob = come(session, "ada", "bob")
    cancel(ada)

    def attempt(action: Callable[[Registration], None]) -> bool:
        try:
            action(Registration.objects.get(pk=bob.pk))
        except ImpossibleMove:
            return False
        return True

    done = at_once(attempt, [accept_offer, accept_offer, accept_offer])

    assert done.count(True) == 1
    assert standing(session) == {"ada": "cancelled", "bob": "confirmed"}


def test_forgetting_while_people_register_in_several_sessions_neither_deadlocks_nor_brings_anybody_back() -> None:
    sessions = [SessionFactory(capacity=5) for _ in range(3)]
    names = [f"person-{n}" for n in range(10)]
    come(sessions[0], *names)

    def work(number: int) -> None:
        order = random.Random(number).sample(sessions, len(sessions))
        if number % 2:
            people = list(Lead.objects.exclude(status=Lead.Status.FORGOTTEN))
            with transaction.atomic():
                leads.actions.forget(people)
                forget(people)
        else:
            for session in order:
                come(session, *names)

    at_once(work, range(6))

    assert not Registration.objects.filter(lead__status=Lead.Status.FORGOTTEN, first_name__startswith="person").exists()
    for session in sessions:
        assert nobody_passed(session)


def nobody_passed(session: Session) -> bool:
    """Whoever still waits came after everybody who has a seat, or is offered one."""
    waits = [state == "waitlisted" for state in standing_by_number(session) if state not in ("cancelled", "expired")]
    return waits == sorted(waits)


def standing_by_number(session: Session) -> list[str]:
    return list(session.registrations.order_by("number").values_list("status", flat=True))
