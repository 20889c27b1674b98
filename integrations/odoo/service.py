"""What we promise to keep equal in Odoo, and how the connection is tested."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cached_property

import environ
from django.utils.translation import gettext_lazy as _

from integrations import outbox
from integrations.service import (
    ConnectionReport,
    IntegrationService,
    JobReport,
    Outcome,
    Requirement,
    job,
    operation,
)
from leads.models import Lead

from . import mapping, probe
from .client import OdooClient
from .leads import LeadRecords, missing_or_stale
from .settings import OdooSettings

# Sets the schedule when it is created; afterwards the operator edits it in the admin.
SYNC_EVERY = timedelta(minutes=environ.Env().int("ODOO_SYNC_INTERVAL_MINUTES", default=60))


class OdooService(IntegrationService):
    """Odoo CRM over its external API."""

    slug, label, icon = "odoo", _("Odoo ERP"), "hub"
    settings_schema = OdooSettings
    field_labels = {"crm.lead": mapping.LABELS}
    settings: OdooSettings

    @classmethod
    def system_of(cls, settings: OdooSettings) -> str:
        return f"{settings.base_url}/{settings.database}"

    @cached_property
    def client(self) -> OdooClient:
        return OdooClient(self.settings, self.gate, self.memory)

    @cached_property
    def lead_records(self) -> LeadRecords:
        client = OdooClient(self.settings, self.gate, self.memory, operation=OdooService.push_leads.name)
        return LeadRecords(client, self.remote_system)

    def test_connection(self) -> ConnectionReport:
        """User, version, modules, rights, fields and the days that the key has left."""
        return probe.report(self)

    def requirements(self) -> list[Requirement]:
        """The module, the rights and the user that the last test found."""
        return probe.requirements(self.connection.report)

    @operation(label=_("Leads to Odoo"), batch_size=200)
    def push_leads(self, leads: Sequence[Lead]) -> Iterator[tuple[Sequence[Lead], Outcome]]:
        """Make Odoo's crm.lead records equal to our leads; safe to repeat."""
        yield from self.lead_records.push_leads(leads)

    @job(every=SYNC_EVERY, command="sync-leads", label=_("Sync leads"))
    def sync_leads(self, *, limit: int | None = None, dry_run: bool = False) -> JobReport:
        """Promise again whatever Odoo may have missed; a dry run tells field by field what pushing would change."""
        if dry_run:
            return self.lead_records.dry_run(limit)
        due = missing_or_stale(self.connection, self.remote_system)[:limit]
        return JobReport(promised=outbox.keep_in_sync(OdooService.push_leads, due))
