"""The rest of the API: charges, events, webhook endpoints, the account and its balance."""

import secrets
from typing import Any

from integrations.standin.store import Record

from . import lists, shapes
from .books import ACCOUNT, Books
from .errors import ApiError
from .params import Spec, boolean, text, texts

CHARGES: Spec = {**lists.SPEC, "payment_intent": text}
EVENTS: Spec = {**lists.SPEC, "type": text, "types": texts, "delivery_success": boolean}
ENDPOINT: Spec = {**lists.EXPAND, "url": text, "enabled_events": texts}
ENDPOINT_NEEDS = ("url", "enabled_events")
EVENTS_KEPT = 30 * 24 * 60 * 60  # seconds


def charge(books: Books, params: dict[str, Any], charge_id: str) -> Record:
    return books.get("charges", charge_id)


def list_charges(books: Books, params: dict[str, Any]) -> Record:
    return lists.page(books, "charges", params, "/v1/charges", "payment_intent")


def event(books: Books, params: dict[str, Any], event_id: str) -> Record:
    return books.get("events", event_id)


def list_events(books: Books, params: dict[str, Any]) -> Record:
    """Those of the last 30 days."""
    oldest = max(books.now - EVENTS_KEPT, params.get("created", {}).get("gte", 0))
    params = {**params, "created": {**params.get("created", {}), "gte": oldest}}
    found = books.rows("events")
    if kinds := {*params.get("types", ()), *([params["type"]] if "type" in params else [])}:
        found = [row for row in found if row["type"] in kinds]
    if "delivery_success" in params:
        found = [row for row in found if (row["pending_webhooks"] == 0) == params["delivery_success"]]
    found = [row for row in found if lists.is_within(row["created"], params["created"])]
    return lists.cut(found, params, "/v1/events", "event")


def create_endpoint(books: Books, params: dict[str, Any]) -> Record:
    """The secret is told here and never again."""
    if not params["url"].startswith(("http://", "https://")):
        raise ApiError(
            "Invalid URL: An explicit scheme (such as https) must be provided.", code="url_invalid", param="url"
        )
    secret = f"whsec_{secrets.token_hex(16)}"
    row = shapes.endpoint(books, params["url"], params["enabled_events"])
    return {**books.put("webhook_endpoints", row, _secrets=[secret]), "secret": secret}


def endpoint(books: Books, params: dict[str, Any], endpoint_id: str) -> Record:
    return books.get("webhook_endpoints", endpoint_id)


def list_endpoints(books: Books, params: dict[str, Any]) -> Record:
    return lists.page(books, "webhook_endpoints", params, "/v1/webhook_endpoints")


def delete_endpoint(books: Books, params: dict[str, Any], endpoint_id: str) -> Record:
    books.get("webhook_endpoints", endpoint_id)
    books.account.store.drop("webhook_endpoints", endpoint_id)
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def account(books: Books, params: dict[str, Any]) -> Record:
    name = "Magnetiq sandbox"
    return {
        "id": ACCOUNT,
        "object": "account",
        "business_profile": {"name": name, "url": None, "support_email": None},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "sepa_debit_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": "DE",
        "default_currency": "eur",
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "dashboard": {"display_name": name, "timezone": "Europe/Berlin"},
            "payments": {"statement_descriptor": "MAGNETIQ"},
        },
        "type": "standard",
    }


def balance(books: Books, params: dict[str, Any]) -> Record:
    sums: dict[str, int] = {}
    for row in books.rows("balance_transactions"):
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["net"]
    available = [{"amount": amount, "currency": currency, "source_types": {}} for currency, amount in sums.items()]
    return {"object": "balance", "available": available, "livemode": books.live, "pending": []}


def moved(books: Books, params: dict[str, Any], transaction_id: str) -> Record:
    return books.get("balance_transactions", transaction_id)
