"""What a provider would tell, without one."""

from decimal import Decimal
from typing import Any

from tests.factories import A_MOMENT
from webinars.actions import ask, begin_payment, report
from webinars.models import Payment, Refund, Registration
from webinars.payments import Reported, ReportedRefund, State


def told(payment: Payment, state: State = State.SUCCEEDED, /, **otherwise: Any) -> Reported:
    """As asked for, and paid in full where it is paid; what the test is about is said otherwise."""
    usual: dict[str, Any] = {
        "provider_id": f"pay_{payment.uuid.hex}",
        "payment": payment.uuid,
        "state": state,
        "amount": payment.amount,
        "received": payment.amount if state == State.SUCCEEDED else Decimal(0),
        "currency": payment.currency,
        "live": False,
        "expected_live": False,
        "disputed": False,
    }
    return Reported(**{**usual, **otherwise})


def went_back(amount: object, **otherwise: Any) -> ReportedRefund:
    """A refund that was made at the provider, or `refund=` of ours."""
    usual: dict[str, Any] = {
        "provider_id": "re_1",
        "refund": None,
        "status": Refund.Status.SUCCEEDED,
        "created_at": A_MOMENT,
    }
    return ReportedRefund(amount=Decimal(str(amount)), **{**usual, **otherwise})


def hear(payment: Payment, state: State = State.SUCCEEDED, /, **otherwise: Any) -> bool:
    """One read of the provider, and what it says."""
    return report(payment, told(payment, state, **otherwise), ask(payment))


def pay(registration: Registration) -> Payment:
    payment = begin_payment(registration)
    hear(payment)
    return payment
