"""Whatever order events come in, however often, and whichever read arrives first: the end is the same.

An event only says "look": each leads to a read, and a read tells what the provider has at the moment of the read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import RegistrationFactory, SessionFactory
from tests.webinars.paying import hear, told, went_back
from webinars.actions import ask, begin_payment, report
from webinars.models import Payment, Refund, Registration
from webinars.payments import Reported, State

pytestmark = pytest.mark.django_db
PRICE = Decimal("90.00")
PART = {"refunds": (went_back(40),)}
ALL = {"refunds": (went_back(40), went_back(50, provider_id="re_2"))}

# What the provider has after each step, by which way it went.
HISTORIES: dict[str, list[tuple[State, dict[str, Any]]]] = {
    "refunded": [(State.PENDING, {}), (State.PROCESSING, {}), (State.SUCCEEDED, {}), (State.SUCCEEDED, ALL)],
    "partly refunded": [(State.PENDING, {}), (State.PROCESSING, {}), (State.SUCCEEDED, {}), (State.SUCCEEDED, PART)],
    "disputed": [
        (State.PENDING, {}),
        (State.PROCESSING, {}),
        (State.SUCCEEDED, {}),
        (State.SUCCEEDED, {"disputed": True}),
    ],
    "refunded and disputed": [
        (State.PENDING, {}),
        (State.PROCESSING, {}),
        (State.SUCCEEDED, {}),
        (State.SUCCEEDED, ALL),
        (State.SUCCEEDED, {**ALL, "disputed": True}),
    ],
    "dispute won": [
        (State.PENDING, {}),
        (State.SUCCEEDED, {}),
        (State.SUCCEEDED, {"disputed": True}),
        (State.SUCCEEDED, {}),
    ],
    "dispute lost": [
        (State.PENDING, {}),
        (State.SUCCEEDED, {}),
        (State.SUCCEEDED, {"disputed": True}),
        (State.SUCCEEDED, {"disputed": True}),
    ],
    "partly refunded, dispute won": [
        (State.PENDING, {}),
        (State.SUCCEEDED, {}),
        (State.SUCCEEDED, PART),
        (State.SUCCEEDED, {**PART, "disputed": True}),
        (State.SUCCEEDED, PART),
    ],
    "disputed again": [
        (State.PENDING, {}),
        (State.SUCCEEDED, {}),
        (State.SUCCEEDED, {"disputed": True}),
        (State.SUCCEEDED, {}),
        (State.SUCCEEDED, {"disputed": True}),
    ],
    "declined, then paid": [(State.PENDING, {}), (State.FAILED, {}), (State.PROCESSING, {}), (State.SUCCEEDED, {})],
    "cancelled": [(State.PENDING, {}), (State.FAILED, {}), (State.CANCELLED, {})],
}
ENDS = {
    "refunded": ("refunded", "cancelled", "90.00", 2),
    "partly refunded": ("partially_refunded", "confirmed", "40.00", 1),
    "disputed": ("disputed", "confirmed", "0.00", 0),
    "refunded and disputed": ("disputed", "cancelled", "90.00", 2),
    "dispute won": ("succeeded", "confirmed", "0.00", 0),
    "dispute lost": ("disputed", "confirmed", "0.00", 0),
    "partly refunded, dispute won": ("partially_refunded", "confirmed", "40.00", 1),
    "disputed again": ("disputed", "confirmed", "0.00", 0),
    "declined, then paid": ("succeeded", "confirmed", "0.00", 0),
    "cancelled": ("cancelled", "pending_payment", "0.00", 0),
}


@dataclass(frozen=True)
class Read:
    """The ticket that was drawn before the provider was read, and what it said then."""

    ticket: int
    reported: Reported


def a_payment() -> Payment:
    session = SessionFactory(price=PRICE, capacity=1)
    return begin_payment(RegistrationFactory(session=session, status="pending_payment"))


def end(payment: Payment) -> tuple[str, str, str, int]:
    payment = Payment.objects.get(pk=payment.pk)
    standing = Registration.objects.get(pk=payment.registration_id).status
    if payment.succeeded_at:
        assert payment.receipt_number
    assert not payment.problem
    return payment.status, standing, str(payment.refunded), Refund.objects.filter(payment=payment).count()


def reads(payment: Payment, history: Sequence[tuple[State, dict[str, Any]]], moments: Sequence[int]) -> list[Read]:
    """One read at each of these moments of the history, and the one that the last event leads to."""
    last = len(history) - 1
    return [
        Read(ask(payment), told(payment, history[min(moment, last)][0], **history[min(moment, last)][1]))
        for moment in [*sorted(moments), last]
    ]


@pytest.mark.parametrize("order", list(permutations(range(5))), ids=lambda order: "".join(map(str, order)))
def test_all_orders_of_created_processing_succeeded_refunded_and_dispute_end_alike(order: tuple[int, ...]) -> None:
    """Each event twice; reads began in the order of the events, and arrive in this one."""
    payment = a_payment()
    begun = reads(payment, HISTORIES["refunded and disputed"], [0, 1, 2, 3, 4] * 2)
    pairs = [begun[2 * n : 2 * n + 2] for n in range(5)]

    for event in order:
        for read in pairs[event]:
            report(payment, read.reported, read.ticket)
            report(payment, read.reported, read.ticket)
    report(payment, begun[-1].reported, begun[-1].ticket)

    assert end(payment) == ENDS["refunded and disputed"]


def test_events_that_all_come_late_end_alike() -> None:
    """When everything has happened already, every event reads the end."""
    payment = a_payment()

    for _event in range(3):
        hear(payment, State.SUCCEEDED, **ALL, disputed=True)

    assert end(payment) == ENDS["refunded and disputed"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), way=st.sampled_from(sorted(HISTORIES)))
def test_any_reads_in_any_order_with_repetitions_end_alike(data: st.DataObject, way: str) -> None:
    history = HISTORIES[way]
    moments = data.draw(st.lists(st.integers(0, len(history) - 1), max_size=8))
    with transaction.atomic():
        payment = a_payment()
        begun = reads(payment, history, moments)
        again = data.draw(st.lists(st.sampled_from(begun), max_size=6))
        for read in data.draw(st.permutations([*begun, *again])):
            report(payment, read.reported, read.ticket)

        assert end(payment) == ENDS[way]
        transaction.set_rollback(True)


def a_lost_seat() -> Payment:
    """Its session is full, and somebody waits besides; the provider may still have money of it."""
    payment = a_payment()
    registration = payment.registration
    registration.session.registrations.filter(pk=registration.pk).update(status="expired", held_until=None)
    RegistrationFactory(session=registration.session, status="confirmed")
    RegistrationFactory(session=registration.session, status="waitlisted")
    return payment


# What must hold in the end where the seat was gone before: how the payment stands, and what goes back, or went.
LOST_ENDS = {
    "refunded": ("refunded", "90.00"),
    "partly refunded": ("partially_refunded", "90.00"),
    "dispute won": ("succeeded", "90.00"),
    "partly refunded, dispute won": ("partially_refunded", "90.00"),
    "declined, then paid": ("succeeded", "90.00"),
    "cancelled": ("cancelled", "0.00"),
}


@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), way=st.sampled_from(sorted(HISTORIES)))
def test_money_for_a_seat_of_a_full_session_goes_back_once_in_any_order(data: st.DataObject, way: str) -> None:
    """While a bank disputes it nothing can go back; what was promised before stays promised, and is never more."""
    history = HISTORIES[way]
    moments = data.draw(st.lists(st.integers(0, len(history) - 1), max_size=8))
    with transaction.atomic():
        payment = a_lost_seat()
        begun = reads(payment, history, moments)
        again = data.draw(st.lists(st.sampled_from(begun), max_size=6))
        for read in data.draw(st.permutations([*begun, *again])):
            report(payment, read.reported, read.ticket)

        is_as_it_must(payment, way)
        transaction.set_rollback(True)


@pytest.mark.parametrize("way", sorted(HISTORIES))
def test_money_for_a_seat_of_a_full_session_goes_back_whenever_we_first_hear_of_it(way: str) -> None:
    """Also where that is in the midst of a dispute."""
    for moment in range(len(HISTORIES[way])):
        payment = a_lost_seat()
        for read in reads(payment, HISTORIES[way], [moment]):
            report(payment, read.reported, read.ticket)

        is_as_it_must(payment, way)
        Refund.objects.update(provider_id="")  # those of the next history are called alike


def is_as_it_must(payment: Payment, way: str) -> None:
    payment = Payment.objects.get(pk=payment.pk)
    assert standings(payment) == ["confirmed", "expired", "waitlisted"]
    if way in LOST_ENDS:
        assert (payment.status, str(payment.given_back.quantize(PRICE))) == LOST_ENDS[way]
    else:
        assert (payment.status, payment.given_back <= PRICE) == ("disputed", True)


def standings(payment: Payment) -> list[str]:
    rows = Registration.objects.filter(session=payment.registration.session_id)
    return sorted(rows.values_list("status", flat=True))
