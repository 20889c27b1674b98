"""What Odoo is told of, fact by fact."""

from collections.abc import Sequence

from django.dispatch import receiver

from integrations import outbox
from leads.models import Lead
from leads.signals import leads_captured, leads_changed, leads_forgotten
from webinars.models import Registration, Session
from webinars.signals import (
    registrations_attended,
    registrations_cancelled,
    registrations_changed,
    registrations_confirmed,
    registrations_forgotten,
    sessions_cancelled,
    sessions_changed,
    sessions_published,
)

from .service import OdooService


@receiver([leads_captured, leads_changed, leads_forgotten])
def keep_leads_in_step(sender: type[Lead], leads: Sequence[Lead], **kwargs: object) -> None:
    outbox.keep_in_sync(OdooService.push_leads, leads)


@receiver([sessions_published, sessions_changed, sessions_cancelled])
def keep_sessions_in_step(sender: type[Session], sessions: Sequence[Session], **kwargs: object) -> None:
    outbox.keep_in_sync(OdooService.push_sessions, sessions)


@receiver(
    [
        registrations_confirmed,
        registrations_changed,
        registrations_cancelled,
        registrations_attended,
        registrations_forgotten,
    ]
)
def keep_registrations_in_step(
    sender: type[Registration], registrations: Sequence[Registration], **kwargs: object
) -> None:
    outbox.keep_in_sync(OdooService.push_registrations, registrations)
