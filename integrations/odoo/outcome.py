"""What became of our leads in Odoo: stage, won or lost, and who looks after them."""

from collections.abc import Iterator
from typing import Any

from integrations import progress
from integrations.models import ExternalRecord
from integrations.service import JobReport

from .client import Row
from .leads import MODEL, LeadRecords

AT_ONCE = 200
FIELDS = {"stage_id", "user_id", "probability", "won_status"}  # the last from 19
Told = dict[str, Any]


def read(records: LeadRecords) -> JobReport:
    """One call per `AT_ONCE` leads; those that Odoo has deleted are noted as such. Counts outcomes that are news."""
    report = JobReport()
    known = ExternalRecord.objects.filter(remote_system=records.book.remote_system, remote_model=MODEL, gone_at=None)
    total, done = known.count(), 0
    won = won_stages(records) if total else set()
    fields = FIELDS & records.known_fields() if total else set()
    for chunk in chunks(known):
        rows = records.read(chunk, fields)
        records.book.gone([record for record in chunk if int(record.remote_id) not in rows])
        note(
            [(record, told(rows[int(record.remote_id)], won)) for record in chunk if int(record.remote_id) in rows],
            report,
        )
        done += len(chunk)
        progress.report(done, total)
    return report


def won_stages(records: LeadRecords) -> set[int]:
    return {row["id"] for row in records.client.search_read("crm.stage", [["is_won", "=", True]], ["name"])}


def chunks(known: Any) -> Iterator[list[ExternalRecord]]:
    last = 0
    while chunk := list(known.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        yield chunk
        last = chunk[-1].pk


def note(found: list[tuple[ExternalRecord, Told]], report: JobReport) -> None:
    news = [(record, said) for record, said in found if record.told != said]
    for record, said in news:
        if record.told.get("outcome") != said["outcome"]:
            report.count(said["outcome"])
        record.told = said
    ExternalRecord.objects.bulk_update([record for record, _said in news], ["told"])


def told(row: Row, won: set[int]) -> Told:
    return {
        "stage": row["stage_id"][1] if row["stage_id"] else "",
        "outcome": outcome(row, won),
        "salesperson": row["user_id"][1] if row["user_id"] else "",
    }


def outcome(row: Row, won: set[int]) -> str:
    """19 says it; before, lost leads are archived without any probability, and won ones are in a stage that says so."""
    if status := row.get("won_status"):
        return {"won": "won", "lost": "lost"}.get(status, "open")
    if not row["active"]:
        return "open" if row["probability"] else "lost"
    return "won" if row["stage_id"] and row["stage_id"][0] in won else "open"
