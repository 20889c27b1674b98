"""Which of our rows Odoo may have missed."""

from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, QuerySet

from integrations.models import Connection, Delivery, ExternalRecord

M = TypeVar("M", bound=Model)


def known(model: type[Model], remote_system: str, remote_model: str) -> QuerySet[ExternalRecord]:
    """For `Exists`: the record there of a row of ours."""
    return ExternalRecord.objects.filter(
        remote_system=remote_system,
        remote_model=remote_model,
        subject_type=model._meta.label_lower,
        subject_id=OuterRef("pk"),
    )


def not_in_step(
    rows: QuerySet[M], connection: Connection, *, operation: str, remote_system: str, remote_model: str
) -> QuerySet[M]:
    """Those that this Odoo lacks or has not as they are now, and that no open, dead or cancelled promise covers."""
    records = known(rows.model, remote_system, remote_model)
    in_step = records.filter(as_of=OuterRef("updated_at")) | records.exclude(gone_at=None)
    covered = Delivery.objects.filter(
        connection=connection,
        operation=operation,
        subject_type=rows.model._meta.label_lower,
        subject_id=OuterRef("pk"),
    ).exclude(state__in=[Delivery.State.DELIVERED, Delivery.State.EXPIRED])
    return rows.exclude(Exists(in_step)).exclude(Exists(covered))
