"""Paying a seat: one intent per try, whatever goes wrong on the way."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection as database
from django.utils import timezone

from integrations import configuration
from integrations.models import Integration, IntegrationLog
from integrations.stripe.port import StripePayments
from integrations.stripe.sandbox import StripeSandbox
from webinars.actions import change_session
from webinars.errors import OfferOver
from webinars.models import Payment, Registration

from .conftest import a_seat, a_session, connect, hear, paid, payment_of, service, started, status

pytestmark = pytest.mark.django_db(transaction=True)


def test_price_and_references_are_sent_and_no_person(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()

    checkout = StripePayments().start(registration)

    (intent,) = peer.records("payment_intents")
    payment = payment_of(registration)
    assert (intent["amount"], intent["currency"], intent["id"]) == (11900, "eur", payment.provider_id)
    assert intent["metadata"] == {
        "site": "localhost:8000",
        "payment": str(payment.uuid),
        "registration": str(registration.uuid),
        "session": registration.session.slug,
    }
    assert (checkout.amount, checkout.currency) == (Decimal("119.00"), "EUR")
    assert checkout.client_secret == intent["client_secret"]
    assert registration.email not in str(intent)


def test_pressing_again_leads_to_the_same_intent(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()

    secrets = {StripePayments().start(registration).client_secret for _ in range(3)}

    assert len(secrets) == len(peer.records("payment_intents")) == Payment.objects.count() == 1


def test_two_tabs_at_once_lead_to_the_same_intent(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    peer.faults.set("slow", 0.1, call="payment_intents.create")
    start = Barrier(4)

    def tab(number: int) -> str | None:
        start.wait(10)
        try:
            return StripePayments().start(Registration.objects.get(pk=registration.pk)).client_secret
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        secrets = set(pool.map(tab, range(4)))

    (intent,) = peer.records("payment_intents")
    assert secrets == {intent["client_secret"]}
    assert Payment.objects.count() == 1


def test_money_makes_the_seat(stripe: Integration, peer: StripeSandbox) -> None:
    payment = paid(peer)

    assert (payment.status, status(payment.registration)) == ("succeeded", "confirmed")


def test_descriptor_goes_on_the_statement(db: None, peer: StripeSandbox) -> None:
    connect(peer, statement_descriptor="WEBINAR")

    started(a_seat())

    assert peer.records("payment_intents")[0]["statement_descriptor_suffix"] == "WEBINAR"


@pytest.mark.parametrize(
    ("currency", "price", "sent"), [("JPY", "1500", 1500), ("KWD", "5", 5000), ("ISK", "900", 90000)]
)
def test_amounts_are_in_stripes_units(
    stripe: Integration, peer: StripeSandbox, currency: str, price: str, sent: int
) -> None:
    registration = a_seat(a_session(price=Decimal(price), currency=currency))

    payment = paid(peer, registration)

    assert peer.records("payment_intents")[0]["amount"] == sent
    assert (payment.status, payment.problem) == ("succeeded", "")


def test_lost_answer_leads_to_the_same_intent(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    peer.faults.set("cut_after", times=1, call="payment_intents.create")

    first = StripePayments().start(registration)
    second = StripePayments().start(registration)

    assert (first.client_secret, first.amount) == (None, Decimal("119.00"))
    assert second.client_secret == peer.records("payment_intents")[0]["client_secret"]
    assert len(peer.records("payment_intents")) == 1


def test_lost_answer_leads_to_the_same_intent_though_the_key_is_forgotten(
    stripe: Integration, peer: StripeSandbox
) -> None:
    registration = a_seat()
    peer.faults.set("cut_after", times=1, call="payment_intents.create")
    StripePayments().start(registration)
    long_ago = timedelta(hours=25)
    Payment.objects.update(created_at=timezone.now() - long_ago)
    peer.clock.advance(long_ago.total_seconds())

    assert StripePayments().start(registration).client_secret

    assert len(peer.records("payment_intents")) == 1


def test_kept_failure_is_passed_by_another_key(stripe: Integration, peer: StripeSandbox) -> None:
    """Stripe repeats a 500 for a day under the same key."""
    registration = a_seat()
    peer.faults.set("crash", times=1, call="payment_intents.create")

    assert StripePayments().start(registration).client_secret is None
    assert StripePayments().start(registration).client_secret

    keys = [key for call, key in peer.calls if call == "payment_intents.create"]
    payment = payment_of(registration)
    assert keys == [f"payment-{payment.uuid}", f"payment-{payment.uuid}", f"payment-{payment.uuid}-1"]
    assert len(peer.records("payment_intents")) == 1


def test_other_parameters_under_the_key_find_what_was_made(stripe: Integration, peer: StripeSandbox) -> None:
    """The answer was lost, and the descriptor is another one since: Stripe refuses the key."""
    registration = a_seat()
    peer.faults.set("cut_after", times=1, call="payment_intents.create")
    StripePayments().start(registration)
    configuration.configure(stripe, {"statement_descriptor": "WEBINAR"})

    assert StripePayments().start(registration).client_secret

    assert len(peer.records("payment_intents")) == 1


def test_stripe_away_leaves_the_seat_held(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    peer.stop()

    checkout = StripePayments().start(registration)

    assert (checkout.client_secret, status(registration)) == (None, "pending_payment")


def test_other_price_is_paid_by_another_intent(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    old = started(registration)
    change_session(registration.session, {"price": Decimal("99.00")})

    checkout = StripePayments().start(registration)

    old.refresh_from_db()
    assert (old.status, peer.get("payment_intents", old.provider_id)["status"]) == ("cancelled", "canceled")
    assert checkout.amount == Decimal("99.00")
    assert payment_of(registration).number == 2


def test_other_rate_of_vat_is_on_the_receipt_of_who_has_not_paid_yet(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    started(registration)
    change_session(registration.session, {"vat_rate": Decimal("7.00")})

    StripePayments().start(registration)

    assert payment_of(registration).vat_rate == Decimal("7.00")


def test_payment_in_doubt_cannot_be_paid(stripe: Integration, peer: StripeSandbox) -> None:
    """The amount was edited in the dashboard while nobody had the page open."""
    registration = a_seat()
    payment = started(registration)
    api = service().client.api
    api.payment_intents.update(payment.provider_id, {"amount": 100})

    checkout = StripePayments().start(registration)

    payment.refresh_from_db()
    assert payment.problem
    assert checkout.client_secret is None


def test_nobody_begins_to_pay_when_the_hold_is_over(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    started(registration)
    Registration.objects.update(held_until=timezone.now() - timedelta(seconds=1))

    with pytest.raises(OfferOver):
        StripePayments().start(registration)


def test_who_paid_the_old_price_keeps_the_seat(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    peer.pay(started(registration).provider_id)
    change_session(registration.session, {"price": Decimal("99.00")})

    StripePayments().start(registration)

    assert status(registration) == "confirmed"
    assert [payment.status for payment in registration.payments.all()] == ["succeeded"]


def test_intent_cancelled_in_the_dashboard_is_followed_by_another(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    payment = started(registration)
    service().client.cancel_intent(payment.provider_id)

    StripePayments().start(registration)
    checkout = StripePayments().start(registration)

    assert checkout.client_secret
    assert payment_of(registration).number == 2


def test_decline_is_told_in_the_payers_language(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat(language="de")
    payment = started(registration)
    peer.pay(payment.provider_id, "pm_card_visa_chargeDeclinedInsufficientFunds")

    hear(payment.provider_id, "payment_intent.payment_failed")

    payment = payment_of(registration)
    assert (payment.status, payment.failure) == ("failed", "Auf diesem Konto ist nicht genug Geld.")


def test_returning_payer_need_not_wait_for_the_event(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    peer.pay(started(registration).provider_id)

    StripePayments().refresh(registration)

    assert status(registration) == "confirmed"


def test_reloading_asks_stripe_now_and_then_only(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    started(registration)
    before = len(peer.calls)

    for _ in range(10):
        StripePayments().refresh(registration)

    assert len(peer.calls) - before <= 2  # the window may end in between


def test_refresh_never_fails(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    StripePayments().refresh(registration)
    started(registration)
    peer.stop()

    StripePayments().refresh(registration)

    assert status(registration) == "pending_payment"


def test_calls_are_logged_as_a_visitors(stripe: Integration, peer: StripeSandbox) -> None:
    started(a_seat())

    logged = IntegrationLog.objects.get(operation="create_payment_intent")
    assert (logged.trigger, logged.status) == ("visitor", "ok")
