"""What Odoo is told of, fact by fact."""

from collections.abc import Sequence

from django.dispatch import receiver

from bookings.models import Booking
from bookings.signals import bookings_cancelled, bookings_confirmed, bookings_moved
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


# A lead tells when it is to be met, and whether that holds.
@receiver([bookings_confirmed, bookings_moved, bookings_cancelled])
def keep_leads_of_bookings_in_step(sender: type[Booking], bookings: Sequence[Booking], **kwargs: object) -> None:
    outbox.keep_in_sync(OdooService.push_leads, Lead.objects.filter(bookings__in=bookings))


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
