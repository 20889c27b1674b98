"""Leads in Odoo's CRM."""

from collections.abc import Iterator, Sequence
from itertools import islice

from django.db.models import Exists, Prefetch, QuerySet, prefetch_related_objects

from bookings.models import Booking
from integrations import errors, progress
from integrations.book import Book, Values
from integrations.models import Connection
from integrations.service import JobReport, Outcome
from leads.models import Lead, Touchpoint

from . import forgetting, mapping
from .client import OdooClient
from .records import Records, told
from .step import known, not_in_step

MODEL = "crm.lead"
AT_ONCE = 200
# What the mapping reads of a touchpoint; the rest of its twenty columns would only be carried about.
TOLD = ("lead", "key", "kind", "message", "captured_at", "utm_campaign", "first_utm_campaign", "whitepaper")


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
        bookings = bookings_of(leads)
        wanted: dict[Lead, Values] = {}
        unmappable: dict[Lead, errors.IntegrationError] = {}
        for lead in leads:
            touchpoints, lead_type = list(lead.touchpoints.all()), self.client.settings.lead_type
            try:
                wanted[lead] = mapping.lead(lead, touchpoints, lead_type=lead_type, bookings=bookings)
            except Exception as error:
                reason = f"This lead cannot be put into Odoo's words: {error!r}"
                unmappable[lead] = errors.Rejected(reason)
        return wanted, unmappable

    def forget(self, leads: Sequence[Lead]) -> Iterator[tuple[Sequence[Lead], Outcome]]:
        doubtful = forgetting.maybe_there("push_leads", leads)
        yield from forgetting.forget(self, leads, lambda _lead, _row: dict(mapping.FORGOTTEN), doubtful=doubtful)

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
                    report.tell(told(found, lead=found.subject.pk, email=found.subject.email))
            for lead, error in unmappable.items():
                report.tell({"lead": lead.pk, "email": lead.email, "kind": "unmappable", "reason": error.message})
            progress.report(sum(report.counts.values()), total)
        return report


def bookings_of(leads: Sequence[Lead]) -> dict[str, Booking]:
    """By the keys of their touchpoints; asks for none where nobody wanted a consultation."""
    booked = Touchpoint.Kind.CONSULTATION
    people = [lead for lead in leads if any(touch.kind == booked for touch in lead.touchpoints.all())]
    rows = Booking.objects.filter(lead__in=people).select_related("consultant") if people else []
    return {str(row.uuid): row for row in rows}


def missing_or_stale(connection: Connection, remote_system: str) -> QuerySet[Lead]:
    """Leads that this Odoo lacks or has not as they are now, and that no open, dead or cancelled promise covers."""
    there = known(Lead, remote_system, MODEL)
    never_there = Lead.objects.filter(status=Lead.Status.FORGOTTEN).exclude(Exists(there)).values("pk")
    leads = Lead.objects.exclude(pk__in=never_there).order_by("pk")
    return not_in_step(leads, connection, operation="push_leads", remote_system=remote_system, remote_model=MODEL)
