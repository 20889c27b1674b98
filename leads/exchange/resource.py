"""What django-import-export knows of a lead: one row per person, with the latest occasion on which they came."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.results import Error, Result
from import_export.widgets import Widget

from leads.importing.files import COLUMNS, LeadsFile, UnusableFileError
from leads.importing.rehearsal import Rehearsal
from leads.models import UTM_FIELDS, Lead, Touchpoint

CHUNK = 1000
LATEST = Prefetch(
    "touchpoints",
    Touchpoint.objects.order_by("lead_id", "-captured_at", "-id").distinct("lead_id").select_related("whitepaper"),
    to_attr="latest_touchpoints",
)


class IsoWidget(Widget):  # type: ignore[misc]
    """A moment with its offset from UTC, which survives the way through any spreadsheet as text."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return timezone.localtime(value).isoformat()


def of_latest(column: str, attribute: str = "", **options: Any) -> Field:
    return Field(attribute=f"latest__{attribute or column}", column_name=column, **options)


class Preview(Result):  # type: ignore[misc]
    """What an import would do: `summary` of all rows, `lines` of the first. Without a usable row it is an error."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        super().__init__()
        self.summary = rehearsal.summary
        self.lines = rehearsal.shown

    def has_validation_errors(self) -> bool:
        return self.summary.processed == self.summary.rejected


class LeadResource(ModelResource):  # type: ignore[misc]
    """Its columns are the importer's, so that an export can be imported again, and three more to look at.

    The library imports row by row, with a look-up, a validation and a save for each: 7 to 15 seconds for 10,000 rows.
    Ours go through `leads.importing`, which takes a few statements per thousand, repairs what spreadsheets do to a
    row, and ends in `actions.capture` like every other lead.
    """

    message = of_latest("message")
    whitepaper = of_latest("whitepaper", "whitepaper__slug")
    utm_source, utm_medium, utm_campaign, utm_term, utm_content = map(of_latest, UTM_FIELDS)
    captured_at = of_latest("captured_at", widget=IsoWidget())
    first_seen_at = Field(attribute="first_seen_at", column_name="first_seen_at", widget=IsoWidget())
    last_seen_at = Field(attribute="last_seen_at", column_name="last_seen_at", widget=IsoWidget())

    class Meta:
        model = Lead
        fields = (*COLUMNS, "status", "first_seen_at", "last_seen_at")
        import_order = export_order = fields

    def dehydrate_marketing_consent(self, lead: Lead) -> str:
        return "yes" if lead.marketing_consent else "no"

    def rows(self, leads: QuerySet[Lead]) -> Iterator[list[str]]:
        """The header, then a row for each lead, a thousand in memory at a time; `exported` counts them."""
        self.exported = 0
        yield self.get_export_headers()
        for lead in exportable(leads).prefetch_related(LATEST).iterator(CHUNK):
            self.exported += 1
            yield self.export_resource(with_latest(lead))

    def import_data(self, dataset: LeadsFile, *args: Any, **options: Any) -> Result:
        """The preview; nothing is written. The import itself is work for a worker."""
        rehearsal = Rehearsal()
        try:
            rehearsal.run(dataset)
        except UnusableFileError as error:
            result = Result()
            result.append_base_error(Error(error))
            return result
        return Preview(rehearsal)


def exportable(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    return leads.exclude(status=Lead.Status.FORGOTTEN)


def with_latest(lead: Any) -> Any:
    """A lead that never came (only tests and other systems make such) came when it was first seen."""
    lead.latest = next(iter(lead.latest_touchpoints), None) or Touchpoint(captured_at=lead.last_seen_at)
    return lead
