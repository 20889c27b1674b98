"""What belongs to a person: rows that name nobody else. Who changed address may be several leads."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet

from bookings.models import Booking
from leads.addresses import FORGOTTEN_DOMAIN
from leads.models import Consent, Lead, Touchpoint
from webinars.models import Payment, Refund, Registration

from .models import Delivery
from .models.delivery import DeliveryQuerySet

COMING: tuple[type[Registration], type[Booking]] = (Registration, Booking)  # what people give an address for


def known_as(address: str) -> QuerySet[Lead]:
    """Whoever has this (normalised) address, or gave it: what they came with outlives a change of it."""
    came = [pk for rows in COMING for pk in rows.objects.filter(email=address).values_list("lead", flat=True)]
    return Lead.objects.filter(Q(email=address) | Q(pk__in=came)).exclude(status=Lead.Status.FORGOTTEN)


def addresses(leads: Collection[Lead]) -> set[str]:
    """All that these people are, or were, written to at."""
    given = [email for rows in COMING for email in rows.objects.filter(lead__in=leads).values_list("email", flat=True)]
    return {lead.email for lead in leads} | {email for email in given if not email.endswith(FORGOTTEN_DOMAIN)}


def belongings(*leads: Lead) -> list[QuerySet[Any]]:
    """The rows of the domain, kind by kind: what something can be promised about. Each app adds its own here."""
    theirs = [rows._default_manager.filter(lead__in=leads) for rows in (Touchpoint, Consent, *COMING)]
    return [Lead.objects.filter(pk__in=[lead.pk for lead in leads]), *theirs]


def money(*leads: Lead) -> list[QuerySet[Any]]:
    """What they paid and got back: kept, and carried out, though they are forgotten."""
    paid = Payment.objects.filter(registration__lead__in=leads)
    return [paid, Refund.objects.filter(payment__registration__lead__in=leads)]


def deliveries(*leads: Lead) -> DeliveryQuerySet:
    """All that was ever promised about this person."""
    return promised(*belongings(*leads), *money(*leads))


def promised(*kinds: QuerySet[Any]) -> DeliveryQuerySet:
    """All that was ever promised about these rows."""
    about = Q(pk__in=[])
    for rows in kinds:
        ids = list(rows.order_by().values_list("pk", flat=True))  # with a sub-select no index would be used
        about |= Q(subject_type=rows.model._meta.label_lower, subject_id__in=ids)
    return Delivery.objects.filter(about)
