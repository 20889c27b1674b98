"""What Odoo is told of, fact by fact."""

from collections.abc import Sequence

from django.dispatch import receiver

from integrations import outbox
from leads.models import Lead
from leads.signals import leads_captured, leads_changed, leads_forgotten

from .service import OdooService


@receiver([leads_captured, leads_changed, leads_forgotten])
def keep_leads_in_step(sender: type[Lead], leads: Sequence[Lead], **kwargs: object) -> None:
    outbox.keep_in_sync(OdooService.push_leads, leads)
