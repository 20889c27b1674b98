"""Money and seat agree, whatever the provider tells and however late."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from tests.factories import RegistrationFactory, SessionFactory
from tests.leads.listening import listen
from tests.webinars.paying import hear, pay, told, went_back
from tests.webinars.people import come, run_out, standing
from webinars.actions import ask, begin_payment, cancel, cancel_session, expire, report
from webinars.errors import ImpossibleMove, OfferOver, PaymentInDoubt
from webinars.models import Payment, Refund, Registration
from webinars.payments import State
from webinars.signals import (
    payments_abandoned,
    payments_failed,
    payments_mismatched,
    payments_succeeded,
    refunds_requested,
    seats_lost,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("payable")]
PRICE = Decimal("119.00")


def a_pending_seat(**session: object) -> Registration:
    return RegistrationFactory(session=SessionFactory(**{"price": PRICE, **session}), status="pending_payment")


def state(registration: Registration) -> str:
    return Registration.objects.get(pk=registration.pk).status


# --- beginning ------------------------------------------------------------------------------------------------------


def test_payment_is_of_the_sessions_price_and_the_same_in_two_tabs() -> None:
    registration = a_pending_seat(vat_rate=7, currency="CHF")

    first, second = begin_payment(registration), begin_payment(registration)

    assert first == second
    row = Payment.objects.get()
    assert (row.amount, row.currency, row.vat_rate, row.number, row.status) == (PRICE, "CHF", 7, 1, "pending")


def test_declined_payment_goes_on_and_a_cancelled_one_is_followed_by_another() -> None:
    registration = a_pending_seat()
    payment = begin_payment(registration)

    hear(payment, State.FAILED, failure="Your card was declined.")
    again = begin_payment(registration)
    hear(payment, State.CANCELLED)
    other = begin_payment(registration)

    assert again == payment
    assert again.failure == "Your card was declined."
    assert (other.number, Payment.objects.count()) == (2, 2)


def test_nothing_is_paid_that_needs_no_payment() -> None:
    with pytest.raises(ImpossibleMove):
        begin_payment(RegistrationFactory(status="waitlisted"))


def test_no_payment_begins_when_the_time_is_over() -> None:
    registration = a_pending_seat()
    run_out(registration.session)

    with pytest.raises(OfferOver):
        begin_payment(registration)


# --- money is there -------------------------------------------------------------------------------------------------


def test_money_confirms_the_seat_and_is_numbered() -> None:
    registration = a_pending_seat()

    with listen(payments_succeeded) as heard:
        payment = pay(registration)

    payment.refresh_from_db()
    assert (state(registration), payment.status, heard) == ("confirmed", "succeeded", [[payment]])
    assert payment.receipt_number == f"{payment.succeeded_at:%Y}-000001"
    assert payment.gave_seat


def test_money_heard_of_again_changes_nothing() -> None:
    registration = a_pending_seat()
    payment = pay(registration)

    with listen(payments_succeeded) as heard:
        assert hear(payment)

    assert (heard, Payment.objects.get().receipt_number) == ([], payment.receipt_number)


def test_read_that_began_earlier_and_arrives_later_is_not_believed() -> None:
    payment = begin_payment(a_pending_seat())
    earlier, later = ask(payment), ask(payment)

    assert report(payment, told(payment), later)
    assert not report(payment, told(payment, State.PENDING), earlier)
    assert not report(payment, told(payment, State.PENDING), later)

    assert Payment.objects.get().status == "succeeded"


def test_receipts_have_no_gaps() -> None:
    session = SessionFactory(price=PRICE)
    numbers = []
    for _ in range(3):
        registration = RegistrationFactory(session=session, status="pending_payment")
        numbers.append(pay(registration).receipt_number)
        hear(begin_payment(RegistrationFactory(session=session, status="pending_payment")), State.FAILED)

    assert [number[-6:] for number in numbers] == ["000001", "000002", "000003"]


# --- seats ----------------------------------------------------------------------------------------------------------


def test_seat_is_not_taken_back_while_its_payment_is_open() -> None:
    registration = a_pending_seat()
    payment = begin_payment(registration)
    run_out(registration.session)

    with listen(payments_abandoned) as heard:
        counts = [expire(timezone.now()), expire(timezone.now())]

    assert (counts, state(registration), heard) == ([0, 0], "pending_payment", [[payment]])


@pytest.mark.parametrize(("told_then", "becomes"), [(State.CANCELLED, "expired"), (State.SUCCEEDED, "confirmed")])
def test_provider_decides_about_a_seat_whose_time_is_over(told_then: State, becomes: str) -> None:
    registration = a_pending_seat()
    payment = begin_payment(registration)
    run_out(registration.session)
    expire(timezone.now())

    hear(payment, told_then)

    assert state(registration) == becomes


def test_money_for_a_lost_seat_gets_it_again_where_nobody_else_has_it() -> None:
    registration = a_pending_seat(capacity=1)
    payment = begin_payment(registration)
    Registration.objects.update(status="expired", held_until=None)

    hear(payment)

    assert (state(registration), Refund.objects.count()) == ("confirmed", 0)


@pytest.mark.parametrize("other", ["confirmed", "waitlisted", "offered", "pending_payment"])
def test_money_for_a_seat_that_others_have_or_wait_for_goes_back(other: str) -> None:
    registration = a_pending_seat(capacity=1)
    payment = begin_payment(registration)
    Registration.objects.update(status="expired", held_until=None)
    RegistrationFactory(session=registration.session, status=other)

    with listen(seats_lost) as lost, listen(refunds_requested) as asked:
        hear(payment)

    refund = Refund.objects.get()
    assert (state(registration), refund.amount, refund.reason) == ("expired", PRICE, "lost_seat")
    assert (lost, asked) == ([[payment]], [[refund]])
    assert Payment.objects.get().notice == "seat_lost"


def test_money_for_a_seat_that_was_given_up_goes_back() -> None:
    registration = a_pending_seat()
    payment = begin_payment(registration)
    with listen(payments_abandoned) as abandoned:
        cancel(registration)

    hear(payment)

    assert abandoned == [[payment]]
    assert (state(registration), Refund.objects.get().reason) == ("cancelled", "cancelled_by_client")


def test_money_for_a_session_that_was_cancelled_meanwhile_goes_back() -> None:
    registration = a_pending_seat()
    payment = begin_payment(registration)
    with listen(payments_abandoned) as abandoned:
        cancel_session(registration.session)

    hear(payment)

    assert abandoned == [[payment]]
    assert (state(registration), Refund.objects.get().reason) == ("cancelled", "session_cancelled")


def test_money_for_a_seat_that_comes_back_from_the_bank_after_the_session_goes_back() -> None:
    registration = a_pending_seat()
    payment = begin_payment(registration)
    Registration.objects.update(status="expired", held_until=None)

    with time_machine.travel(registration.session.ends_at):
        hear(payment)

    assert (state(registration), Refund.objects.get().reason) == ("expired", "lost_seat")


def test_money_that_the_bank_sends_when_the_session_is_over_buys_no_seat() -> None:
    registration = a_pending_seat()
    payment = begin_payment(registration)
    hear(payment, State.PROCESSING)

    with time_machine.travel(registration.session.ends_at):
        hear(payment)

    assert (state(registration), Refund.objects.get().reason) == ("expired", "lost_seat")


def test_bank_that_declines_when_the_time_is_over_frees_the_seat_once_nobody_can_pay_it_any_more() -> None:
    registration = a_pending_seat(capacity=1)
    come(registration.session, "bob")
    payment = begin_payment(registration)
    hear(payment, State.PROCESSING)
    run_out(registration.session)
    assert expire(timezone.now()) == 0  # what a bank works on cannot be stopped

    with listen(payments_abandoned) as abandoned:
        hear(payment, State.FAILED)
    assert standing(registration.session) == {"Ada": "pending_payment", "bob": "waitlisted"}
    hear(payment, State.CANCELLED)

    assert standing(registration.session) == {"Ada": "expired", "bob": "offered"}
    assert abandoned == [[payment]]


def test_second_card_that_pays_after_the_hold_but_before_the_cancellation_has_the_seat() -> None:
    registration = a_pending_seat(capacity=1)
    come(registration.session, "bob")
    payment = begin_payment(registration)
    run_out(registration.session)
    hear(payment, State.FAILED)

    hear(payment)

    assert standing(registration.session) == {"Ada": "confirmed", "bob": "waitlisted"}
    assert not Refund.objects.exists()


def test_money_for_a_lost_seat_goes_back_once_the_bank_leaves_it_to_us() -> None:
    registration = a_pending_seat(capacity=1)
    payment = begin_payment(registration)
    come(registration.session, "bob")
    Registration.objects.filter(pk=registration.pk).update(status="expired", held_until=None)
    hear(payment, disputed=True)
    assert not Refund.objects.exists()

    hear(payment)

    refund = Refund.objects.get()
    assert (refund.amount, refund.reason) == (PRICE, "lost_seat")


def test_money_of_a_cancelled_session_goes_back_once_the_bank_leaves_it_to_us() -> None:
    registration = a_pending_seat()
    payment = pay(registration)
    hear(payment, disputed=True)
    cancel_session(registration.session)
    assert not Refund.objects.exists()

    hear(payment)

    refund = Refund.objects.get()
    assert (refund.amount, refund.reason) == (PRICE, "session_cancelled")


def test_second_payment_of_one_seat_goes_back() -> None:
    registration = a_pending_seat()
    first = begin_payment(registration)
    hear(first, State.CANCELLED)
    second = pay(registration)

    hear(first)

    assert (state(registration), second.status) == ("confirmed", "succeeded")
    assert list(Refund.objects.values_list("payment", "amount", "reason")) == [(first.pk, PRICE, "paid_twice")]


# --- banks that take days -------------------------------------------------------------------------------------------


def test_seat_is_held_while_a_bank_works_on_it() -> None:
    registration = a_pending_seat()
    payment = begin_payment(registration)

    hear(payment, State.PROCESSING)
    once = Registration.objects.get().held_until
    hear(payment, State.PROCESSING)

    assert once is not None
    assert timedelta(days=13) < once - timezone.now() <= timedelta(days=14)
    assert Registration.objects.get().held_until == once


def test_seat_is_held_no_longer_than_the_session_is_ahead() -> None:
    registration = a_pending_seat(starts_at=timezone.now() + timedelta(days=3))

    hear(begin_payment(registration), State.PROCESSING)

    assert Registration.objects.get().held_until == registration.session.starts_at


def test_payer_whose_bank_declines_in_the_end_is_told_and_may_pay_again() -> None:
    registration = a_pending_seat()
    payment = begin_payment(registration)
    hear(payment, State.PROCESSING)

    with listen(payments_failed) as heard:
        hear(payment, State.FAILED)
        hear(payment, State.FAILED)

    held_until = Registration.objects.get().held_until
    assert (heard, state(registration)) == ([[payment]], "pending_payment")
    assert held_until is not None
    assert timedelta(hours=23) < held_until - timezone.now() <= timedelta(hours=24)


def test_payer_who_is_still_on_the_page_gets_no_letter_about_a_decline() -> None:
    with listen(payments_failed) as heard:
        hear(begin_payment(a_pending_seat()), State.FAILED)

    assert heard == []


# --- what differs ---------------------------------------------------------------------------------------------------

DIFFERENCES = [
    {"amount": Decimal("1.19"), "received": Decimal("1.19")},
    {"received": Decimal("118.99")},
    {"currency": "USD"},
    {"live": True},
    {"payment": None},
]


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda each: "-".join(each))
def test_what_differs_is_an_operators_matter_and_confirms_nothing(difference: dict[str, object]) -> None:
    registration = a_pending_seat()
    payment = begin_payment(registration)

    with listen(payments_mismatched) as heard:
        hear(payment, **difference)
        hear(payment, **difference)

    row = Payment.objects.get()
    assert (state(registration), row.status, row.notice) == ("pending_payment", "pending", "mismatch")
    assert (row.receipt_number, row.succeeded_at, heard) == (None, None, [[payment]])
    assert row.problem
    with pytest.raises(PaymentInDoubt):
        begin_payment(registration)


def test_seat_of_a_payment_in_doubt_goes_when_its_time_is_over() -> None:
    registration = a_pending_seat()
    hear(begin_payment(registration), currency="USD")
    run_out(registration.session)

    assert expire(timezone.now()) == 1


def test_difference_is_none_any_more_when_all_of_it_went_back() -> None:
    registration = a_pending_seat()
    payment = begin_payment(registration)
    hear(payment, currency="USD")

    hear(payment, currency="USD", refunds=(went_back(PRICE),))

    row = Payment.objects.get()
    assert (row.status, row.problem, row.notice) == ("cancelled", "", "")
