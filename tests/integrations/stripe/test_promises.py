"""What a worker does at Stripe about payments: those that nobody wants any more are cancelled, the others are read."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from django.utils import timezone

from integrations import outbox
from integrations.models import Delivery, Integration
from integrations.stripe.sandbox import StripeSandbox
from integrations.stripe.service import StripeService
from webinars.actions import expire
from webinars.models import Payment, Registration

from .conftest import a_seat, a_session, paid, payment_of, service, started, states, status

pytestmark = pytest.mark.django_db(transaction=True)


def deliver() -> None:
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    outbox.drain(integration="stripe")


def overdue(registration: Registration) -> None:
    past = timezone.now() - timedelta(minutes=1)
    Registration.objects.filter(pk=registration.pk).update(held_until=past)
    expire(timezone.now())


def intent_of(peer: StripeSandbox, payment: Payment) -> str:
    return str(peer.get("payment_intents", payment.provider_id)["status"])


# --- a seat that is wanted back ---------------------------------------------------------------------------------------


def test_unpaid_seat_goes_once_nobody_can_pay_it(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    payment = started(registration)

    overdue(registration)
    assert status(registration) == "pending_payment"
    deliver()

    assert (intent_of(peer, payment), status(registration), states()) == ("canceled", "expired", {"delivered": 1})


def test_who_paid_in_the_last_second_keeps_the_seat(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    payment = started(registration)
    peer.pay(payment.provider_id)

    overdue(registration)
    deliver()

    assert (intent_of(peer, payment), status(registration)) == ("succeeded", "confirmed")


def test_payment_under_way_at_the_bank_is_waited_for(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    payment = started(registration)
    peer.pay(payment.provider_id, "pm_success_de")

    overdue(registration)
    deliver()

    assert (payment_of(registration).status, status(registration)) == ("processing", "pending_payment")


def test_payment_whose_creation_was_never_answered_is_cancelled(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    peer.faults.set("cut_after", times=1, call="payment_intents.create")
    started(registration)

    overdue(registration)
    deliver()

    (intent,) = peer.records("payment_intents")
    assert (intent["status"], status(registration)) == ("canceled", "expired")


def test_seat_taken_again_meanwhile_is_left_alone(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    payment = started(registration)
    outbox.keep_in_sync(StripeService.cancel_payments, [payment])

    deliver()

    assert (intent_of(peer, payment), states()) == ("requires_payment_method", {"cancelled": 1})


def test_lost_answer_to_a_cancellation_does_no_harm(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    payment = started(registration)
    peer.faults.set("cut_after", times=1, call="payment_intents.cancel")

    overdue(registration)
    deliver()
    assert states() == {"pending": 1}
    deliver()

    assert (intent_of(peer, payment), status(registration)) == ("canceled", "expired")


def test_cancellation_that_another_read_overtakes_is_heard_of_all_the_same(
    stripe: Integration, peer: StripeSandbox
) -> None:
    """It began after ours, and ended before Stripe had cancelled anything."""
    registration = a_seat()
    started(registration)
    overdue(registration)
    Payment.objects.update(reported=F("asked") + 1)

    deliver()

    assert (payment_of(registration).status, status(registration)) == ("cancelled", "expired")


def test_payment_that_stripe_does_not_know_frees_its_seat(stripe: Integration, peer: StripeSandbox) -> None:
    """Another account's, for one: the keys were changed since."""
    registration = a_seat()
    started(registration)
    Payment.objects.update(provider_id="pi_elsewhere")

    overdue(registration)
    deliver()

    assert (status(registration), states()) == ("expired", {"delivered": 1})


def test_price_below_stripes_least_never_blocks_a_seat(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat(a_session(price=Decimal("0.10")))
    started(registration)

    overdue(registration)
    deliver()

    assert (status(registration), peer.records("payment_intents")) == ("expired", [])


# --- what Stripe says now ---------------------------------------------------------------------------------------------


def test_comparing_takes_over_what_stripe_says(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    payment = started(registration)
    peer.pay(payment.provider_id)

    outbox.keep_in_sync(StripeService.read_payments, [payment])
    deliver()

    assert (status(registration), states()) == ("confirmed", {"delivered": 1})


def test_won_dispute_is_none_any_more(stripe: Integration, peer: StripeSandbox) -> None:
    payment = paid(peer)
    dispute = peer.dispute(payment.provider_id)
    service().till.read(payment)
    during = payment_of(payment.registration).status
    peer.close_dispute(dispute["id"], "won")

    service().till.read(payment)

    assert (during, payment_of(payment.registration).status) == ("disputed", "succeeded")
