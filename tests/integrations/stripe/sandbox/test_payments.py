"""Payment intents, from creation to the money."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import stripe
from stripe import StripeClient

from integrations.stripe.sandbox import StripeSandbox

from .conftest import BACK, Endpoint, confirm, create


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


@pytest.mark.parametrize(
    ("method", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ],
)
def test_each_test_card_is_declined_in_its_way(client: StripeClient, method: str, code: str, decline_code: str) -> None:
    with pytest.raises(stripe.CardError) as refused:
        create(client, confirm=True, payment_method=method, return_url=BACK)

    error: Any = refused.value.error
    assert (error.code, error.decline_code, error.payment_intent.status) == (
        code,
        decline_code,
        "requires_payment_method",
    )
    assert client.v1.payment_intents.retrieve(error.payment_intent.id).last_payment_error is not None


# --- 3-D Secure -------------------------------------------------------------------------------------------------------


def challenge(intent: Any, *, passed: bool) -> requests.Response:
    """What the payer does on the bank's page."""
    url = intent.next_action.redirect_to_url.url
    assert "3D Secure" in requests.get(url, timeout=5).text
    form = {"client_secret": intent.client_secret, "passed": "1" if passed else ""}
    return requests.post(url.partition("?")[0], form, timeout=5, allow_redirects=False)


@pytest.mark.parametrize(
    ("method", "passed", "status", "told"),
    [
        ("pm_card_authenticationRequired", True, "succeeded", "succeeded"),
        ("pm_card_threeDSecure2Required", True, "succeeded", "succeeded"),
        ("pm_card_authenticationRequired", False, "requires_payment_method", "failed"),
        (
            "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
            True,
            "requires_payment_method",
            "failed",
        ),
    ],
)
def test_bank_asks_the_payer_who_comes_back(
    client: StripeClient, method: str, passed: bool, status: str, told: str
) -> None:
    intent = confirm(client, create(client), method)
    assert intent.status == "requires_action"

    answer = challenge(intent, passed=passed)

    back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert answer.headers["Location"].startswith(BACK)
    assert back == {
        "payment_intent": intent.id,
        "payment_intent_client_secret": intent.client_secret,
        "redirect_status": told,
    }
    assert client.v1.payment_intents.retrieve(intent.id).status == status


def test_challenge_that_failed_has_no_charge(peer: StripeSandbox, client: StripeClient, endpoint: Endpoint) -> None:
    intent = confirm(client, create(client), "pm_card_authenticationRequired")

    challenge(intent, passed=False)

    again: Any = client.v1.payment_intents.retrieve(intent.id)
    assert again.last_payment_error.code == "payment_intent_authentication_failure"
    assert peer.records("charges") == []
    assert peer.webhooks.wait_idle()
    assert {"payment_intent.requires_action", "payment_intent.payment_failed"} < set(endpoint.types)


def test_challenge_answered_twice_charges_once(peer: StripeSandbox, client: StripeClient) -> None:
    intent = confirm(client, create(client), "pm_card_authenticationRequired")

    first, second = challenge(intent, passed=True), challenge(intent, passed=False)

    assert first.headers["Location"] == second.headers["Location"]
    assert len(peer.records("charges")) == 1


def test_challenge_of_a_canceled_intent_charges_nothing(peer: StripeSandbox, client: StripeClient) -> None:
    intent = confirm(client, create(client), "pm_card_authenticationRequired")
    client.v1.payment_intents.cancel(intent.id)

    answer = challenge(intent, passed=True)

    assert "redirect_status=failed" in answer.headers["Location"]
    assert (peer.records("charges"), peer.get("payment_intents", intent.id)["status"]) == ([], "canceled")


def test_bank_asks_nobody_without_the_client_secret(client: StripeClient) -> None:
    intent = confirm(client, create(client), "pm_card_authenticationRequired")
    url = intent.next_action.redirect_to_url.url.partition("?")[0]

    refused = requests.post(url, {"client_secret": "guessed", "passed": "1"}, timeout=5)

    assert refused.status_code == 404
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_action"


# --- debits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "status", "received", "event"),
    [
        ("succeeded", "succeeded", 2000, "payment_intent.succeeded"),
        ("failed", "requires_payment_method", 0, "payment_intent.payment_failed"),
    ],
)
def test_debit_takes_a_while(
    peer: StripeSandbox, client: StripeClient, endpoint: Endpoint, ends: Any, status: str, received: int, event: str
) -> None:
    intent = confirm(client, create(client), "pm_success_de")
    assert (intent.status, intent.amount_received) == ("processing", 0)

    peer.settle(intent.id, ends)
    peer.settle(intent.id, "succeeded" if ends == "failed" else "failed")

    again = client.v1.payment_intents.retrieve(intent.id)
    assert (again.status, again.amount_received) == (status, received)
    assert peer.webhooks.wait_idle()
    assert {"charge.pending", "payment_intent.processing", event} < set(endpoint.types)


def test_processing_debit_is_not_canceled(client: StripeClient) -> None:
    intent = confirm(client, create(client), "pm_success_de")

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.cancel(intent.id)

    assert refused.value.code == "payment_intent_unexpected_state"


# --- changed and canceled ---------------------------------------------------------------------------------------------


def test_open_intent_is_changed(client: StripeClient) -> None:
    intent = create(client, metadata={"a": "1"})

    client.v1.payment_intents.update(intent.id, {"amount": 3000, "metadata": {"b": "2"}})

    again = client.v1.payment_intents.retrieve(intent.id)
    assert (again.amount, again.metadata.to_dict()) == (3000, {"a": "1", "b": "2"})
    assert confirm(client, intent).amount_received == 3000


def test_open_intent_is_canceled_once(peer: StripeSandbox, client: StripeClient, endpoint: Endpoint) -> None:
    intent = create(client)

    canceled = client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})

    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        client.v1.payment_intents.cancel(intent.id)
    assert peer.webhooks.wait_idle()
    assert endpoint.types.count("payment_intent.canceled") == 1


@pytest.mark.parametrize(
    ("deed", "params"), [("update", {"amount": 100}), ("cancel", {}), ("confirm", {"return_url": BACK})]
)
def test_paid_intent_stays_as_it_is(
    peer: StripeSandbox, client: StripeClient, deed: str, params: dict[str, Any]
) -> None:
    intent = create(client)
    peer.pay(intent.id)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        getattr(client.v1.payment_intents, deed)(intent.id, params)

    error: Any = refused.value.error
    assert (error.code, error.payment_intent.status) == ("payment_intent_unexpected_state", "succeeded")
    assert peer.get("payment_intents", intent.id)["amount"] == 2000


def test_intent_is_not_confirmed_without_something_to_pay_with(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        client.v1.payment_intents.confirm(create(client).id, {"return_url": BACK})


def test_payer_who_may_be_sent_away_needs_a_way_back(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="you must provide a `return_url`"):
        client.v1.payment_intents.confirm(create(client).id, {"payment_method": "pm_card_visa"})
