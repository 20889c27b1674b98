"""Idempotency keys, as Stripe documents them."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from integrations.stripe.sandbox import LIVE_SECRET_KEY, StripeSandbox

from .conftest import BACK, client_for, create

HOUR = 60 * 60


def test_same_request_gets_the_same_answer(peer: StripeSandbox, client: StripeClient) -> None:
    first, again = create(client, key="k"), create(client, key="k")

    assert first.id == again.id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.headers["Original-Request"] == first.last_response.request_id
    assert len(peer.records("payment_intents")) == 1


def test_answer_is_that_of_then(peer: StripeSandbox, client: StripeClient) -> None:
    intent = create(client, key="k")
    peer.pay(intent.id)

    assert create(client, key="k").status == "requires_payment_method"


def test_other_parameters_are_refused(client: StripeClient) -> None:
    create(client, 2000, key="k")

    with pytest.raises(stripe.IdempotencyError, match="with the same parameters they were first used with"):
        create(client, 2100, key="k")


def test_other_endpoint_is_refused(peer: StripeSandbox, client: StripeClient) -> None:
    intent = create(client, key="k")
    peer.pay(intent.id)

    with pytest.raises(stripe.IdempotencyError, match="for the same endpoint"):
        client.v1.refunds.create({"payment_intent": intent.id}, {"idempotency_key": "k"})
    assert peer.records("refunds") == []


def test_decline_is_answered_again_and_tries_nothing(peer: StripeSandbox, client: StripeClient) -> None:
    intent = create(client)

    for _ in range(2):
        with pytest.raises(stripe.CardError, match="declined"):
            client.v1.payment_intents.confirm(
                intent.id,
                {"payment_method": "pm_card_chargeDeclined", "return_url": BACK},
                {"idempotency_key": "confirm"},
            )

    assert len(peer.records("charges")) == 1


def test_refusal_is_answered_again_although_it_would_pass_now(peer: StripeSandbox, client: StripeClient) -> None:
    intent = create(client)

    def refund() -> Any:
        return client.v1.refunds.create({"payment_intent": intent.id}, {"idempotency_key": "refund"})

    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        refund()
    peer.pay(intent.id)
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        refund()


def test_request_that_makes_no_sense_keeps_nothing(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        create(client, key="k", nonsense=1)

    assert create(client, key="k").amount == 2000


def test_key_is_free_after_a_day(peer: StripeSandbox, client: StripeClient) -> None:
    first = create(client, key="k")
    peer.clock.advance(23 * HOUR)
    assert create(client, key="k").id == first.id

    peer.clock.advance(2 * HOUR)

    assert create(client, 2100, key="k").id != first.id


def test_key_of_one_mode_says_nothing_in_the_other(peer: StripeSandbox, client: StripeClient) -> None:
    live = create(client_for(peer, LIVE_SECRET_KEY), key="k")

    assert (live.livemode, create(client, key="k").livemode) == (True, False)


def test_too_long_a_key_is_refused(client: StripeClient) -> None:
    with pytest.raises(stripe.IdempotencyError, match="255"):
        create(client, key="k" * 256)


def in_threads(count: int, work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_second_request_is_refused_while_the_first_is_at_work(peer: StripeSandbox) -> None:
    peer.faults.set("slow", 1)
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def work() -> None:
        client = client_for(peer)
        together.wait()
        try:
            outcomes.append(create(client, key="k").object)
        except stripe.APIError as error:
            outcomes.append(f"{error.http_status} {error.error and error.error.code}")

    in_threads(2, work)

    assert sorted(outcomes) == ["409 idempotency_key_in_use", "payment_intent"]
    assert len(peer.records("payment_intents")) == 1


def test_answer_that_was_cut_off_is_given_on_asking_again(peer: StripeSandbox, client: StripeClient) -> None:
    peer.faults.set("cut_after", times=1)
    with pytest.raises(stripe.APIConnectionError):
        create(client, key="k")

    again = create(client, key="k")

    assert [row["id"] for row in peer.records("payment_intents")] == [again.id]


def test_server_error_is_answered_again_too(peer: StripeSandbox, client: StripeClient) -> None:
    peer.faults.set("crash", times=1)

    for _ in range(2):
        with pytest.raises(stripe.APIError, match="An unknown error occurred"):
            create(client, key="k")

    assert peer.records("payment_intents") == []
    assert create(client, key="another").amount == 2000
