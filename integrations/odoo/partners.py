"""The contacts in Odoo of people who register: found by their address, or made once."""

from collections.abc import Sequence

from integrations import errors
from integrations.book import Book, Values
from leads.models import Lead
from webinars.models import Registration

from . import forgetting
from . import mapping_webinars as words
from .client import OdooClient
from .records import Difference, Records, only

MODEL = "res.partner"
Problems = dict[int, errors.IntegrationError]  # by the lead's pk


class PartnerRecords(Records[Lead]):
    """The contacts that we made. One that Odoo had before us is theirs: it is linked to, and never written."""

    def __init__(self, client: OdooClient, remote_system: str) -> None:
        super().__init__(client, Book(remote_system, MODEL), model=MODEL, relations={})

    def external_id(self, subject: Lead) -> str:
        """A lead has one in the CRM, too."""
        return f"magnetiq.partner_{subject.uuid}"

    def of(self, registrations: Sequence[Registration]) -> tuple[dict[int, str], Problems]:
        """{lead's pk: id there}; "" for whom somebody there has deleted the contact that we made."""
        by_address = self.search({registration.email for registration in registrations})
        found = {r.lead_id: by_address[r.email] for r in registrations if r.email in by_address}
        unknown = [r for r in registrations if r.lead_id not in found]
        found |= self.still_there([registration.lead for registration in unknown])
        return self.made([r for r in unknown if r.lead_id not in found], found)

    def search(self, addresses: set[str]) -> dict[str, str]:
        """{address: id there} of the oldest contact that has it."""
        if not addresses:
            return {}
        rows = self.client.search_read(
            MODEL, [["email_normalized", "in", sorted(addresses)]], ["email_normalized"], active_test=True
        )
        return {row["email_normalized"]: str(row["id"]) for row in sorted(rows, key=lambda row: -row["id"])}

    def still_there(self, leads: Sequence[Lead]) -> dict[int, str]:
        """Those that we made earlier, whatever their address is by now."""
        records = self.book.of(leads)
        rows = self.read([record for record in records.values() if not record.gone_at], {"email"})
        self.book.gone([record for record in records.values() if int(record.remote_id) not in rows])
        return {pk: record.remote_id if int(record.remote_id) in rows else "" for pk, record in records.items()}

    def made(self, registrations: Sequence[Registration], found: dict[int, str]) -> tuple[dict[int, str], Problems]:
        problems: Problems = {}
        wanted = {r.lead: words.partner(r) for r in reversed(registrations)}
        fields = self.known_fields() if wanted else set()
        new = [Difference(lead, "new", only(values, fields)) for lead, values in wanted.items()]
        for leads, outcome in self.create(new):
            problems |= {lead.pk: outcome for lead in leads if outcome}
        records = self.book.of([lead for lead in wanted if lead.pk not in problems])
        return found | {pk: record.remote_id for pk, record in records.items()}, problems

    def forget(self, leads: Sequence[Lead], *, doubtful: Sequence[Lead]) -> Problems:
        """Make those nobody that we made; says for whom that did not work."""
        problems: Problems = {}

        def blank(_lead: Lead, _row: object) -> Values:
            return dict(words.FORGOTTEN_PARTNER)

        for done, outcome in forgetting.forget(self, leads, blank, doubtful=doubtful):
            if outcome and not isinstance(outcome, errors.Gone):
                problems |= {lead.pk: outcome for lead in done}
        return problems
