"""What becomes of a payment: it is paid, refused, asks for 3-D Secure, or takes a while."""

from typing import Literal

from integrations.standin.store import Record

from . import disputes, shapes
from .books import Books, public
from .errors import Declined, unexpected_state
from .instruments import AUTHENTICATION, MESSAGES, Instrument, refusal

FAILED = "payment_intent_payment_attempt_failed"


def how(paid_with: Record) -> Instrument:
    return Instrument(**paid_with["_instrument"])


def pay(books: Books, intent: Record, paid_with: Record, return_url: str | None) -> Record:
    """Try to take the money; the intent afterwards. Raises Declined, with the failed try kept."""
    intent = _change(books, intent, payment_method=paid_with["id"], last_payment_error=None, next_action=None)
    if how(paid_with).challenge:
        return _ask_payer(books, intent, how(paid_with), return_url)
    return _charge(books, intent, paid_with)


def answer_challenge(books: Books, intent: Record, *, passed: bool) -> Record:
    """What the payer's bank says after 3-D Secure. Said again, it changes nothing."""
    if intent["status"] != "requires_action":
        return intent
    paid_with = books.get("payment_methods", intent["payment_method"])
    if passed:
        try:
            return _charge(books, _change(books, intent, next_action=None), paid_with)
        except Declined:
            return books.get("payment_intents", intent["id"])
    error = {"code": AUTHENTICATION, "message": MESSAGES[AUTHENTICATION], "type": "invalid_request_error"}
    return _failed(books, intent, paid_with, error)


def settle(books: Books, intent: Record, ends: Literal["succeeded", "failed"]) -> Record:
    """A debit that was processing comes to its end; any other intent stays as it is."""
    if intent["status"] != "processing":
        return intent
    charge = books.get("charges", intent["latest_charge"])
    if ends == "succeeded":
        charge = _paid(books, books.put("charges", charge, paid=True, status="succeeded"))
        return _succeeded(books, intent, charge)
    words = {"failure_code": FAILED, "failure_message": MESSAGES[FAILED]}
    charge = books.put("charges", charge, status="failed", outcome=shapes.outcome("issuer_declined"), **words)
    books.tell("charge.failed", charge)
    error = {"charge": charge["id"], "code": FAILED, "message": MESSAGES[FAILED], "type": "invalid_request_error"}
    return _failed(books, intent, books.get("payment_methods", charge["payment_method"]), error)


def cancel(books: Books, intent: Record, reason: str | None) -> Record:
    canceled = _change(
        books, intent, status="canceled", canceled_at=books.now, cancellation_reason=reason, next_action=None
    )
    books.tell("payment_intent.canceled", canceled)
    return canceled


def _charge(books: Books, intent: Record, paid_with: Record) -> Record:
    instrument = how(paid_with)
    if instrument.refusal:
        raise _refused(books, intent, paid_with, refusal(instrument.refusal))
    if instrument.type == "sepa_debit":
        return _processing(books, intent, paid_with)
    charge = books.put("charges", shapes.charge(books, paid_with, intent))
    return _succeeded(books, intent, _paid(books, charge))


def _ask_payer(books: Books, intent: Record, instrument: Instrument, return_url: str | None) -> Record:
    """In a frame where Stripe.js is at work and the bank allows it, else on a page of the bank's."""
    page = f"{books.account.url}/challenge/{intent['id']}?client_secret={intent['client_secret']}"
    if books.origin.payer and instrument.challenge == "frame":
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": page}}
    else:
        action = {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": page}}
    intent = _change(books, intent, status="requires_action", next_action=action, _return_url=return_url)
    books.tell("payment_intent.requires_action", intent)
    return intent


def _processing(books: Books, intent: Record, paid_with: Record) -> Record:
    pending = {**shapes.charge(books, paid_with, intent), "paid": False, "status": "pending"}
    books.put("charges", pending)
    intent = _change(books, intent, status="processing", latest_charge=pending["id"])
    books.tell("charge.pending", pending)
    books.tell("payment_intent.processing", intent)
    books.account.later("payment_intents", intent["id"])
    return intent


def _paid(books: Books, charge: Record) -> Record:
    moved = books.put("balance_transactions", shapes.balance_transaction(books, charge, charge["amount"], "charge"))
    return books.put("charges", charge, balance_transaction=moved["id"])


def _succeeded(books: Books, intent: Record, charge: Record) -> Record:
    intent = _change(books, intent, status="succeeded", amount_received=charge["amount"], latest_charge=charge["id"])
    books.tell("charge.succeeded", charge)
    books.tell("payment_intent.succeeded", intent)
    if how(books.get("payment_methods", charge["payment_method"])).disputed:
        disputes.open_dispute(books, charge, "fraudulent")
    return intent


def _refused(books: Books, intent: Record, paid_with: Record, said: Declined) -> Declined:
    """The decline, to be raised once it is in the books."""
    failed = {
        "balance_transaction": None,
        "captured": False,
        "amount_captured": 0,
        "failure_code": said.error["code"],
        "failure_message": said.error["message"],
        "outcome": shapes.outcome("issuer_declined", said.error["decline_code"]),
        "paid": False,
        "status": "failed",
    }
    charge = books.put("charges", {**shapes.charge(books, paid_with, intent), **failed})
    books.tell("charge.failed", charge)
    said.error["charge"] = charge["id"]
    intent = _failed(books, {**intent, "latest_charge": charge["id"]}, paid_with, dict(said.error))
    said.error |= {"payment_intent": shapes.shown(books, intent), "payment_method": public(paid_with)}
    return said


def _failed(books: Books, intent: Record, paid_with: Record, error: Record) -> Record:
    error = {**error, "payment_method": public(paid_with)}
    wants = {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    intent = _change(books, intent, last_payment_error=error, **wants)
    books.tell("payment_intent.payment_failed", intent)
    return intent


def _change(books: Books, intent: Record, **changes: object) -> Record:
    return books.put("payment_intents", intent, **changes)


def refuse_unless(books: Books, intent: Record, statuses: tuple[str, ...], message: str) -> None:
    """Raises ApiError, which shows the intent, unless it is in one of these statuses."""
    if intent["status"] not in statuses:
        listed = ", ".join(statuses)
        raise unexpected_state(message.format(status=intent["status"], statuses=listed), shapes.shown(books, intent))
