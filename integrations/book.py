"""The book of one remote system's records of one kind: which are ours, and what we last wrote."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone

from .models import ExternalRecord

Values = dict[str, str]


class Book:
    """Pages are ExternalRecord rows; all methods take and write many at once."""

    def __init__(self, remote_system: str, remote_model: str) -> None:
        self.remote_system = remote_system
        self.remote_model = remote_model

    def of(self, subjects: Sequence[Model]) -> dict[Any, ExternalRecord]:
        """{subject's pk: record} of those that are known there."""
        if not subjects:
            return {}
        rows = ExternalRecord.objects.filter(
            remote_system=self.remote_system,
            remote_model=self.remote_model,
            subject_type=subjects[0]._meta.label_lower,
            subject_id__in=[subject.pk for subject in subjects],
        )
        return {row.subject_id: row for row in rows}

    def enter(self, entries: Iterable[tuple[Model, str, str, Values]]) -> None:
        """Write down new records: (subject, id there, link, what was sent)."""
        now = timezone.now()
        rows = [
            ExternalRecord(
                remote_system=self.remote_system,
                remote_model=self.remote_model,
                subject_type=subject._meta.label_lower,
                subject_id=subject.pk,
                remote_id=remote_id,
                url=url,
                sent=sent,
                synced_at=now,
                as_of=version_of(subject),
            )
            for subject, remote_id, url, sent in entries
        ]
        ExternalRecord.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["remote_system", "remote_model", "subject_type", "subject_id"],
            update_fields=["remote_id", "url", "sent", "synced_at", "as_of"],
        )

    def announce(self, sending: Iterable[tuple[ExternalRecord, Values]]) -> None:
        """Write down, before the call, what it may write: if its answer is lost, we still know our own values."""
        records = []
        for record, values in sending:
            for name, value in values.items():
                record.sending[name] = sorted({*record.sending.get(name, []), value})
            records.append(record)
        ExternalRecord.objects.bulk_update(records, ["sending"])

    def update(self, records: Iterable[tuple[Model, ExternalRecord]]) -> None:
        """Save what was sent, what was kept and that the subjects are in step now."""
        now = timezone.now()
        rows = []
        for subject, record in records:
            record.sending, record.synced_at, record.as_of = {}, now, version_of(subject)
            rows.append(record)
        ExternalRecord.objects.bulk_update(rows, ["sent", "sending", "kept", "synced_at", "as_of"])

    def forget(self, subjects: Sequence[Model]) -> None:
        """Drop what we remember to have sent of forgotten people, in every book: of systems left behind, too."""
        if subjects:
            of_them = {
                "subject_type": subjects[0]._meta.label_lower,
                "subject_id__in": [subject.pk for subject in subjects],
            }
            ExternalRecord.objects.filter(**of_them).update(sent={}, sending={}, kept={})

    def gone(self, records: Sequence[ExternalRecord]) -> None:
        """They were deleted there: shown, and never made again by themselves."""
        rows = ExternalRecord.objects.filter(pk__in=[record.pk for record in records], gone_at=None)
        rows.update(gone_at=timezone.now())


def version_of(subject: Model) -> datetime | None:
    """As the subject was when it was read, not when it was sent: a worker that comes late must not look up to date."""
    return getattr(subject, "updated_at", None)
