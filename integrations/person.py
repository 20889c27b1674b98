"""What belongs to one person: rows that name nobody else."""

from typing import Any

from django.db.models import Q, QuerySet

from leads.models import Lead

from .models import Delivery
from .models.delivery import DeliveryQuerySet


def belongings(lead: Lead) -> list[QuerySet[Any]]:
    """The rows of the domain, kind by kind: what something can be promised about. Each app adds its own here."""
    return [Lead.objects.filter(pk=lead.pk), lead.touchpoints.all(), lead.consents.all(), lead.registrations.all()]


def deliveries(lead: Lead) -> DeliveryQuerySet:
    """All that was ever promised about this person."""
    about = Q(pk__in=[])
    for rows in belongings(lead):
        ids = list(rows.order_by().values_list("pk", flat=True))  # with a sub-select no index would be used
        about |= Q(subject_type=rows.model._meta.label_lower, subject_id__in=ids)
    return Delivery.objects.filter(about)
