"""Who may ask, what is asked, and how lists are read."""

from typing import Any

import pytest
import requests
import stripe
from stripe import StripeClient

from integrations.stripe.sandbox import (
    ACCOUNT,
    LIVE_SECRET_KEY,
    PUBLISHABLE_KEY,
    SECRET_KEY,
    VERSION,
    StripeSandbox,
)

from .conftest import BACK, client_for, confirm, create


def raw(peer: StripeSandbox, method: str, path: str, key: str = SECRET_KEY, **how: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {key}", **how.pop("headers", {})}
    return requests.request(method, f"{peer.url}{path}", headers=headers, timeout=5, **how)


# --- who --------------------------------------------------------------------------------------------------------------


def test_unknown_key_is_refused_without_repeating_it(peer: StripeSandbox) -> None:
    with pytest.raises(stripe.AuthenticationError, match=r"Invalid API Key provided: sk_test_\*+7890") as refused:
        create(client_for(peer, "sk_test_1234567890"))

    assert "sk_test_1234567890" not in str(refused.value)


def test_missing_key_is_refused(peer: StripeSandbox) -> None:
    assert raw(peer, "GET", "/v1/account", key="").status_code == 401


def test_publishable_key_may_not_do_what_a_secret_key_may(peer: StripeSandbox) -> None:
    with pytest.raises(stripe.PermissionError) as refused:
        create(client_for(peer, PUBLISHABLE_KEY))

    assert refused.value.error is not None
    assert refused.value.error.code == "secret_key_required"


def test_account_is_told(client: StripeClient) -> None:
    account = client.v1.accounts.retrieve_current()

    assert (account.id, account.default_currency, account.charges_enabled) == (ACCOUNT, "eur", True)


def test_live_and_test_mode_share_nothing(peer: StripeSandbox, client: StripeClient) -> None:
    live = create(client_for(peer, LIVE_SECRET_KEY))

    with pytest.raises(stripe.InvalidRequestError, match="a similar object exists in live mode") as refused:
        client.v1.payment_intents.retrieve(live.id)

    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    assert client.v1.payment_intents.list().data == []


def test_test_methods_are_none_in_live_mode(peer: StripeSandbox) -> None:
    live = client_for(peer, LIVE_SECRET_KEY)

    with pytest.raises(stripe.InvalidRequestError, match="No such PaymentMethod"):
        confirm(live, create(live))


def test_version_is_checked_and_told(peer: StripeSandbox, client: StripeClient) -> None:
    assert client.v1.payment_intents.list().last_response.headers["Stripe-Version"] == VERSION == stripe.api_version

    refused = raw(peer, "GET", "/v1/account", headers={"Stripe-Version": "2020-08-27"})

    assert (refused.status_code, "Invalid Stripe API version" in refused.text) == (400, True)


def test_every_answer_has_a_request_id(peer: StripeSandbox) -> None:
    ids = {raw(peer, "GET", path).headers["Request-Id"] for path in ("/v1/account", "/v1/nowhere")}

    assert len(ids) == 2


def test_unknown_address_is_404(peer: StripeSandbox) -> None:
    refused = raw(peer, "GET", "/v1/customers")

    assert (refused.status_code, refused.json()["error"]["type"]) == (404, "invalid_request_error")


# --- a browser --------------------------------------------------------------------------------------------------------


def test_browser_reads_its_own_intent_and_only_what_it_needs(peer: StripeSandbox, client: StripeClient) -> None:
    intent = create(client, metadata={"payment": "7"})
    asked = {"key": PUBLISHABLE_KEY, "client_secret": intent.client_secret}

    told = requests.get(f"{peer.url}/v1/payment_intents/{intent.id}", asked, timeout=5)

    assert told.json()["status"] == "requires_payment_method"
    assert {"metadata", "latest_charge", "statement_descriptor_suffix"}.isdisjoint(told.json())
    assert told.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("secret", [None, "pi_1_secret_2"])
def test_browser_without_the_client_secret_reads_nothing(
    peer: StripeSandbox, client: StripeClient, secret: str | None
) -> None:
    asked = {"key": PUBLISHABLE_KEY} | ({"client_secret": secret} if secret else {})

    refused = requests.get(f"{peer.url}/v1/payment_intents/{create(client).id}", asked, timeout=5)

    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "client_secret")


def test_browser_may_ask_from_any_page(peer: StripeSandbox) -> None:
    told = requests.options(f"{peer.url}/v1/payment_intents/pi_1/confirm", timeout=5)

    assert (told.status_code, "POST" in told.headers["Access-Control-Allow-Methods"]) == (204, True)


# --- what -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"nonsense": 1}, "parameter_unknown", "nonsense"),
        ({"automatic_payment_methods": {"nonsense": 1}}, "parameter_unknown", "automatic_payment_methods[nonsense]"),
        ({"amount": "12.50"}, "parameter_invalid_integer", "amount"),
        ({"amount": ""}, "parameter_invalid_empty", "amount"),
        ({"amount": -5}, "parameter_invalid_integer", "amount"),
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"currency": "xyz"}, None, "currency"),
        ({"currency": "kwd", "amount": 1001}, "parameter_invalid_integer", "amount"),
        ({"automatic_payment_methods": {"enabled": "maybe"}}, None, "automatic_payment_methods[enabled]"),
        ({"metadata": {"key": "v" * 501}}, None, "metadata[key]"),
        ({"metadata": {"k" * 41: "v"}}, None, "metadata"),
        ({"metadata": {str(number): "v" for number in range(51)}}, None, "metadata"),
        ({"metadata": 7}, None, "metadata"),
        ({"statement_descriptor_suffix": "1234"}, None, "statement_descriptor_suffix"),
        ({"statement_descriptor_suffix": "Webinar <1>"}, None, "statement_descriptor_suffix"),
        ({"confirm": True, "payment_method": "pm_x", "return_url": BACK}, "resource_missing", "payment_method"),
        ({"confirm": True, "payment_method": "pm_card_visa", "return_url": "back"}, "url_invalid", "return_url"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_by_name(
    peer: StripeSandbox, client: StripeClient, params: dict[str, Any], code: str | None, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        create(client, **params)

    assert (refused.value.http_status, refused.value.code, refused.value.param) == (400, code, param)
    assert peer.records("payment_intents") == peer.records("events") == []


@pytest.mark.parametrize("missing", ["amount", "currency"])
def test_missing_parameter_is_named(client: StripeClient, missing: str) -> None:
    params: Any = {"amount": 2000, "currency": "eur"}
    del params[missing]

    with pytest.raises(stripe.InvalidRequestError, match=f"Missing required param: {missing}") as refused:
        client.v1.payment_intents.create(params)

    assert (refused.value.code, refused.value.param) == ("parameter_missing", missing)


@pytest.mark.parametrize(("amount", "currency"), [(50, "jpy"), (1000, "kwd"), (100, "isk"), (30, "gbp"), (50, "EUR")])
def test_least_amounts_are_taken(client: StripeClient, amount: int, currency: str) -> None:
    intent = create(client, amount, currency=currency)

    assert (intent.amount, intent.currency) == (amount, currency.lower())


def test_debits_are_offered_for_euros_only(client: StripeClient) -> None:
    assert create(client).payment_method_types == ["card", "sepa_debit"]
    assert create(client, currency="chf").payment_method_types == ["card"]


# --- lists ------------------------------------------------------------------------------------------------------------


def test_list_is_read_page_by_page_newest_first(client: StripeClient) -> None:
    made = [create(client).id for _ in range(5)]

    first = client.v1.payment_intents.list({"limit": 2})
    found = [intent.id for intent in first.auto_paging_iter()]

    assert (len(first.data), first.has_more) == (2, True)
    assert found == made[::-1]


def test_list_is_read_backwards(client: StripeClient) -> None:
    made = [create(client).id for _ in range(4)]

    page = client.v1.payment_intents.list({"ending_before": made[0], "limit": 2})

    assert ([intent.id for intent in page.data], page.has_more) == ([made[2], made[1]], True)


def test_list_is_limited_to_a_time(peer: StripeSandbox, client: StripeClient) -> None:
    early = create(client)
    peer.clock.advance(100)
    late = create(client)

    def found(**created: int) -> list[str]:
        return [intent.id for intent in client.v1.payment_intents.list({"created": created}).data]  # type: ignore[typeddict-item]

    assert found(gte=late.created) == found(gt=early.created) == [late.id]
    assert found(lt=late.created) == found(lte=early.created) == [early.id]


@pytest.mark.parametrize(
    ("params", "param"),
    [({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"starting_after": "pi_1"}, "starting_after")],
)  # fmt: skip
def test_nonsense_in_a_list_is_refused(client: StripeClient, params: Any, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.list(params)

    assert refused.value.param == param


def test_fields_are_expanded_in_lists_and_in_depth(peer: StripeSandbox, client: StripeClient) -> None:
    intent = create(client)
    peer.pay(intent.id)
    peer.refund(intent.id, 500)

    page: Any = client.v1.payment_intents.list({"expand": ["data.latest_charge.refunds", "data.payment_method"]})

    charge = page.data[0].latest_charge
    assert ([refund.amount for refund in charge.refunds.data], charge.amount_refunded) == ([500], 500)
    assert page.data[0].payment_method.card.last4 == "4242"


def test_refunds_of_a_charge_are_told_on_request_only(peer: StripeSandbox, client: StripeClient) -> None:
    intent = create(client)
    charge_id = peer.pay(intent.id)["latest_charge"]

    assert "refunds" not in client.v1.charges.retrieve(charge_id)
    assert client.v1.charges.retrieve(charge_id, {"expand": ["refunds"]}).refunds is not None


def test_field_that_stands_for_nothing_is_not_expanded(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.payment_intents.retrieve(create(client).id, {"expand": ["amount"]})


def test_events_of_the_last_30_days_are_listed_by_kind(peer: StripeSandbox, client: StripeClient) -> None:
    peer.pay(create(client).id)
    peer.clock.advance(31 * 24 * 60 * 60)
    paid = create(client)
    peer.pay(paid.id)

    kinds = [event.type for event in client.v1.events.list().data]
    chosen = client.v1.events.list({"types": ["payment_intent.succeeded"]}).data

    assert kinds == ["payment_intent.succeeded", "charge.succeeded", "payment_intent.created"]
    assert [event.data.object["id"] for event in chosen] == [paid.id]


def test_webhook_endpoints_are_made_listed_and_deleted(client: StripeClient) -> None:
    made = client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:1/", "enabled_events": ["*"]})
    assert str(made.secret).startswith("whsec_")

    (listed,) = client.v1.webhook_endpoints.list().data
    assert (listed.id, listed.url, listed.status, listed.api_version) == (made.id, made.url, "enabled", VERSION)
    assert "secret" not in listed

    client.v1.webhook_endpoints.delete(made.id)
    assert client.v1.webhook_endpoints.list().data == []
