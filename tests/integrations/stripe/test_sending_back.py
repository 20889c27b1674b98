"""Money that a worker sends back at Stripe: each refund once, whatever is lost on the way."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from integrations import configuration
from integrations.models import Delivery, Integration
from integrations.stripe.sandbox import StripeSandbox
from webinars.actions import cancel, cancel_session, request_refund
from webinars.models import Payment, Refund

from .conftest import a_seat, a_session, paid, payment_of, service, started, states, status
from .test_promises import deliver

pytestmark = pytest.mark.django_db(transaction=True)


def refund(payment: Payment, amount: str | None = None) -> Refund:
    reason = Refund.Reason.BY_OPERATOR
    return request_refund(payment, Decimal(amount) if amount else None, reason=reason)


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


def test_refunds_wait_while_stripe_is_away(stripe: Integration, peer: StripeSandbox) -> None:
    refund(paid(peer))
    peer.stop()

    deliver()

    assert states() == {"pending": 1}
    assert Delivery.objects.get(integration__slug="stripe").failures == 0
