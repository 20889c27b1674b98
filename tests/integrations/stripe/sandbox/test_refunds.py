"""Refunds and disputes."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from integrations.stripe.sandbox import StripeSandbox

from .conftest import Endpoint, create


@pytest.fixture
def paid(peer: StripeSandbox, client: StripeClient) -> Any:
    """An intent of 2000 cents, paid by card."""
    intent = create(client)
    peer.pay(intent.id)
    return intent


def refund(client: StripeClient, intent: Any, amount: int | None = None, **more: Any) -> Any:
    params = {"payment_intent": intent.id, **({} if amount is None else {"amount": amount}), **more}
    return client.v1.refunds.create(params)  # type: ignore[arg-type]


def charge_of(client: StripeClient, intent: Any) -> Any:
    return client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]}).latest_charge


def money(client: StripeClient) -> int:
    balance = client.v1.balance.retrieve()
    return sum(part.amount for part in balance.available)


def test_full_refund_is_made_at_once(client: StripeClient, paid: Any) -> None:
    made = refund(client, paid, metadata={"refund": "1"}, reason="requested_by_customer")

    charge = charge_of(client, paid)
    assert (made.status, made.amount, made.metadata["refund"]) == ("succeeded", 2000, "1")
    assert (charge.refunded, charge.amount_refunded, charge.status) == (True, 2000, "succeeded")
    assert client.v1.payment_intents.retrieve(paid.id).status == "succeeded"
    assert money(client) == 0


def test_partial_refunds_add_up(client: StripeClient, paid: Any) -> None:
    refund(client, paid, 500)
    refund(client, paid, 700)

    charge = charge_of(client, paid)
    assert (charge.refunded, charge.amount_refunded) == (False, 1200)
    assert [made.amount for made in client.v1.refunds.list({"payment_intent": paid.id}).data] == [700, 500]
    assert refund(client, paid).amount == 800


@pytest.mark.parametrize(
    ("before", "amount", "said"),
    [
        (None, 2001, r"Refund amount \(€20.01\) is greater than charge amount \(€20.00\)"),
        (1500, 501, r"Refund amount \(€5.01\) is greater than unrefunded amount on charge \(€5.00\)"),
        (2000, 1, "has already been refunded"),
        (None, 0, "Invalid positive integer"),
    ],
)
def test_more_than_is_left_is_refused(
    client: StripeClient, paid: Any, before: int | None, amount: int, said: str
) -> None:
    if before:
        refund(client, paid, before)

    with pytest.raises(stripe.InvalidRequestError, match=said):
        refund(client, paid, amount)

    assert charge_of(client, paid).amount_refunded == (before or 0)


def test_unpaid_intent_is_not_refunded(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge to refund"):
        refund(client, create(client))


def test_refund_needs_something_to_refund(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"amount": 1})

    assert refused.value.code == "parameter_missing"


def test_refund_of_a_debit_is_pending_until_the_bank_has_it(
    peer: StripeSandbox, client: StripeClient, endpoint: Endpoint
) -> None:
    intent = create(client)
    peer.pay(intent.id, "pm_success_de")
    peer.settle(intent.id)

    made = refund(client, intent)
    peer.settle(made.id)

    assert (made.status, client.v1.refunds.retrieve(made.id).status) == ("pending", "succeeded")
    assert peer.webhooks.wait_idle()
    assert {"refund.created", "charge.refunded", "refund.updated", "charge.refund.updated"} < set(endpoint.types)


def test_refund_that_fails_gives_the_money_back_to_us(
    peer: StripeSandbox, client: StripeClient, endpoint: Endpoint
) -> None:
    intent = create(client)
    peer.pay(intent.id, "pm_card_refundFail")

    made = refund(client, intent)
    assert (made.status, money(client)) == ("succeeded", 0)
    peer.settle(made.id, "failed")

    failed = client.v1.refunds.retrieve(made.id)
    charge = charge_of(client, intent)
    assert (failed.status, failed.failure_reason, money(client)) == ("failed", "unknown", 2000)
    assert (charge.refunded, charge.amount_refunded) == (False, 0)
    assert peer.webhooks.wait_idle()
    assert "refund.failed" in endpoint.types
    assert refund(client, intent).amount == 2000


def test_refund_in_the_dashboard_is_told(
    peer: StripeSandbox, client: StripeClient, paid: Any, endpoint: Endpoint
) -> None:
    peer.refund(paid.id, 500)

    assert peer.webhooks.wait_idle()
    (told,) = [event for event in endpoint.events if event.type == "charge.refunded"]
    assert told.data.object.amount_refunded == 500
    assert told.data.previous_attributes["amount_refunded"] == 0
    assert told.request.id is None


def test_refund_keeps_what_is_said_about_it_later(client: StripeClient, paid: Any) -> None:
    made = refund(client, paid, metadata={"a": "1", "b": "2"})

    changed = client.v1.refunds.update(made.id, {"metadata": {"a": "", "c": "3"}})

    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}


# --- disputes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "left"), [("won", 2000), ("lost", 0)])
def test_dispute_takes_the_money_until_it_is_won(
    peer: StripeSandbox, client: StripeClient, paid: Any, endpoint: Endpoint, status: Any, left: int
) -> None:
    opened = peer.dispute(paid.id, "fraudulent")
    assert (charge_of(client, paid).disputed, money(client)) == (True, 0)

    peer.close_dispute(opened["id"], status)

    (found,) = client.v1.disputes.list({"payment_intent": paid.id}).data
    assert (found.id, found.status, found.reason, money(client)) == (opened["id"], status, "fraudulent", left)
    assert peer.webhooks.wait_idle()
    assert {"charge.dispute.created", "charge.dispute.closed"} < set(endpoint.types)


def test_disputed_charge_is_not_refunded(peer: StripeSandbox, client: StripeClient, paid: Any) -> None:
    peer.dispute(paid.id)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        refund(client, paid)

    assert refused.value.code == "charge_disputed"


def test_card_that_disputes_by_itself(peer: StripeSandbox, client: StripeClient) -> None:
    intent = create(client)

    peer.pay(intent.id, "pm_card_createDispute")

    assert charge_of(client, intent).disputed
