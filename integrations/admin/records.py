"""What the machinery wrote down: calls, webhooks, the book of external records, outages."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import configuration, gate, words
from integrations.models import ExternalRecord, Incident, IntegrationLog, WebhookEvent

from . import subjects
from .base import ChoiceFilter, KindFilter, OperationFilter, ReadOnlyAdmin, Verb, VerbsAdmin, as_action


class TriggerFilter(ChoiceFilter):
    title = gettext_lazy("set off by")
    parameter_name = column = "trigger"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, name) for name in ("delivery", "admin", "api", "command", "beat", "webhook")]


@admin.register(IntegrationLog)
class IntegrationLogAdmin(ReadOnlyAdmin):
    list_display = ["when", "integration", "operation", "status_label", "told", "size", "duration_ms", "by"]
    list_filter = ["integration", OperationFilter, "status", KindFilter, TriggerFilter]
    list_select_related = ["integration", "actor"]
    fields = [
        ("integration", "connection"),
        ("operation", "status_label"),
        ("kind", "message"),
        ("started_at", "duration_ms"),
        ("trigger", "actor"),
        ("size", "metadata"),
    ]
    readonly_fields = ["status_label", "kind"]

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_label(self, row: IntegrationLog) -> SafeString:
        return words.state_label(row, "status")

    @admin.display(description=gettext_lazy("when"), ordering="started_at")
    def when(self, row: IntegrationLog) -> str:
        return words.moment(row.started_at)

    @admin.display(description=gettext_lazy("message"), ordering="error_kind")
    def told(self, row: IntegrationLog) -> str:
        return Truncator(": ".join(filter(None, [words.kind(row.error_kind), row.message]))).chars(120)

    @admin.display(description=gettext_lazy("set off by"), ordering="trigger")
    def by(self, row: IntegrationLog) -> str:
        return str(row.actor or row.trigger)

    @admin.display(description=gettext_lazy("error"), ordering="error_kind")
    def kind(self, row: IntegrationLog) -> str:
        return words.kind(row.error_kind)


def process_again(request: HttpRequest, rows: QuerySet[Any]) -> None:
    """Back to where they came in; the sweep does the rest."""
    again = [row for row in rows.select_related("integration") if row.state != WebhookEvent.State.RECEIVED]
    WebhookEvent.objects.filter(pk__in=[row.pk for row in again]).update(
        state=WebhookEvent.State.RECEIVED, due_at=timezone.now(), attempts=0, processed_at=None
    )
    for integration in {row.integration for row in again}:
        size = sum(row.integration == integration for row in again)
        gate.log(configuration.own_connection(integration), "process_again", size=size)
    messages.success(request, _("%(n)s will be processed again.") % {"n": len(again)})


WEBHOOK_VERBS = (
    Verb(
        "process_again",
        gettext_lazy("Process again"),
        "replay",
        process_again,
        applies=lambda row: row.state != WebhookEvent.State.RECEIVED,
    ),
)


@admin.register(WebhookEvent)
class WebhookEventAdmin(VerbsAdmin):
    """Without the payload: it may name people and sums that an operator of connections need not see."""

    verbs = WEBHOOK_VERBS
    actions = [as_action(verb) for verb in WEBHOOK_VERBS]
    list_display = ["received_at", "integration", "type", "event_id", "state_label", "attempts", "error", "due_at"]
    list_filter = ["state", "integration"]
    list_select_related = ["integration"]
    search_fields = ["event_id", "type"]
    ordering = ["-received_at"]
    fields = [
        ("integration", "type"),
        "event_id",
        "state_label",
        "error",
        ("received_at", "due_at"),
        ("processed_at", "attempts"),
    ]
    readonly_fields = ["state_label"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        rows: QuerySet[WebhookEvent] = super().get_queryset(request)
        return rows.defer("payload")

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_label(self, event: WebhookEvent) -> SafeString:
        return words.state_label(event)


@admin.register(ExternalRecord)
class ExternalRecordAdmin(ReadOnlyAdmin):
    list_display = ["subject_link", "remote_model", "there", "remote_system", "synced_at", "gone_at"]
    list_filter = ["remote_model", ("gone_at", admin.EmptyFieldListFilter)]
    search_fields = ["remote_id", "remote_system"]
    ordering = ["-synced_at"]
    fields = [
        "subject_link",
        ("remote_system", "remote_model"),
        "there",
        ("synced_at", "gone_at"),
        "sent",
        "kept",
    ]
    readonly_fields = ["subject_link", "there"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        subjects.attach(changelist.result_list, request)
        return changelist

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ExternalRecord | None:
        found: ExternalRecord | None = super().get_object(request, object_id, from_field)
        if found:
            subjects.attach([found], request)
        return found

    @admin.display(description=gettext_lazy("subject"))
    def subject_link(self, record: ExternalRecord) -> SafeString | str:
        return subjects.link(record)

    @admin.display(description=gettext_lazy("id there"), ordering="remote_id")
    def there(self, record: ExternalRecord) -> SafeString | str:
        url = words.safe_url(record.url)
        if not url:
            return record.remote_id
        return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', url, record.remote_id)


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    list_display = ["summary", "whose", "opened_at", "alerted_at", "closed_at"]
    list_filter = [("closed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["connection__integration"]
    ordering = [F("closed_at").desc(nulls_first=True), "-opened_at"]
    fields = ["summary", "whose", "opened_at", "alerted_at", "acknowledged_at", "acknowledged_by", "closed_at"]
    readonly_fields = ["whose"]

    @admin.display(description=gettext_lazy("integration"), ordering="connection__integration")
    def whose(self, incident: Incident) -> str:
        owner = incident.connection.owner
        return f"{incident.connection.integration}: {owner}" if owner else str(incident.connection.integration)
