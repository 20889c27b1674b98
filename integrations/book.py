"""The book of one remote system's records of one kind: which are ours, and what we last wrote."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from .models import ExternalRecord

Values = dict[str, str]

# One JSON document: what a batch of new records costs us is mostly the making of its statement.
_ENTER = """
INSERT INTO integrations_externalrecord (remote_system, remote_model, subject_type, subject_id,
    remote_id, url, sent, sending, kept, told, as_of, synced_at)
SELECT %(system)s, %(model)s, %(type)s, subject, id, url, sent, '{}', '{}', '{}', as_of, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(subject bigint, id text, url text, sent jsonb, as_of timestamptz)
ON CONFLICT (remote_system, remote_model, subject_type, subject_id) DO UPDATE SET
    remote_id = EXCLUDED.remote_id, url = EXCLUDED.url, sent = EXCLUDED.sent,
    as_of = EXCLUDED.as_of, synced_at = EXCLUDED.synced_at
"""


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

    def enter(self, entries: Sequence[tuple[Model, str, str, Values]]) -> None:
        """Write down new records of one kind of subject: (subject, id there, link, what was sent)."""
        rows = [
            {"subject": subject.pk, "id": remote_id, "url": url, "sent": sent, "as_of": version_of(subject)}
            for subject, remote_id, url, sent in entries
        ]
        parameters: dict[str, Any] = {
            "system": self.remote_system,
            "model": self.remote_model,
            "type": entries[0][0]._meta.label_lower,
            "now": timezone.now(),
            "rows": json.dumps(rows, default=str),
        }
        with database.cursor() as cursor:
            cursor.execute(_ENTER, parameters)

    def announce(self, sending: Iterable[tuple[ExternalRecord, Values]]) -> None:
        """Write down, before the call, what it may write: if its answer is lost, we still know our own values."""
        records = []
        for record, values in sending:
            for name, value in values.items():
                record.sending[name] = sorted({*record.sending.get(name, []), value})
            records.append(record)
        ExternalRecord.objects.bulk_update(records, ["sending"])

    @transaction.atomic
    def update(self, records: Iterable[tuple[Model, ExternalRecord]]) -> None:
        """Save what was sent, what was kept and that the subjects are in step now."""
        now = timezone.now()
        rows = []
        for subject, record in records:
            record.sending, record.synced_at, record.as_of = {}, now, version_of(subject)
            rows.append(record)
        keep_answers({row.pk: row for row in rows if row.kept})
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


def keep_answers(records: dict[int, ExternalRecord]) -> None:
    """Of differences that are still the same. They may have been given while the call was under way: the rows stay
    locked until what was kept is written."""
    stored = ExternalRecord.objects.filter(pk__in=list(records)).order_by("pk").select_for_update() if records else ()
    for row in stored:
        kept = records[row.pk].kept
        for name, values in kept.items():
            before = row.kept.get(name, {})
            if before and {**before, **values} == before:
                kept[name] = before


def version_of(subject: Model) -> datetime | None:
    """As the subject was when it was read, not when it was sent: a worker that comes late must not look up to date."""
    return getattr(subject, "updated_at", None)
