"""`/v1/refunds`, and money on its way back."""

from typing import Any, Literal

from integrations.standin.store import Record

from . import charging, lists, shapes
from .books import Books
from .errors import ApiError, missing
from .money import words
from .params import Spec, integer, merged, metadata, one_of, text

CREATE: Spec = {
    **lists.EXPAND,
    "amount": integer,
    "charge": text,
    "metadata": metadata,
    "payment_intent": text,
    "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
}
UPDATE: Spec = {**lists.EXPAND, "metadata": metadata}
LIST: Spec = {**lists.SPEC, "charge": text, "payment_intent": text}


def create(books: Books, params: dict[str, Any]) -> Record:
    charge = _charge(books, params)
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    _check(charge, amount, left)
    refund = {**shapes.refund(books, charge, amount), "reason": params.get("reason")}
    refund = books.put("refunds", refund, metadata=merged({}, params.get("metadata") or {}))
    _count(books, charge, amount)
    how = charging.how(books.get("payment_methods", charge["payment_method"])).refund
    if how != "pending":
        refund = _succeed(books, refund)
    books.tell("refund.created", refund)
    charge = books.get("charges", charge["id"])
    books.tell("charge.refunded", charge, {"amount_refunded": charge["amount_refunded"] - amount, "refunded": False})
    if how != "at_once":
        books.account.later("refunds", refund["id"])
    return refund


def settle(books: Books, refund: Record, ends: Literal["succeeded", "failed"]) -> Record:
    """The payer's bank took the money, or sent it back: even a refund that had succeeded may fail so."""
    if refund["status"] == "failed" or ends == refund["status"]:
        return refund
    if ends == "succeeded":
        refund = _succeed(books, refund)
        _tell_updated(books, refund, "pending")
        return refund
    before = refund["status"]
    moved = books.put("balance_transactions", shapes.balance_transaction(books, refund, refund["amount"], "refund"))
    failure = {"failure_reason": "unknown", "failure_balance_transaction": moved["id"]}
    refund = books.put("refunds", refund, status="failed", **failure)
    _count(books, books.get("charges", refund["charge"]), -refund["amount"])
    books.tell("refund.failed", refund)
    _tell_updated(books, refund, before)
    return refund


def ends_itself(books: Books, refund: Record) -> Literal["succeeded", "failed"]:
    """What becomes of it when nobody says otherwise."""
    how = charging.how(books.get("payment_methods", refund["payment_method"])).refund
    return "failed" if how == "failing" else "succeeded"


def retrieve(books: Books, params: dict[str, Any], refund_id: str) -> Record:
    return books.get("refunds", refund_id)


def update(books: Books, params: dict[str, Any], refund_id: str) -> Record:
    refund = books.get("refunds", refund_id)
    told = {**refund, **params}["metadata"]
    return books.put("refunds", refund, metadata=merged(refund["metadata"], told))


def list_(books: Books, params: dict[str, Any]) -> Record:
    return lists.page(books, "refunds", params, "/v1/refunds", "charge", "payment_intent")


def list_of_charge(books: Books, params: dict[str, Any], charge_id: str) -> Record:
    books.get("charges", charge_id)
    return lists.page(books, "refunds", {**params, "charge": charge_id}, f"/v1/charges/{charge_id}/refunds", "charge")


def _charge(books: Books, params: dict[str, Any]) -> Record:
    """The one to pay back from."""
    if "charge" in params:
        return books.get("charges", params["charge"], "charge")
    if "payment_intent" not in params:
        raise missing("charge")
    intent = books.get("payment_intents", params["payment_intent"], "payment_intent")
    if intent["status"] != "succeeded":
        raise ApiError(f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
    return books.get("charges", intent["latest_charge"])


def _check(charge: Record, amount: int, left: int) -> None:
    if charge["status"] != "succeeded":
        raise ApiError(f"Charge {charge['id']} cannot be refunded: it did not succeed.")
    if charge["disputed"]:
        raise ApiError(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if not left:
        raise ApiError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount < 1:
        raise ApiError("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount > left:
        whole = left == charge["amount"]
        than = "charge amount" if whole else "unrefunded amount on charge"
        currency = charge["currency"]
        raise ApiError(
            f"Refund amount ({words(amount, currency)}) is greater than {than} ({words(left, currency)})",
            param="amount",
        )


def _succeed(books: Books, refund: Record) -> Record:
    moved = books.put("balance_transactions", shapes.balance_transaction(books, refund, -refund["amount"], "refund"))
    return books.put("refunds", refund, status="succeeded", balance_transaction=moved["id"])


def _count(books: Books, charge: Record, amount: int) -> None:
    refunded = charge["amount_refunded"] + amount
    books.put("charges", charge, amount_refunded=refunded, refunded=refunded == charge["amount"])


def _tell_updated(books: Books, refund: Record, before: str) -> None:
    for kind in ("refund.updated", "charge.refund.updated"):
        books.tell(kind, refund, {"status": before})
