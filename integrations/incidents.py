"""What needs somebody: outages, and single matters such as a disputed payment.

Whoever notices one reports it, as often as he likes, and tells when it is over. A new kind is a line in KINDS.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model, QuerySet
from django.db.models.functions import Coalesce
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import waited
from .models import Connection, Incident
from .models.incident import LASTING, OUTAGE, UNHEALTHY
from .signals import incidents_closed, incidents_escalated, incidents_opened

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Kind:
    """Who has the `permission` can act, and is alerted; `advice` is what the alert adds to the summary."""

    label: Promise
    permission: str
    advice: Promise


REFUND = "webinars.refund_payment"
KINDS = {
    OUTAGE: Kind(
        _("Outage"),
        "integrations.operate_integration",
        _("What waits is kept and goes out by itself once this is put right. We write again when all is well."),
    ),
    UNHEALTHY: Kind(
        _("Unhealthy"),
        "integrations.operate_integration",
        _("It works in part. Look at the integration's page; we write again when all is well."),
    ),
    "payment_mismatch": Kind(
        _("Payment differs"),
        REFUND,
        _("It gives nobody a seat. Compare it with the provider, and send back there what was paid for nothing."),
    ),
    "dispute": Kind(_("Dispute"), REFUND, _("Answer at the provider before its time is over. The seat stays.")),
    "seat_lost": Kind(
        _("Paid when the seat was gone"),
        REFUND,
        _("The money goes back by itself, and the person is told. Offer another seat if you have one."),
    ),
    "unknown_payment": Kind(
        _("Unknown payment"),
        REFUND,
        _("It gives nobody a seat. Find out whose it is, and send it back at the provider."),
    ),
    "calendar_change": Kind(
        _("Changed in the calendar"),
        "integrations.operate_integration",
        _("Open the booking and take it over, put it back, or settle it. Until then the client is told nothing."),
    ),
    "calendar_conflict": Kind(
        _("Booked while busy"),
        "integrations.operate_integration",
        _("Nobody could ask the calendar when it was booked. Move one of the two, or settle it at the booking."),
    ),
}


@transaction.atomic
def report(connection: Connection, kind: str, subject: Model | None, summary: str) -> bool:
    """Open an incident, unless the same one is open; says whether it is new. `summary` holds no secrets.

    Raises KeyError for a kind that is not in KINDS.
    """
    assert KINDS[kind]
    incident, is_new = Incident.objects.select_related("connection__integration").get_or_create(
        connection=connection,
        kind=kind,
        subject_type=subject._meta.label_lower if subject else "",
        subject_id=subject.pk if subject else 0,
        closed_at=None,
        defaults={"summary": summary, "opened_at": timezone.now()},
    )
    if is_new:
        logger.warning("incident opened", integration=connection.integration.slug, kind=kind, incident=incident.pk)
    if incident.alerted_at is None:  # as when the integration was put into use since
        incidents_opened.send(sender=Incident, incidents=[incident])
    return is_new


def close(kind: str, subject: Model) -> None:
    """It is over, if it was open."""
    end(Incident.objects.about(subject).filter(kind=kind))


def close_outage(connection: Connection) -> None:
    end(Incident.objects.filter(connection=connection, kind=OUTAGE))


@transaction.atomic
def end(incidents: QuerySet[Incident]) -> None:
    ended = locked(incidents)
    for incident in ended:
        incident.closed_at = timezone.now()
        incident.waited = waited.during(incident) if incident.kind in LASTING else {}
        incident.save(update_fields=["closed_at", "waited"])
    if ended:
        incidents_closed.send(sender=Incident, incidents=ended)


@transaction.atomic
def acknowledge(incidents: QuerySet[Incident], user: User | None) -> list[Incident]:
    """Somebody has taken note: nobody needs to be told of it any more. An outage lasts all the same; a matter is over.

    Gives those that were open.
    """
    noted = locked(incidents)
    now = timezone.now()
    rows = Incident.objects.filter(pk__in=[each.pk for each in noted])
    rows.filter(acknowledged_at=None).update(acknowledged_at=now, acknowledged_by=user)
    rows.exclude(kind__in=LASTING).update(closed_at=now)
    return noted


@transaction.atomic
def escalate() -> int:
    """Tell others, once, of what nobody has taken note of for too long; returns how many incidents that were.

    Counted from the alert, as what was not in use may have been noticed long before.
    """
    long_ago = timezone.now() - timedelta(minutes=settings.ALERT_ESCALATE_MINUTES)
    left = Incident.objects.open().filter(acknowledged_at=None, escalated_at=None, kind__in=KINDS)
    in_use = left.filter(connection__integration__enabled=True, connection__removed_at=None)
    late = locked(in_use.annotate(told_at=Coalesce("alerted_at", "opened_at")).filter(told_at__lte=long_ago))
    late = [each for each in late if not (each.acknowledged_at or each.escalated_at)]  # while we waited for the lock
    for incident in late:
        incident.escalated_at = timezone.now()
        incident.save(update_fields=["escalated_at"])
        logger.warning("incident escalated", incident=incident.pk)
    if late:
        incidents_escalated.send(sender=Incident, incidents=late)
    return len(late)


def locked(incidents: QuerySet[Incident]) -> list[Incident]:
    """Those that are open, as they are now."""
    rows = Incident.objects.filter(pk__in=incidents.values("pk")).open()
    return list(rows.select_related("connection__integration").select_for_update(of=("self",)).order_by("pk"))


def page_of(incident: Incident) -> str:
    """Where one looks at what it is about: the subject's page, where there is one, or the integration's."""
    if incident.subject_type:
        with suppress(NoReverseMatch):
            name = incident.subject_type.replace(".", "_")
            return reverse(f"admin:{name}_change", args=[incident.subject_id])
        return reverse("admin:integrations_incident_change", args=[incident.pk])
    return reverse("admin:integrations_integration_change", args=[incident.connection.integration_id])


def note_alerted(incidents: Iterable[Incident]) -> None:
    """Whoever should know has been told, or is about to be."""
    now = timezone.now()
    for incident in incidents:
        incident.alerted_at = now
        incident.save(update_fields=["alerted_at"])
