"""Disputes: the payer's bank takes the money back, and somebody decides who keeps it."""

from typing import Any, Literal

from integrations.standin.store import Record

from . import lists, shapes
from .books import Books
from .errors import ApiError
from .params import Spec, text

LIST: Spec = {**lists.SPEC, "charge": text, "payment_intent": text}


def open_dispute(books: Books, charge: Record, reason: str = "general") -> Record:
    """What the payer starts at their bank. Raises ApiError where there is nothing to dispute."""
    if charge["status"] != "succeeded" or charge["disputed"] or charge["refunded"]:
        raise ApiError(f"Charge {charge['id']} cannot be disputed.")
    dispute = shapes.dispute(books, charge, reason)
    moved = _move(books, dispute, -dispute["amount"])
    dispute = books.put("disputes", dispute, balance_transactions=[moved])
    books.put("charges", charge, disputed=True)
    books.tell("charge.dispute.created", dispute)
    books.tell("charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(books: Books, dispute: Record, status: Literal["won", "lost"]) -> Record:
    """How the bank decides. A closed one stays as it is."""
    if dispute["status"] in ("won", "lost"):
        return dispute
    dispute = books.put("disputes", dispute, status=status)
    if status == "won":
        moved = _move(books, dispute, dispute["amount"])
        dispute = books.put("disputes", dispute, balance_transactions=[*dispute["balance_transactions"], moved])
        books.tell("charge.dispute.funds_reinstated", dispute)
    books.tell("charge.dispute.closed", dispute)
    return dispute


def _move(books: Books, dispute: Record, amount: int) -> Record:
    return books.put("balance_transactions", shapes.balance_transaction(books, dispute, amount, "adjustment"))


# --- the API ----------------------------------------------------------------------------------------------------------


def retrieve(books: Books, params: dict[str, Any], dispute_id: str) -> Record:
    return books.get("disputes", dispute_id)


def list_(books: Books, params: dict[str, Any]) -> Record:
    return lists.page(books, "disputes", params, "/v1/disputes", "charge", "payment_intent")
