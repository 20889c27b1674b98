"""Money and seats that change at the same time: whatever crosses what, all that is charged is seated or goes back."""

import json
import time
from datetime import timedelta
from decimal import Decimal

import pytest
import stripe as library
from django.utils import timezone

from integrations import inbox, outbox
from integrations.erasure import forget
from integrations.models import Delivery, Integration, WebhookEvent
from integrations.stripe.port import StripePayments
from integrations.stripe.sandbox import WEBHOOK_SECRET, StripeSandbox
from integrations.stripe.sandbox.errors import ApiError
from webinars.actions import cancel, cancel_session, change_session, request_refund
from webinars.models import Payment, Refund, Registration, Session

from .conftest import a_seat, a_session, paid, payment_of, post, service, started, status

pytestmark = pytest.mark.django_db(transaction=True)
DEBIT, CHALLENGE, DECLINED = "pm_success_de", "pm_card_threeDSecure2Required", "pm_card_chargeDeclined"


def catch_up(peer: StripeSandbox) -> None:
    """All that Stripe has to tell comes here, and our worker does what it has to do, twice: the second time is echo."""
    for _ in range(2):
        for event in reversed(peer.records("events")):
            body = json.dumps(event)
            assert post(body, library.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET)) == 200
        inbox.sweep()
        Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        outbox.drain(integration="stripe")
        for refund in peer.records("refunds"):
            if refund["status"] == "pending":  # a debit's
                peer.settle(refund["id"])


def is_square(peer: StripeSandbox, session: Session, price: int = 11900) -> bool:
    """Whether what Stripe kept is what the seats cost, and our book says the same."""
    taken = sum(each["amount_captured"] for each in peer.records("charges") if each["status"] == "succeeded")
    back = sum(each["amount"] for each in peer.records("refunds") if each["status"] == "succeeded")
    ours = sum(each.amount - each.refunded for each in Payment.objects.paid())
    seats = session.registrations.filter(status="confirmed").count()
    return taken - back == ours * 100 == seats * price


def a_debit(peer: StripeSandbox) -> Payment:
    """On its way from the bank, as both sides know."""
    payment = started(a_seat())
    peer.pay(payment.provider_id, DEBIT)
    service().till.read(payment)
    return payment


def reasons(payment: Payment) -> list[tuple[str, str]]:
    return list(Refund.objects.filter(payment=payment).values_list("reason", "status"))


@pytest.mark.parametrize("ends", ["succeeded", "failed"])
def test_session_is_cancelled_while_a_bank_works(stripe: Integration, peer: StripeSandbox, ends: str) -> None:
    payment = a_debit(peer)
    cancel_session(payment.registration.session)
    catch_up(peer)
    assert payment_of(payment.registration).status == "processing"

    peer.settle(payment.provider_id, ends)  # type: ignore[arg-type]
    catch_up(peer)

    assert is_square(peer, payment.registration.session)
    assert status(payment.registration) == "cancelled"
    assert reasons(payment) == ([("session_cancelled", "succeeded")] if ends == "succeeded" else [])
    assert not payment_of(payment.registration).is_open


def test_client_cancels_while_a_bank_works(stripe: Integration, peer: StripeSandbox) -> None:
    payment = a_debit(peer)
    cancel(payment.registration)

    peer.settle(payment.provider_id)
    catch_up(peer)

    assert is_square(peer, payment.registration.session)
    assert reasons(payment) == [("cancelled_by_client", "succeeded")]


def test_person_is_forgotten_while_a_bank_works(stripe: Integration, peer: StripeSandbox) -> None:
    payment = a_debit(peer)
    forget(payment.registration.email, via="admin")

    peer.settle(payment.provider_id)
    catch_up(peer)

    assert is_square(peer, payment.registration.session)
    assert payment_of(payment.registration).status == "refunded"


def test_seat_becomes_free_of_charge_while_a_bank_works(stripe: Integration, peer: StripeSandbox) -> None:
    payment = a_debit(peer)
    change_session(payment.registration.session, {"price": Decimal(0)})
    assert status(payment.registration) == "confirmed"

    peer.settle(payment.provider_id)
    catch_up(peer)

    assert (status(payment.registration), payment_of(payment.registration).status) == ("confirmed", "refunded")


def test_price_changes_while_the_bank_asks_the_payer(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    old = started(registration)
    confirm = service().client.api.payment_intents.confirm
    asked = confirm(old.provider_id, {"payment_method": CHALLENGE, "return_url": "https://payer.example/"})
    assert asked.status == "requires_action"
    change_session(registration.session, {"price": Decimal("99.00")})

    new = started(registration)
    peer.pay(new.provider_id)
    catch_up(peer)

    assert (new.number, peer.get("payment_intents", old.provider_id)["status"]) == (2, "canceled")
    assert is_square(peer, registration.session, 9900)
    assert status(registration) == "confirmed"


def test_second_card_after_the_seat_was_given_to_the_next(stripe: Integration, peer: StripeSandbox) -> None:
    """The first card was declined; its seat went, and Stripe did not hear of it before the second card was charged."""
    session = a_session(capacity=1)
    registration = a_seat(session)
    payment = started(registration)
    waiting = a_seat(session, "bob@client.example")
    peer.pay(payment.provider_id, DECLINED)
    Registration.objects.filter(pk=registration.pk).update(status="expired", held_until=None)
    Registration.objects.filter(pk=waiting.pk).update(status="confirmed", confirmed_at=timezone.now())

    peer.pay(payment.provider_id)
    catch_up(peer)

    payment.refresh_from_db()
    assert (payment.status, payment.notice, reasons(payment)) == ("refunded", "seat_lost", [("lost_seat", "succeeded")])


def test_all_ways_of_sending_back_together_send_back_once(stripe: Integration, peer: StripeSandbox) -> None:
    """An operator sends a part, so does somebody at Stripe, and the client cancels, before any of it is heard of."""
    payment = paid(peer)
    request_refund(payment, Decimal("19.00"), reason=Refund.Reason.BY_OPERATOR)
    peer.refund(payment.provider_id, 5000)
    cancel(payment.registration)

    catch_up(peer)

    assert is_square(peer, payment.registration.session)
    assert payment_of(payment.registration).status == "refunded"


def test_all_parts_sent_back_at_stripe_give_the_seat_to_the_next(stripe: Integration, peer: StripeSandbox) -> None:
    session = a_session(capacity=1)
    payment = paid(peer, a_seat(session))
    waiting = a_seat(session, "bob@client.example")
    for part in (1900, 10000):
        peer.refund(payment.provider_id, part)

    catch_up(peer)

    assert (status(payment.registration), status(waiting)) == ("cancelled", "offered")
    assert is_square(peer, session)


def test_disputed_money_is_not_sent_back_besides(stripe: Integration, peer: StripeSandbox) -> None:
    """The payer asks the bank, and cancels, too."""
    payment = paid(peer)
    dispute = peer.dispute(payment.provider_id)
    catch_up(peer)

    cancel(payment.registration)
    peer.close_dispute(dispute["id"], "lost")
    catch_up(peer)

    assert (payment_of(payment.registration).status, peer.records("refunds")) == ("disputed", [])


def test_pages_in_two_tabs_are_one_charge(stripe: Integration, peer: StripeSandbox) -> None:
    """Each with a card of its own: the first is declined, the second pays, and the first one tries again."""
    registration = a_seat()
    intents = {StripePayments().start(registration).client_secret for _ in range(2)}
    payment = payment_of(registration)

    peer.pay(payment.provider_id, DECLINED)
    peer.pay(payment.provider_id)
    with pytest.raises(ApiError, match="already succeeded"):
        peer.pay(payment.provider_id)
    catch_up(peer)

    assert (len(intents), len([each for each in peer.records("charges") if each["paid"]])) == (1, 1)
    assert is_square(peer, registration.session)


def test_event_that_was_recorded_is_worth_nothing_later(stripe: Integration, peer: StripeSandbox) -> None:
    """Bytes and signature are right; a minute too old, and once more in time: neither changes anything."""
    payment = paid(peer)
    event = next(each for each in peer.records("events") if each["type"] == "payment_intent.succeeded")
    body = json.dumps(event)
    now = int(time.time())
    peer.refund(payment.provider_id)
    service().till.read(payment)

    replies = [
        post(body, library.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET, now - age))
        for age in (360, 0, 0)
    ]
    inbox.sweep()

    assert (replies, WebhookEvent.objects.count()) == ([400, 200, 200], 1)
    assert payment_of(payment.registration).status == "refunded"
