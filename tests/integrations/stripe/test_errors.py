"""What Stripe's answers mean for us, and that each is the right one of our own errors."""

import pytest
from django.utils import timezone

from integrations import errors
from integrations.models import Integration, IntegrationLog
from integrations.stripe.client import OtherState, Stale, keyed
from integrations.stripe.sandbox import SECRET_KEY, WEBHOOK_SECRET, StripeSandbox
from tests.postbox.sandbox import Answer, Postbox

from .conftest import connect, connection, service

pytestmark = pytest.mark.django_db(transaction=True)
JSON = {"Content-Type": "application/json", "Request-Id": "req_1"}
A_PAYMENT = {"amount": 500, "currency": "eur", "automatic_payment_methods": {"enabled": True}}


def said(kind: str, code: str = "", message: str = "So they say.") -> str:
    return f'{{"error": {{"type": "{kind}", "code": "{code}", "message": "{message}"}}}}'


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(400, said("invalid_request_error", "parameter_missing"), JSON), errors.Rejected),
        (Answer(401, said("invalid_request_error"), JSON), errors.Misconfigured),
        (Answer(402, said("card_error", "card_declined"), JSON), errors.Rejected),
        (Answer(403, said("invalid_request_error", "more_permissions_required"), JSON), errors.Misconfigured),
        (Answer(404, said("invalid_request_error", "resource_missing"), JSON), errors.Gone),
        (Answer(409, said("invalid_request_error", "lock_timeout"), JSON), errors.Conflict),
        (Answer(409, said("idempotency_error", "idempotency_key_in_use"), JSON), errors.Conflict),
        (Answer(400, said("idempotency_error"), JSON), Stale),
        (Answer(429, said("invalid_request_error", "lock_timeout"), JSON), errors.Conflict),
        (Answer(429, said("invalid_request_error", "rate_limit"), JSON), errors.RateLimited),
        (Answer(500, said("api_error"), JSON), errors.Unavailable),  # a question that was lost changes nothing
        (Answer(503, said("api_error"), JSON), errors.Unavailable),
        (Answer(400, said("invalid_request_error", "payment_intent_unexpected_state"), JSON), OtherState),
        (Answer(500, said("api_error"), {**JSON, "Idempotent-Replayed": "true"}), Stale),
        (Answer(200, "{", JSON), errors.Unavailable),
        (Answer(200, "<html>", {"Content-Type": "text/html"}), errors.Misconfigured),
        (Answer(404, "<html>", {"Content-Type": "text/html"}), errors.Misconfigured),
        (Answer(500, "<html>", {"Content-Type": "text/html"}), errors.Unavailable),
        (Answer(503, "", {}), errors.Unavailable),
        (Answer(302, "{}", {**JSON, "Location": "https://elsewhere.example/"}), errors.Misconfigured),
        (Answer(fault="cut"), errors.Unavailable),
    ],
)
def test_each_answer_has_its_meaning(
    db: None, peer: StripeSandbox, postbox: Postbox, answer: Answer, error: type[errors.IntegrationError]
) -> None:
    connect(peer, api_url=postbox.url)
    postbox.always = answer

    with pytest.raises(errors.IntegrationError) as caught:
        service().client.account()

    assert type(caught.value) is error
    assert SECRET_KEY not in caught.value.message


def test_lost_answer_to_an_order_is_ambiguous(stripe: Integration, peer: StripeSandbox) -> None:
    peer.faults.set("cut_after", times=1)

    with pytest.raises(errors.Ambiguous):
        service().client.create_intent("key", A_PAYMENT)


def test_refused_connection_is_no_order(stripe: Integration, peer: StripeSandbox) -> None:
    peer.stop()

    with pytest.raises(errors.Unavailable):
        service().client.create_intent("key", A_PAYMENT)


def test_too_fast_rests_as_long_as_stripe_says(stripe: Integration, peer: StripeSandbox) -> None:
    peer.faults.set("status", 429, times=1, retry_after=7)

    with pytest.raises(errors.RateLimited) as caught:
        service().client.account()
    with pytest.raises(errors.Paused):
        service().client.account()

    assert caught.value.retry_after == 7


def test_sentence_and_number_of_the_call_are_kept(stripe: Integration) -> None:
    with pytest.raises(errors.Rejected, match=r"Invalid|must be.*\(req_\w+\)"):
        service().client.create_intent("key", {**A_PAYMENT, "currency": "nonsense"})

    assert "req_" in IntegrationLog.objects.latest("pk").message


def test_key_that_leads_nowhere_is_given_up_in_the_end() -> None:
    asked: list[str] = []

    def create(key: str) -> dict[str, str]:
        asked.append(key)
        raise Stale("the same as before")

    with pytest.raises(errors.Ambiguous):
        keyed("key", create, lambda: None, since=timezone.now())

    assert asked == ["key", "key-1", "key-2", "key-3", "key-4"]


def test_call_tells_nothing_of_this_machine(db: None, peer: StripeSandbox, postbox: Postbox) -> None:
    connect(peer, api_url=postbox.url)
    postbox.always = Answer(200, '{"object": "account", "id": "acct_1"}', JSON)

    service().client.account()

    (headers,) = postbox.headers
    assert headers["User-Agent"] == "Magnetiq"
    assert headers["Stripe-Version"] == "2026-10-28.endive"
    assert not [name for name in headers if name.startswith("X-Stripe")]


def test_no_key_is_in_what_is_stored(stripe: Integration, peer: StripeSandbox) -> None:
    """A refusal quotes keys in part; nothing of them is written."""
    connect(peer, secret_key="sk_test_wrongOneThatStripeQuotes")

    with pytest.raises(errors.Misconfigured):
        service().client.account()

    row = connection()
    stored = f"{row.last_error} {row.report} {list(IntegrationLog.objects.values_list('message', 'metadata'))}"
    assert not [secret for secret in ("sk_test", WEBHOOK_SECRET) if secret in stored]
