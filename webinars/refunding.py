"""What a cancellation gives back."""

from datetime import datetime
from decimal import Decimal

from webinars.models import Payment, Registration, Session
from webinars.models.registration import Status
from webinars.money import rounded

ALL = 100


def percent_due(session: Session, now: datetime) -> int:
    """How much of the price, in percent, whoever cancels at that moment gets back. By the session's own clock."""
    if now <= session.days_before(session.full_refund_days):
        return ALL
    return session.partial_refund_percent if now <= session.days_before(session.partial_refund_days) else 0


def refund_due(registration: Registration, now: datetime) -> Decimal:
    """What cancelling at that moment gives back, in the currency of the payment; 0 where nothing was paid."""
    payment = paying(registration) if registration.status == Status.CONFIRMED else None
    return share(payment, percent_due(registration.session, now)) if payment else Decimal(0)


def paying(registration: Registration) -> Payment | None:
    """The payment whose money gave the registration its seat."""
    paid = registration.payments.filter(succeeded_at=registration.confirmed_at)
    return paid.first() if registration.confirmed_at else None


def share(payment: Payment, percent: int) -> Decimal:
    """So much of its amount, less what went back already."""
    due = rounded(payment.amount * percent / ALL, payment.currency) - payment.given_back
    return max(Decimal(0), min(due, payment.left))
