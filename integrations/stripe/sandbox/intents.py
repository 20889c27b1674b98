"""`/v1/payment_intents`."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from integrations.standin.store import Record

from . import charging, instruments, lists, shapes
from .books import Books
from .errors import ApiError, missing, unexpected_state
from .money import check_amount, check_currency
from .params import Spec, blank, boolean, integer, merged, metadata, one_of, text, texts
from .shapes import shown

BILLING: Spec = {
    "name": blank,
    "email": blank,
    "phone": blank,
    "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), blank),
}
METHOD_DATA: Spec = {
    "type": one_of("card", "sepa_debit"),
    "card": {"number": text, "exp_month": text, "exp_year": text, "cvc": text},
    "sepa_debit": {"iban": text},
    "billing_details": BILLING,
}
_PAYING: Spec = {
    "payment_method": text,
    "payment_method_data": METHOD_DATA,
    "return_url": text,
}
_TOLD: Spec = {
    **lists.EXPAND,
    "amount": integer,
    "currency": check_currency,
    "description": blank,
    "metadata": metadata,
    "payment_method_types": texts,
    "receipt_email": blank,
    "statement_descriptor_suffix": blank,
}
CREATE: Spec = {
    **_TOLD,
    **_PAYING,
    "automatic_payment_methods": {"enabled": boolean, "allow_redirects": one_of("always", "never")},
    "confirm": boolean,
}
UPDATE: Spec = {**_TOLD, "payment_method": text, "payment_method_data": METHOD_DATA}
CONFIRM: Spec = {**lists.EXPAND, **_PAYING, "client_secret": text, "key": text, "receipt_email": blank}
CANCEL: Spec = {
    **lists.EXPAND,
    "cancellation_reason": one_of("duplicate", "fraudulent", "requested_by_customer", "abandoned"),
}
RETRIEVE: Spec = {**lists.EXPAND, "client_secret": text, "key": text}
LIST: Spec = {**lists.SPEC, "customer": text}
TYPES = ("card", "sepa_debit")
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(books: Books, params: dict[str, Any]) -> Record:
    check_amount(params["amount"], params["currency"])
    automatic = params.get("automatic_payment_methods")
    if automatic and "payment_method_types" in params:
        raise ApiError(
            "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
            param="automatic_payment_methods",
        )
    types = _types(params["currency"], params.get("payment_method_types"))
    intent = shapes.intent(books, params["amount"], params["currency"], types)
    if automatic is None and "payment_method_types" not in params:
        automatic = {"enabled": True}
    if automatic and automatic["enabled"]:
        intent["automatic_payment_methods"] = {"allow_redirects": "always", **automatic}
    intent = books.put("payment_intents", intent, **_words(params, intent))
    books.tell("payment_intent.created", intent)
    if "payment_method" in params or "payment_method_data" in params:
        paid_with = _paid_with(books, params, intent)
        intent = books.put("payment_intents", intent, payment_method=paid_with["id"], status="requires_confirmation")
    return confirm(books, params, intent["id"]) if params.get("confirm") else intent


def retrieve(books: Books, params: dict[str, Any], intent_id: str) -> Record:
    intent = books.get("payment_intents", intent_id)
    _check_secret(books, params, intent)
    return shown(books, intent)


def update(books: Books, params: dict[str, Any], intent_id: str) -> Record:
    intent = books.get("payment_intents", intent_id)
    for name in ("amount", "currency"):
        if name in params:
            charging.refuse_unless(
                books,
                intent,
                OPEN,
                f"This PaymentIntent's {name} could not be updated because it has a status of {{status}}. You may "
                f"only update the {name} of a PaymentIntent with one of the following statuses: {{statuses}}.",
            )
    amount, currency = ({**intent, **params}[name] for name in ("amount", "currency"))
    check_amount(amount, currency)
    changes = {"amount": amount, "currency": currency, **_words(params, intent)}
    if "payment_method" in params or "payment_method_data" in params:
        changes |= {"payment_method": _paid_with(books, params, intent)["id"], "status": "requires_confirmation"}
    return books.put("payment_intents", intent, **changes)


def confirm(books: Books, params: dict[str, Any], intent_id: str) -> Record:
    intent = books.get("payment_intents", intent_id)
    _check_secret(books, params, intent)
    if intent["status"] == "succeeded":
        raise unexpected_state(
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.",
            shown(books, intent),
        )
    charging.refuse_unless(
        books,
        intent,
        OPEN,
        "You cannot confirm this PaymentIntent because it has a status of {status}. Only a PaymentIntent with one of "
        "the following statuses may be confirmed: requires_confirmation, requires_action.",
    )
    return_url = _return_url(intent, params)
    paid_with = _paid_with(books, params, intent)
    return shown(books, charging.pay(books, intent, paid_with, return_url))


def cancel(books: Books, params: dict[str, Any], intent_id: str) -> Record:
    intent = books.get("payment_intents", intent_id)
    if intent["status"] not in OPEN:
        charging.refuse_unless(
            books,
            intent,
            ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action"),
            "You cannot cancel this PaymentIntent because it has a status of {status}. Only a PaymentIntent with one "
            "of the following statuses may be canceled: {statuses}, processing.",
        )
    return charging.cancel(books, intent, params.get("cancellation_reason"))


def list_(books: Books, params: dict[str, Any]) -> Record:
    return lists.page(books, "payment_intents", params, "/v1/payment_intents", "customer")


def _words(params: Mapping[str, Any], intent: Record) -> Record:
    """What is said about the payment, without moving money."""
    told = {name: params[name] for name in ("description", "receipt_email") if name in params}
    if "metadata" in params:
        told["metadata"] = merged(intent["metadata"], params["metadata"])
    if suffix := params.get("statement_descriptor_suffix"):
        if len(suffix) > 22 or re.search(r"[<>\\'\"*]", suffix) or not re.search("[A-Za-z]", suffix):
            raise ApiError("The statement descriptor suffix is invalid.", param="statement_descriptor_suffix")
        told["statement_descriptor_suffix"] = suffix
    return told


def _types(currency: str, asked: list[str] | None) -> list[str]:
    """A SEPA debit moves euros only."""
    possible = TYPES if currency == "eur" else TYPES[:1]
    for kind in asked or ():
        if kind not in possible:
            raise ApiError(
                f"The payment method type provided: {kind} is invalid. Please ensure the provided type is activated "
                f"in your dashboard, and that it takes {currency}.",
                code="payment_intent_invalid_parameter",
                param="payment_method_types",
            )
    return asked or list(possible)


def _paid_with(books: Books, params: Mapping[str, Any], intent: Record) -> Record:
    """The payment method as a record: one that is given, entered, or known from before."""
    if data := params.get("payment_method_data"):
        if data.get("type") == "card" and not books.origin.payer:
            raise ApiError(
                "Sending credit card numbers directly to the Stripe API is generally unsafe. Use Stripe.js.", status=402
            )
        instrument = instruments.entered(data, books.now)
        if books.live:
            raise instruments.refusal("live_mode_test_card")
        return record(books, instrument, data.get("billing_details", {}))
    given = params.get("payment_method") or intent["payment_method"]
    if not given:
        raise unexpected_state(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method or ConfirmationToken.",
            shown(books, intent),
        )
    known = books.account.store.table("payment_methods")
    return books.get("payment_methods", given, "payment_method") if given in known else _test_method(books, given)


def _test_method(books: Books, name: str) -> Record:
    if books.live:  # Stripe's test methods are none where money is real
        return books.get("payment_methods", name, "payment_method")
    return record(books, instruments.named(name), {})


def record(books: Books, instrument: instruments.Instrument, billing: Record) -> Record:
    return books.put("payment_methods", shapes.payment_method(books, instrument, billing))


def _return_url(intent: Record, params: Mapping[str, Any]) -> str | None:
    return_url: str | None = params.get("return_url")
    automatic = intent["automatic_payment_methods"]
    if return_url is None and automatic and automatic["allow_redirects"] == "always":
        raise ApiError(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of "
            "these payment methods might redirect your customer off of your page, you must provide a `return_url`. "
            "If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to "
            "`true` and `automatic_payment_methods[allow_redirects]` to `never` when creating PaymentIntents.",
        )
    if return_url is not None and urlsplit(return_url).scheme not in ("http", "https"):
        raise ApiError("Not a valid URL", code="url_invalid", param="return_url")
    return return_url


def _check_secret(books: Books, params: Mapping[str, Any], intent: Record) -> None:
    if not books.origin.payer and "client_secret" not in params:
        return
    if "client_secret" not in params:
        raise missing("client_secret")
    if params["client_secret"] != intent["client_secret"]:
        raise ApiError(
            "The client_secret provided does not match any associated PaymentIntent on this account. Ensure the "
            "provided value matches the client_secret of a PaymentIntent on your account.",
            code="resource_missing",
            param="client_secret",
        )
