"""For tests of comparing: time that has passed, and what is found, by name."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db.models import F, Model

from bookings.models import Booking
from integrations import reconciliation
from integrations.models import Delivery, Drift
from leads.models import Lead
from webinars.models import Payment, Registration

HOUR = timedelta(hours=1)


def an_hour_later() -> None:
    """Nothing is fresh any more."""
    for model in (Lead, Registration, Booking, Payment):
        model._base_manager.update(updated_at=F("updated_at") - HOUR)
    Delivery.objects.exclude(settled_at=None).update(settled_at=F("settled_at") - HOUR)


def compare(integration: str = "") -> dict[str, Any]:
    return reconciliation.compare(integration)


def found(*models: type[Model]) -> set[tuple[str, Any]]:
    """(kind, whose or what) of all that is open and not ignored; of everything, or of these kinds of rows."""
    rows = Drift.objects.heeded()
    chosen = rows.filter(subject_type__in=[model._meta.label_lower for model in models]) if models else rows
    return {(drift.kind, subject_of(drift) or drift.reference) for drift in chosen}


def subject_of(drift: Drift) -> Model | None:
    if not drift.subject_type:
        return None
    row: Model = apps.get_model(drift.subject_type)._base_manager.get(pk=drift.subject_id)
    return row
