"""Leads in Odoo's CRM."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, prefetch_related_objects

from integrations import errors, progress
from integrations.book import Book, Values
from integrations.models import Attempt, Connection, Delivery, ExternalRecord
from integrations.service import JobReport, Outcome
from leads.models import Lead, Touchpoint

from . import mapping
from .client import OdooClient
from .records import Difference, Records, only

MODEL = "crm.lead"
AT_ONCE = 200
# What the mapping reads of a touchpoint; the rest of its twenty columns would only be carried about.
TOLD = ("lead", "kind", "message", "captured_at", "utm_campaign", "first_utm_campaign", "whitepaper")


class LeadRecords(Records[Lead]):
    """Our leads as crm.lead records."""

    def __init__(self, client: OdooClient, remote_system: str) -> None:
        super().__init__(
            client,
            Book(remote_system, MODEL),
            model=MODEL,
            relations=mapping.RELATIONS,
        )

    def push_leads(self, leads: Sequence[Lead]) -> Iterator[tuple[Sequence[Lead], Outcome]]:
        wanted, unmappable = self.mapped([lead for lead in leads if not lead.is_forgotten])
        for lead, error in unmappable.items():
            yield [lead], error
        if forgotten := [lead for lead in leads if lead.is_forgotten]:
            yield from self.forget(forgotten)
        if wanted:
            yield from self.push(wanted)

    def mapped(self, leads: Sequence[Lead]) -> tuple[dict[Lead, Values], dict[Lead, errors.IntegrationError]]:
        """What Odoo should hold of each, and those that cannot be put into its words, with the reason."""
        in_order = Touchpoint.objects.select_related("whitepaper").only(*TOLD).order_by("captured_at", "id")
        prefetch_related_objects(leads, Prefetch("touchpoints", queryset=in_order))
        wanted: dict[Lead, Values] = {}
        unmappable: dict[Lead, errors.IntegrationError] = {}
        for lead in leads:
            try:
                wanted[lead] = mapping.lead(
                    lead, list(lead.touchpoints.all()), lead_type=self.client.settings.lead_type
                )
            except Exception as error:
                reason = f"This lead cannot be put into Odoo's words: {error!r}"
                unmappable[lead] = errors.Rejected(reason)
        return wanted, unmappable

    def forget(self, leads: Sequence[Lead]) -> Iterator[tuple[Sequence[Lead], Outcome]]:
        """Overwrite what Odoo knows of a forgotten person, whatever sales wrote; who is not there is never sent."""
        self.book.forget(leads)
        records = self.book.of(leads)
        known = [lead for lead in leads if lead.pk in records and not records[lead.pk].gone_at]
        doubtful = maybe_there([lead for lead in leads if lead.pk not in records])
        if unknown := [lead for lead in leads if lead not in known and lead not in doubtful]:
            yield unknown, None
        if not known and not doubtful:
            return
        blank = only(mapping.FORGOTTEN, self.known_fields())
        # Only the external id leads to what a lost call may have made. At worst this makes a record of nobody.
        yield from self.create([Difference(lead, "new", dict(blank)) for lead in doubtful])
        there = self.read([records[lead.pk] for lead in known], set(blank))
        left = [lead for lead in known if int(records[lead.pk].remote_id) in there]
        if gone := [lead for lead in known if lead not in left]:
            self.book.gone([records[lead.pk] for lead in gone])
            yield gone, errors.Gone("Deleted in Odoo.")
        yield from self.change([Difference(lead, "changed", dict(blank), record=records[lead.pk]) for lead in left])

    def dry_run(self, limit: int | None) -> JobReport:
        """What pushing every lead would do, field by field; one call per `AT_ONCE` leads that Odoo knows."""
        leads = Lead.objects.exclude(status=Lead.Status.FORGOTTEN).order_by("pk")[:limit]
        total, rows = leads.count(), leads.iterator()
        report = JobReport()
        while chunk := list(islice(rows, AT_ONCE)):
            wanted, unmappable = self.mapped(chunk)
            for found in self.differences(wanted):
                if found.kind == "same":
                    report.count("same")
                else:
                    report.tell(told(found))
            for lead, error in unmappable.items():
                report.tell({"lead": lead.pk, "email": lead.email, "kind": "unmappable", "reason": error.message})
            progress.report(sum(report.counts.values()), total)
        return report


def told(found: Difference[Lead]) -> dict[str, Any]:
    fields = {
        name: {"before": found.before.get(name, ""), "after": value}
        for name, value in found.changes.items()
        if value or found.before
    }
    return {
        "lead": found.subject.pk,
        "email": found.subject.email,
        "kind": found.kind,
        "fields": fields,
        "kept": found.kept,
    }


def maybe_there(leads: Sequence[Lead]) -> list[Lead]:
    """Those that a call may have brought to Odoo, though its answer was lost or the worker died."""
    tried = Attempt.objects.filter(
        delivery__operation="push_leads",
        delivery__subject_type=Lead._meta.label_lower,
        delivery__subject_id__in=[lead.pk for lead in leads],
        outcome__in=[errors.Ambiguous.kind, "bug"],
    )
    found = set(tried.values_list("delivery__subject_id", flat=True))
    return [lead for lead in leads if lead.pk in found]


def missing_or_stale(connection: Connection, remote_system: str) -> QuerySet[Lead]:
    """Leads that this Odoo lacks or has not as they are now, and that no open, dead or cancelled promise covers."""
    of_this = {"subject_type": Lead._meta.label_lower, "subject_id": OuterRef("pk")}
    records = ExternalRecord.objects.filter(remote_system=remote_system, remote_model=MODEL, **of_this)
    in_step = records.filter(as_of=OuterRef("updated_at")) | records.exclude(gone_at=None)
    covered = Delivery.objects.filter(connection=connection, operation="push_leads", **of_this).exclude(
        state__in=[Delivery.State.DELIVERED, Delivery.State.EXPIRED]
    )
    never_there = Lead.objects.filter(status=Lead.Status.FORGOTTEN).exclude(Exists(records)).values("pk")
    return Lead.objects.exclude(Exists(in_step)).exclude(Exists(covered)).exclude(pk__in=never_there).order_by("pk")
