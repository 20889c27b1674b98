"""Faults of the stand-in on request, in-process and over HTTP."""

from typing import Any

import pytest
import requests
import stripe
from stripe import StripeClient

from integrations.stripe.sandbox import StripeSandbox

from .conftest import create


def outcome(client: StripeClient, key: str = "") -> str:
    """What became of a creation: the intent's state, or the class of the error."""
    try:
        return str(create(client, key=key).status)
    except stripe.StripeError as error:
        return type(error).__name__


@pytest.mark.parametrize(
    ("fault", "value", "said"),
    [
        ("refuse", True, "APIConnectionError"),
        ("status", 429, "RateLimitError"),
        ("status", 401, "AuthenticationError"),
        ("status", 500, "APIError"),
        ("status", 503, "APIError"),
        ("crash", True, "APIError"),
        ("forbid", True, "PermissionError"),
        ("cut_before", True, "APIConnectionError"),
    ],
)
def test_fault_executes_nothing(
    peer: StripeSandbox, client: StripeClient, fault: str, value: object, said: str
) -> None:
    peer.faults.set(fault, value)

    assert outcome(client) == said

    assert peer.records("payment_intents") == peer.records("events") == []
    assert peer.faults.met[fault] == 1


def test_refused_call_may_be_repeated_under_its_key(peer: StripeSandbox, client: StripeClient) -> None:
    peer.faults.set("status", 503, times=2)

    assert [outcome(client, "k") for _ in range(3)] == ["APIError", "APIError", "requires_payment_method"]


def test_cut_after_commits(peer: StripeSandbox, client: StripeClient) -> None:
    peer.faults.set("cut_after")

    assert outcome(client) == "APIConnectionError"
    assert len(peer.records("payment_intents")) == 1


def test_too_fast_tells_how_long_to_wait(peer: StripeSandbox, client: StripeClient) -> None:
    peer.faults.set("status", 429, retry_after=7)

    with pytest.raises(stripe.RateLimitError) as refused:
        create(client)

    error: Any = refused.value
    assert (error.headers["Retry-After"], error.error.code) == ("7", "rate_limit")


def test_slow_answer_tries_a_callers_patience(peer: StripeSandbox) -> None:
    peer.faults.set("slow", 1)

    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{peer.url}/v1/account", headers=bearer(), timeout=0.1)


def bearer() -> dict[str, str]:
    return {"Authorization": "Bearer sk_test_sandboxOfMagnetiq0123456789"}


def test_fault_meets_its_calls_only(peer: StripeSandbox, client: StripeClient) -> None:
    peer.faults.set("status", 503, call="refunds.*")
    intent = create(client)
    peer.pay(intent.id)

    with pytest.raises(stripe.APIError):
        client.v1.refunds.create({"payment_intent": intent.id})
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_chance_is_the_same_in_every_run(peer: StripeSandbox, client: StripeClient) -> None:
    def run() -> list[str]:
        peer.faults.clear()
        peer.faults.set("status", 503, share=0.5)
        return [outcome(client) for _ in range(20)]

    first = run()

    assert run() == first
    assert 3 < first.count("APIError") < 17


def test_faults_are_steered_over_http(peer: StripeSandbox, client: StripeClient) -> None:
    url = f"{peer.url}/sandbox/faults"
    peer.faults.set("refuse")

    requests.post(url, json={"fault": "status", "value": 503, "times": 3}, timeout=5)
    requests.delete(url, params={"fault": "refuse"}, timeout=5)

    assert outcome(client) == "APIError"
    assert requests.get(url, timeout=5).json() == [{"fault": "status", "value": 503, "share": 1.0, "times": 2}]
    assert requests.delete(url, timeout=5).json() == []
    assert outcome(client) == "requires_payment_method"


@pytest.mark.parametrize(
    "wanted",
    [{"fault": "x"}, {}, {"fault": "slow", "value": "x"}, {"fault": "status", "value": 200}, {"fault": "slow", "y": 1}],
)
def test_nonsense_is_a_bad_request(peer: StripeSandbox, wanted: Any) -> None:
    told = requests.post(f"{peer.url}/sandbox/faults", json=wanted, timeout=5)

    assert (told.status_code, list(told.json())) == (400, ["error"])
    assert peer.faults.show() == []


def test_stopped_stand_in_refuses_to_connect_and_comes_back(peer: StripeSandbox, client: StripeClient) -> None:
    create(client)
    peer.stop()
    assert outcome(client) == "APIConnectionError"

    peer.start()

    create(client)
    assert len(peer.records("payment_intents")) == 2
