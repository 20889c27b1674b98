"""What a worker does at Stripe: payments that nobody wants any more, and money that goes back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from integrations import configuration, outbox
from integrations.models import Delivery, Integration
from integrations.stripe.sandbox import StripeSandbox
from integrations.stripe.service import StripeService
from webinars.actions import cancel, cancel_session, expire, request_refund
from webinars.models import Payment, Refund, Registration

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


def refund(payment: Payment, amount: str | None = None) -> Refund:
    reason = Refund.Reason.BY_OPERATOR
    return request_refund(payment, Decimal(amount) if amount else None, reason=reason)


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


# --- money that goes back ---------------------------------------------------------------------------------------------


def test_refund_is_made_and_reflected(stripe: Integration, peer: StripeSandbox) -> None:
    payment = paid(peer)

    refund(payment, "19.00")
    deliver()

    (made,) = peer.records("refunds")
    payment.refresh_from_db()
    assert (made["amount"], payment.status, payment.refunded) == (1900, "partially_refunded", Decimal("19.00"))


def test_lost_answer_to_a_refund_pays_once(stripe: Integration, peer: StripeSandbox) -> None:
    payment = paid(peer)
    peer.faults.set("cut_after", times=1, call="refunds.create")

    refund(payment, "19.00")
    for _ in range(2):
        deliver()

    payment.refresh_from_db()
    assert (len(peer.records("refunds")), payment.refunded, states()) == (1, Decimal("19.00"), {"delivered": 1})


def test_lost_answer_to_a_refund_pays_once_though_the_key_is_forgotten(
    stripe: Integration, peer: StripeSandbox
) -> None:
    payment = paid(peer)
    peer.faults.set("cut_after", times=1, call="refunds.create")
    peer.faults.set("cut_after", times=1, call="payment_intents.retrieve")
    refund(payment, "19.00")
    deliver()
    assert not Refund.objects.get().provider_id
    long_ago = timedelta(hours=25)
    Refund.objects.update(created_at=timezone.now() - long_ago)
    peer.clock.advance(long_ago.total_seconds())

    deliver()

    payment.refresh_from_db()
    assert (len(peer.records("refunds")), payment.refunded, states()) == (1, Decimal("19.00"), {"delivered": 1})


def test_kept_failure_of_a_refund_is_passed(stripe: Integration, peer: StripeSandbox) -> None:
    payment = paid(peer)
    peer.faults.set("crash", times=1, call="refunds.create")

    refund(payment)
    for _ in range(3):
        deliver()

    payment.refresh_from_db()
    assert (len(peer.records("refunds")), payment.status) == (1, "refunded")


def test_several_refunds_are_made_once_each(stripe: Integration, peer: StripeSandbox) -> None:
    payment = paid(peer)

    for amount in ("19.00", "50.00", None):
        refund(payment, amount)
    deliver()

    assert sorted(made["amount"] for made in peer.records("refunds")) == [1900, 5000, 5000]
    payment.refresh_from_db()
    assert payment.status == "refunded"


def test_cancelled_session_pays_everybody_back(stripe: Integration, peer: StripeSandbox) -> None:
    session = a_session()
    payments = [paid(peer, a_seat(session, f"p{n}@client.example")) for n in range(3)]

    cancel_session(session)
    deliver()

    assert {Payment.objects.get(pk=payment.pk).status for payment in payments} == {"refunded"}


def test_money_for_a_lost_seat_goes_back(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    payment = started(registration)
    cancel(registration)
    peer.pay(payment.provider_id)

    deliver()
    deliver()

    payment.refresh_from_db()
    assert (status(registration), payment.status) == ("cancelled", "refunded")


def test_refund_that_was_made_in_the_dashboard_is_not_made_again(stripe: Integration, peer: StripeSandbox) -> None:
    payment = paid(peer)
    asked = refund(payment)
    peer.refund(payment.provider_id)

    deliver()

    payment.refresh_from_db()
    asked.refresh_from_db()
    assert (len(peer.records("refunds")), payment.status, asked.status) == (1, "refunded", "cancelled")


def test_refund_that_fails_later_is_known(stripe: Integration, peer: StripeSandbox) -> None:
    payment = paid(peer)
    asked = refund(payment)
    deliver()
    peer.settle(peer.records("refunds")[0]["id"], "failed")

    service().till.read(payment_of(payment.registration))

    asked.refresh_from_db()
    payment.refresh_from_db()
    assert (asked.status, payment.status, payment.notice) == ("failed", "succeeded", "refund_failed")


def test_refund_that_stripe_refuses_is_dead_and_told(stripe: Integration, peer: StripeSandbox) -> None:
    payment = paid(peer)
    asked = refund(payment)
    dispute = peer.dispute(payment.provider_id)
    peer.close_dispute(dispute["id"], "lost")

    deliver()

    asked.refresh_from_db()
    delivery = Delivery.objects.get(integration__slug="stripe")
    assert (delivery.state, delivery.error_kind, asked.status) == ("dead", "rejected", "failed")
    assert "req_" in delivery.error


def test_missing_permission_bars_refunds_and_nothing_else(stripe: Integration, peer: StripeSandbox) -> None:
    payment = paid(peer)
    peer.faults.set("forbid", times=1, call="refunds.create")
    asked = refund(payment)

    deliver()

    connection = configuration.own_connection(stripe)
    assert (connection.blocked, states()) == (["push_refunds"], {"pending": 1})
    assert "permission" in connection.last_error
    assert Refund.objects.get(pk=asked.pk).status == "pending"
    assert started(a_seat(email="bob@client.example")).provider_id


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


def test_refunds_wait_while_stripe_is_away(stripe: Integration, peer: StripeSandbox) -> None:
    refund(paid(peer))
    peer.stop()

    deliver()

    assert states() == {"pending": 1}
    assert Delivery.objects.get(integration__slug="stripe").failures == 0
