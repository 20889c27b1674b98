"""Payment intents, from creation to the money."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from integrations.stripe.sandbox import StripeSandbox

from .conftest import Endpoint, confirm, create


def test_paid_intent_says_so_everywhere(client: StripeClient) -> None:
    intent = create(client, metadata={"payment": "7"})
    assert (intent.status, intent.livemode, intent.amount_received) == ("requires_payment_method", False, 0)

    confirm(client, intent)

    paid = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    charge: Any = paid.latest_charge
    assert (paid.status, paid.amount_received, paid.metadata["payment"]) == ("succeeded", 2000, "7")
    assert (charge.paid, charge.amount, charge.payment_method_details.card.last4) == (True, 2000, "4242")


def test_payment_is_told_of_with_the_state_of_the_moment(
    peer: StripeSandbox, client: StripeClient, endpoint: Endpoint
) -> None:
    intent = create(client, key="payment-1")
    confirm(client, intent)

    assert peer.webhooks.wait_idle()
    told = {event.type: event for event in endpoint.events}
    assert set(told) == {"payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}
    assert told["payment_intent.created"].data.object.status == "requires_payment_method"
    assert told["payment_intent.succeeded"].data.object.status == "succeeded"
    assert told["payment_intent.created"].request.idempotency_key == "payment-1"
    assert told["payment_intent.succeeded"].api_version == stripe.api_version


def test_declined_card_leaves_an_open_intent_and_a_failed_charge(client: StripeClient) -> None:
    intent = create(client)

    with pytest.raises(stripe.CardError) as refused:
        confirm(client, intent, "pm_card_chargeDeclinedInsufficientFunds")

    error: Any = refused.value.error
    assert (error.code, error.decline_code) == ("card_declined", "insufficient_funds")
    again = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    charge: Any = again.latest_charge
    assert (again.status, again.last_payment_error.code) == ("requires_payment_method", "card_declined")  # type: ignore[union-attr]
    assert (charge.status, charge.paid, charge.id) == ("failed", False, error.charge)
    assert confirm(client, intent).status == "succeeded"
