"""Which letters which facts lead to."""

from collections.abc import Sequence

from django.dispatch import receiver

from integrations import outbox
from leads.models import Consent, Touchpoint
from leads.signals import consents_requested, whitepapers_requested

from .service import EmailService


@receiver(whitepapers_requested)
def send_whitepapers(sender: type[Touchpoint], touchpoints: Sequence[Touchpoint], **kwargs: object) -> None:
    outbox.once(EmailService.whitepaper_delivery, touchpoints)


@receiver(consents_requested)
def ask_for_confirmation(sender: type[Consent], consents: Sequence[Consent], **kwargs: object) -> None:
    outbox.once(EmailService.double_opt_in, consents)
