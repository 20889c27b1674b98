"""What we promise to keep equal in Odoo, and how the connection is tested."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

import environ
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from integrations import outbox
from integrations.models import Drift
from integrations.service import (
    ConnectionReport,
    IntegrationService,
    JobReport,
    Operation,
    Outcome,
    Part,
    Requirement,
    job,
    operation,
)
from leads.models import Lead
from webinars.models import Registration, Session

from . import comparing, mapping, mapping_webinars, outcome, presence, probe, topics, webinars
from .client import OdooClient
from .leads import LeadRecords, missing_or_stale
from .registrations import RegistrationRecords
from .sessions import SessionRecords
from .settings import OdooSettings

# Sets the schedule when it is created; afterwards the operator edits it in the admin.
SYNC_EVERY = timedelta(minutes=environ.Env().int("ODOO_SYNC_INTERVAL_MINUTES", default=60))


class OdooService(IntegrationService):
    """Odoo CRM over its external API."""

    slug, label, icon = "odoo", _("Odoo ERP"), "hub"
    when_repeated = _(
        "Odoo finds each record by our external id, or by the id that it gave it: what arrived is written again, "
        "not made twice."
    )
    settings_schema = OdooSettings
    field_labels = {
        "crm.lead": mapping.LABELS,
        "event.event": mapping_webinars.SESSION_LABELS,
        "event.registration": mapping_webinars.REGISTRATION_LABELS,
        topics.MODEL: topics.LABELS,
    }
    settings: OdooSettings

    @classmethod
    def system_of(cls, settings: OdooSettings) -> str:
        return f"{settings.base_url}/{settings.database}"

    @cached_property
    def client(self) -> OdooClient:
        return OdooClient(self.settings, self.gate, self.memory)

    @cached_property
    def lead_records(self) -> LeadRecords:
        return LeadRecords(self.client_for(OdooService.push_leads), self.remote_system)

    @cached_property
    def session_records(self) -> SessionRecords:
        return SessionRecords(self.client_for(OdooService.push_sessions), self.remote_system)

    @cached_property
    def registration_records(self) -> RegistrationRecords:
        return RegistrationRecords(self.client_for(OdooService.push_registrations), self.remote_system)

    def client_for(self, promised: Operation[Any, Any]) -> OdooClient:
        """A right or a module that is missing bars this operation, and no other."""
        return OdooClient(self.settings, self.gate, self.memory, operation=promised.name)

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

    @operation(label=_("Sessions to Odoo"), batch_size=50, priority=8)
    def push_sessions(self, sessions: Sequence[Session]) -> Iterator[tuple[Sequence[Session], Outcome]]:
        """Make Odoo's event.event records equal to our sessions; safe to repeat."""
        yield from self.session_records.push_sessions(sessions)

    @operation(label=_("Registrations to Odoo"), batch_size=200)
    def push_registrations(
        self, registrations: Sequence[Registration]
    ) -> Iterator[tuple[Sequence[Registration], Outcome]]:
        """Make Odoo's event.registration records equal to ours, and its contacts know these people; safe to repeat."""
        yield from self.registration_records.push_registrations(registrations)

    @job(every=SYNC_EVERY, command="sync-leads", label=_("Sync leads"))
    def sync_leads(self, *, limit: int | None = None, dry_run: bool = False) -> JobReport:
        """Promise again whatever Odoo may have missed; a dry run tells field by field what pushing would change."""
        if dry_run:
            return self.lead_records.dry_run(limit)
        due = missing_or_stale(self.connection, self.remote_system)[:limit]
        return JobReport(promised=outbox.keep_in_sync(OdooService.push_leads, due))

    @job(every=timedelta(days=1), command="read-outcomes", label=_("Read outcomes of leads"))
    def read_outcomes(self) -> JobReport:
        """Learn of all leads there which stage they are in, whether they were won or lost, and who looks after them."""
        return outcome.read(self.lead_records)

    @job(every=SYNC_EVERY, command="sync-webinars", label=_("Sync webinars"))
    def sync_webinars(self, *, session: str | None = None, dry_run: bool = False) -> JobReport:
        """Promise again what Odoo may have missed of webinars (of one session, by its slug), and read who came."""
        chosen = webinars.chosen(session)
        if dry_run:
            return webinars.dry_run(self.session_records, self.registration_records, chosen)
        waiting = self.session_records.out_of_step(self.connection).filter(pk__in=chosen)
        people = self.registration_records.out_of_step(self.connection).filter(session__in=chosen)
        promised = outbox.keep_in_sync(OdooService.push_sessions, waiting)
        promised += outbox.keep_in_sync(OdooService.push_registrations, people)
        found = presence.read(self.registration_records, chosen)
        promised += outbox.keep_in_sync(OdooService.push_registrations, found.cancelled)  # the difference is shown
        return JobReport(promised=promised, counts=presence.note(found))

    @job(every=timedelta(days=1), command="import-topics", label=_("Import topics"))
    def import_topics(self, *, dry_run: bool = False) -> JobReport:
        """Take over webinar topics from Odoo's products of the chosen category; what was edited here is kept."""
        return topics.TopicImport(self.client, self.connection, self.remote_system, dry_run=dry_run).run()

    # --- comparing ----------------------------------------------------------------------------------------------------

    def compare(self) -> Iterator[Part]:
        """Leads, and registrations of sessions that are not long over."""
        yield from comparing.parts(self.lead_records, self.registration_records)

    def mend(self, drift: Drift, subject: Model) -> None:
        """Ours is written, also over what somebody changed there."""
        comparing.overrule(drift, subject, remote_system=self.remote_system, remote_model=drift.part)
        if isinstance(subject, Lead):
            outbox.keep_in_sync(OdooService.push_leads, [subject])
        elif isinstance(subject, Registration):
            outbox.keep_in_sync(OdooService.push_registrations, [subject])
