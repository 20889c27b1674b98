"""What Stripe is told to do, fact by fact."""

from collections.abc import Collection, Sequence

from django.dispatch import receiver

from integrations import outbox
from webinars.models import Payment, Refund
from webinars.signals import (
    payments_abandoned,
    payments_cleared,
    payments_disputed,
    payments_mismatched,
    refunds_requested,
    seats_lost,
)

from . import matters
from .service import StripeService


@receiver(payments_abandoned)
def cancel_abandoned_payments(sender: type[Payment], payments: Sequence[Payment], **kwargs: object) -> None:
    outbox.keep_in_sync(StripeService.cancel_payments, payments)


@receiver(refunds_requested)
def push_requested_refunds(sender: type[Refund], refunds: Sequence[Refund], **kwargs: object) -> None:
    outbox.keep_in_sync(StripeService.push_refunds, refunds)


@receiver(payments_mismatched)
def tell_of_mismatches(sender: type[Payment], payments: Sequence[Payment], **kwargs: object) -> None:
    matters.open_for(Payment.Notice.MISMATCH, payments)


@receiver(payments_disputed)
def tell_of_disputes(sender: type[Payment], payments: Sequence[Payment], **kwargs: object) -> None:
    matters.open_for(Payment.Notice.DISPUTE, payments)


@receiver(seats_lost)
def tell_of_lost_seats(sender: type[Payment], payments: Sequence[Payment], **kwargs: object) -> None:
    matters.open_for(Payment.Notice.SEAT_LOST, payments)


@receiver(payments_cleared)
def tell_that_it_is_over(
    sender: type[Payment], payments: Sequence[Payment], notices: Collection[str], **kwargs: object
) -> None:
    matters.close_for(notices, payments)
