"""What Stripe's objects say of a payment, in our words. Pure functions of plain dictionaries."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from webinars.models import Payment, Refund
from webinars.payments import Reported, ReportedRefund, State

from .amounts import from_stripe, to_stripe

Answer = dict[str, Any]

STATES = {
    "requires_payment_method": State.PENDING,  # failed, as soon as there was a try
    "requires_confirmation": State.PENDING,
    "requires_action": State.PENDING,
    "requires_capture": State.PENDING,
    "processing": State.PROCESSING,
    "succeeded": State.SUCCEEDED,
    "canceled": State.CANCELLED,
}
REFUNDS = {
    "pending": Refund.Status.PENDING,
    "requires_action": Refund.Status.PENDING,
    "succeeded": Refund.Status.SUCCEEDED,
    "failed": Refund.Status.FAILED,
    "canceled": Refund.Status.CANCELLED,
}
# Of all states of a dispute, those in which the money is the bank's no more than it was before.
OVER = frozenset({"won", "warning_closed", "prevented"})
FAILURES: dict[str, Promise] = {
    "insufficient_funds": _("There is not enough money on this account."),
    "card_declined": _("Your bank declined the payment. Please try another way of paying, or ask your bank."),
    "generic_decline": _("Your bank declined the payment. Please try another way of paying, or ask your bank."),
    "expired_card": _("This card has expired."),
    "incorrect_cvc": _("The security code of the card is wrong."),
    "incorrect_number": _("The number of the card is wrong."),
    "processing_error": _("The payment could not be processed. Please try again."),
    "authentication_required": _("Your bank asks you to confirm the payment. Please try again."),
    "payment_intent_authentication_failure": _("You did not confirm the payment with your bank. Please try again."),
    "payment_intent_payment_attempt_failed": _("The payment failed. Please try again, or another way of paying."),
    "payment_method_provider_decline": _("The payment was declined. Please try another way of paying."),
    "debit_not_authorized": _("The direct debit was refused. Please try another way of paying."),
}


def reported(intent: Answer, refunds: Iterable[Answer], disputes: Iterable[Answer], *, expected_live: bool) -> Reported:
    """All that the domain needs to know; `intent` has its latest charge."""
    currency = str(intent["currency"]).upper()
    return Reported(
        provider_id=intent["id"],
        payment=payment_of(intent),
        state=state_of(intent),
        amount=from_stripe(intent["amount"], currency),
        received=from_stripe(intent.get("amount_received") or 0, currency),
        currency=currency,
        live=intent["livemode"],
        expected_live=expected_live,
        disputed=any(dispute["status"] not in OVER for dispute in disputes),
        failure=failure_of(intent),
        refunds=tuple(refund_of(refund, currency) for refund in refunds),
    )


def state_of(intent: Answer) -> State:
    """A state that we do not know yet is no money."""
    state = STATES.get(intent["status"], State.PENDING)
    if intent["status"] == "requires_payment_method" and intent.get("last_payment_error"):
        return State.FAILED
    return state


def refund_of(refund: Answer, currency: str) -> ReportedRefund:
    return ReportedRefund(
        provider_id=refund["id"],
        refund=uuid_in(refund, "refund"),
        amount=from_stripe(refund["amount"], currency),
        status=refund_status(refund),
        created_at=datetime.fromtimestamp(refund["created"], UTC),
    )


def refund_status(refund: Answer) -> Refund.Status:
    return REFUNDS.get(refund.get("status") or "pending", Refund.Status.PENDING)


def failure_of(intent: Answer) -> str:
    """Why the last try failed, in the language that is switched on; as Stripe says it, in English, where we know no
    better and that is read."""
    error = intent.get("last_payment_error") or {}
    if intent["status"] != "requires_payment_method" or not error:
        return ""
    known = FAILURES.get(str(error.get("decline_code"))) or FAILURES.get(str(error.get("code")))
    theirs = error.get("message") if (get_language() or "").startswith("en") else ""
    return str(known or theirs or FAILURES["payment_intent_payment_attempt_failed"])


def charge_of(intent: Answer) -> Answer:
    """The latest charge, where it came along."""
    charge = intent.get("latest_charge")
    return charge if isinstance(charge, dict) else {}


# --- what we write there ----------------------------------------------------------------------------------------------


def site() -> str:
    """By this word we know our own payments, where several sites share one account."""
    return str(urlsplit(settings.SITE_URL).netloc)


def is_ours(thing: Answer) -> bool:
    return bool((thing.get("metadata") or {}).get("site") == site())


def payment_of(intent: Answer) -> UUID | None:
    return uuid_in(intent, "payment")


def uuid_in(thing: Answer, name: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(str((thing.get("metadata") or {}).get(name, "")))
    return None


def intent_for(payment: Payment, descriptor: str) -> Answer:
    """Parameters of an intent: nothing in them names a person."""
    parameters: Answer = {
        "amount": to_stripe(payment.amount, payment.currency),
        "currency": payment.currency.lower(),
        "automatic_payment_methods": {"enabled": True},
        "metadata": {
            "site": site(),
            "payment": str(payment.uuid),
            "registration": str(payment.registration.uuid),
            "session": payment.registration.session.slug,
        },
        "expand": ["latest_charge"],
    }
    return parameters | ({"statement_descriptor_suffix": descriptor} if descriptor else {})


def refund_for(refund: Refund) -> Answer:
    """Parameters of a refund."""
    payment = refund.payment
    return {
        "payment_intent": payment.provider_id,
        "amount": to_stripe(refund.amount, payment.currency),
        "metadata": {"site": site(), "refund": str(refund.uuid), "payment": str(payment.uuid)},
    }
