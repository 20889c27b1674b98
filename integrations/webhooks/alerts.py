"""Incidents, told to the one address for alerts: a message for each alert, escalation and all-clear."""

from collections.abc import Sequence

from integrations import alarm, configuration, outbox
from integrations import incidents as book
from integrations.models import Connection, Incident
from integrations.models.incident import LASTING

from .service import WebhooksService


def alert(incidents: Sequence[Incident]) -> None:
    for incident in to_tell(incidents):
        outbox.once(WebhooksService.integration_alert, incident)
        book.note_alerted([incident])


def escalate(incidents: Sequence[Incident]) -> None:
    outbox.once(WebhooksService.integration_escalated, to_tell(incidents))


def all_clear(incidents: Sequence[Incident]) -> None:
    """Of outages that it was told of."""
    for incident in incidents:
        if alarm.withdraw(WebhooksService.slug, incident) and incident.kind in LASTING:
            outbox.once(WebhooksService.integration_recovered, incident)


def to_tell(incidents: Sequence[Incident]) -> list[Incident]:
    if not is_set_up():
        return []
    return [incident for incident in incidents if alarm.may_tell(WebhooksService.slug, incident)]


def is_set_up() -> bool:
    """In use, with an address for alerts. One that cannot be read just now may have one."""
    found = Connection.objects.select_related("integration").get(integration__slug=WebhooksService.slug, owner="")
    if not found.integration.enabled:
        return False
    service = configuration.service_on(found)
    return found.must_reenter_secrets or (isinstance(service, WebhooksService) and bool(service.alert_url))
