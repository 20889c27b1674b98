"""What Stripe is told to do, fact by fact."""

from collections.abc import Sequence

from django.dispatch import receiver

from integrations import outbox
from webinars.models import Payment, Refund
from webinars.signals import payments_abandoned, refunds_requested

from .service import StripeService


@receiver(payments_abandoned)
def cancel_abandoned_payments(sender: type[Payment], payments: Sequence[Payment], **kwargs: object) -> None:
    outbox.keep_in_sync(StripeService.cancel_payments, payments)


@receiver(refunds_requested)
def push_requested_refunds(sender: type[Refund], refunds: Sequence[Refund], **kwargs: object) -> None:
    outbox.keep_in_sync(StripeService.push_refunds, refunds)
