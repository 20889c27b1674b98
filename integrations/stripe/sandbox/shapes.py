"""Objects in the shapes of API version 2026-10-28.endive, with all their fields."""

import secrets
from dataclasses import asdict
from typing import Any

from integrations.standin.store import Record

from .books import VERSION, Books, public
from .instruments import Instrument

NOBODY = {
    "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
    "email": None,
    "name": None,
    "phone": None,
    "tax_id": None,
}
# What a browser is told.
FOR_PAYERS = (  # noqa: SIM905
    "id object amount automatic_payment_methods canceled_at cancellation_reason capture_method client_secret "
    "confirmation_method created currency description last_payment_error livemode next_action payment_method "
    "payment_method_types processing receipt_email setup_future_usage shipping source status"
).split()
# What is empty at first, or always.
EMPTY_IN_INTENTS = (  # noqa: SIM905
    "application application_fee_amount automatic_payment_methods canceled_at cancellation_reason customer "
    "customer_account description excluded_payment_method_types last_payment_error latest_charge next_action "
    "on_behalf_of payment_method payment_method_configuration_details processing receipt_email review "
    "setup_future_usage shipping source statement_descriptor statement_descriptor_suffix transfer_data "
    "transfer_group"
).split()
EMPTY_IN_CHARGES = (  # noqa: SIM905
    "application application_fee application_fee_amount balance_transaction calculated_statement_descriptor "
    "customer failure_balance_transaction failure_code failure_message on_behalf_of receipt_number review "
    "shipping source source_transfer statement_descriptor transfer_data transfer_group"
).split()


def shown(books: Books, intent: Record) -> Record:
    """As the caller may see it."""
    return {name: intent[name] for name in FOR_PAYERS} if books.origin.payer else public(intent)


def intent(books: Books, amount: int, currency: str, types: list[str]) -> Record:
    intent_id = books.new_id("payment_intents")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_{secrets.token_hex(12)}",
        "confirmation_method": "automatic",
        "created": books.now,
        "currency": currency,
        "livemode": books.live,
        "metadata": {},
        "payment_method_options": {},
        "payment_method_types": types,
        "status": "requires_payment_method",
        **dict.fromkeys(EMPTY_IN_INTENTS),
    }


def payment_method(books: Books, instrument: Instrument, billing: Record) -> Record:
    return {
        "id": books.new_id("payment_methods"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {**NOBODY, **billing},
        "created": books.now,
        "customer": None,
        "customer_account": None,
        "livemode": books.live,
        "metadata": {},
        "type": instrument.type,
        instrument.type: _details(instrument),
        "_instrument": asdict(instrument),
    }


def charge(books: Books, paid_with: Record, of: Record) -> Record:
    """A succeeded one; `of` is the intent."""
    charge_id = books.new_id("charges")
    details = {key: value for key, value in paid_with[paid_with["type"]].items() if key != "networks"}
    return {
        "id": charge_id,
        "object": "charge",
        "amount": of["amount"],
        "amount_captured": of["amount"],
        "amount_refunded": 0,
        "billing_details": paid_with["billing_details"],
        "captured": True,
        "created": books.now,
        "currency": of["currency"],
        "description": of["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": books.live,
        "metadata": of["metadata"],
        "outcome": outcome("authorized"),
        "paid": True,
        "payment_intent": of["id"],
        "payment_method": paid_with["id"],
        "payment_method_details": {"type": paid_with["type"], paid_with["type"]: details},
        "receipt_email": of["receipt_email"],
        "receipt_url": f"{books.account.url}/receipts/{charge_id}",
        "refunded": False,
        "statement_descriptor_suffix": of["statement_descriptor_suffix"],
        "status": "succeeded",
        **dict.fromkeys(EMPTY_IN_CHARGES),
    }


def outcome(kind: str, reason: str | None = None) -> Record:
    approved = kind == "authorized"
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network" if approved else "declined_by_network",
        "reason": reason,
        "risk_level": "normal",
        "seller_message": "Payment complete." if approved else "The bank did not return any further details.",
        "type": kind,
    }


def refund(books: Books, of: Record, amount: int) -> Record:
    """A pending one; `of` is the charge."""
    kind = of["payment_method_details"]["type"]
    return {
        "id": books.new_id("refunds"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": of["id"],
        "created": books.now,
        "currency": of["currency"],
        "customer": None,
        "customer_account": None,
        "destination_details": {"type": kind, kind: {"type": "refund"} if kind == "card" else {}},
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "payment_method": of["payment_method"],
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending",
        "transfer_reversal": None,
        "_live": books.live,  # a refund says nothing of its mode
    }


def dispute(books: Books, of: Record, reason: str) -> Record:
    kind = of["payment_method_details"]["type"]
    return {
        "id": books.new_id("disputes"),
        "object": "dispute",
        "amount": of["amount"] - of["amount_refunded"],
        "balance_transactions": [],
        "charge": of["id"],
        "created": books.now,
        "currency": of["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": books.now + 7 * 86400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": books.live,
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "payment_method_details": {"type": kind, kind: {"brand": "visa", "case_type": "chargeback"}},
        "reason": reason,
        "status": "needs_response",
    }


def balance_transaction(books: Books, source: Record, amount: int, kind: str) -> Record:
    """Money that moved; the stand-in takes no fee."""
    return {
        "id": books.new_id("balance_transactions"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": books.now,
        "balance_type": "payments",
        "created": books.now,
        "currency": source["currency"],
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": amount,
        "reporting_category": kind,
        "source": source["id"],
        "status": "available",
        "type": kind,
        "_live": books.live,
    }


def endpoint(books: Books, url: str, events: list[str]) -> Record:
    return {
        "id": books.new_id("webhook_endpoints"),
        "object": "webhook_endpoint",
        "api_version": VERSION,
        "application": None,
        "created": books.now,
        "description": None,
        "enabled_events": events,
        "livemode": books.live,
        "metadata": {},
        "status": "enabled",
        "url": url,
    }


def _details(instrument: Instrument) -> dict[str, Any]:
    if instrument.type == "sepa_debit":
        return {"bank_code": "37040044", "branch_code": "", "country": "DE", "last4": instrument.last4}
    return {
        "brand": instrument.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": instrument.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "funding": "credit",
        "last4": instrument.last4,
        "networks": {"available": [instrument.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
