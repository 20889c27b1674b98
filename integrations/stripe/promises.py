"""How one promise about a payment or a refund is kept, and when it need not be any more."""

from collections.abc import Callable

from django.utils import timezone
from django.utils.translation import gettext as _

from integrations import errors
from integrations.service import Outcome
from webinars.actions import refuse_refund
from webinars.models import Payment, Refund
from webinars.models.registration import Status

from .till import Till


def outcome_of(work: Callable[[], None]) -> Outcome:
    """Raises what is the connection's fault: no other payment would fare better."""
    try:
        work()
    except errors.IntegrationError as error:
        if error.blames_connection:
            raise
        return error
    return None


def cancel(till: Till, payment: Payment) -> None:
    """Raises Obsolete where nobody wants the seat back any more."""
    if not payment.is_open:
        return
    if is_being_paid(payment):
        raise errors.Obsolete(_("The seat is held for this payer, or again."))
    till.cancel(payment)


def is_being_paid(payment: Payment) -> bool:
    registration = payment.registration
    until = registration.held_until
    return registration.status == Status.PENDING_PAYMENT and until is not None and until > timezone.now()


def give_back(till: Till, refund: Refund) -> None:
    """What Stripe refuses has failed, and is dead with its reason, unless reading the payment settled it otherwise."""
    if refund.status != Refund.Status.PENDING:
        return
    try:
        till.refund(refund)
    except (errors.Rejected, errors.Gone) as error:
        if refuse_refund(refund, error.message):
            raise errors.Rejected(error.message) from error


def read(till: Till, payment: Payment) -> None:
    if not payment.provider_id:
        raise errors.Obsolete(_("Stripe knows nothing of this payment yet."))
    till.read(payment)
