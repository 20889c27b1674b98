"""What endpoints are told of, fact by fact."""

from collections.abc import Sequence

from django.dispatch import receiver

from integrations import outbox
from integrations.models import Incident
from integrations.signals import incidents_closed, incidents_escalated, incidents_opened
from leads.models import Lead
from leads.signals import leads_captured, leads_changed, leads_forgotten

from . import alerts
from .service import WebhooksService, endpoints_for


@receiver(leads_captured)
def tell_of_captured_leads(sender: type[Lead], leads: Sequence[Lead], **kwargs: object) -> None:
    outbox.keep_in_sync(WebhooksService.lead_captured, leads, owner=endpoints_for("lead.captured"))


@receiver(leads_changed)
def tell_of_changed_leads(sender: type[Lead], leads: Sequence[Lead], **kwargs: object) -> None:
    outbox.keep_in_sync(WebhooksService.lead_changed, leads, owner=endpoints_for("lead.changed"))


@receiver(leads_forgotten)
def tell_of_forgotten_leads(sender: type[Lead], leads: Sequence[Lead], **kwargs: object) -> None:
    outbox.keep_in_sync(WebhooksService.lead_forgotten, leads, owner=endpoints_for("lead.forgotten"))


@receiver(incidents_opened)
def alert(sender: type[Incident], incidents: Sequence[Incident], **kwargs: object) -> None:
    alerts.alert(incidents)


@receiver(incidents_escalated)
def escalate(sender: type[Incident], incidents: Sequence[Incident], **kwargs: object) -> None:
    alerts.escalate(incidents)


@receiver(incidents_closed)
def give_the_all_clear(sender: type[Incident], incidents: Sequence[Incident], **kwargs: object) -> None:
    alerts.all_clear(incidents)
