"""What the machinery wrote down: calls, webhooks, the book of external records."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations import gate, words
from integrations.models import Connection, ExternalRecord, IntegrationLog, WebhookEvent

from . import conflicts, subjects
from .base import ReadOnlyAdmin, Verb, VerbsAdmin, as_action
from .filters import (
    ActorFilter,
    EventFilter,
    IntegrationFilter,
    KindFilter,
    PeriodFilter,
    ReceivedAgeFilter,
    SlowFilter,
    StatusFilter,
    TriggerFilter,
)


@admin.register(IntegrationLog)
class IntegrationLogAdmin(ReadOnlyAdmin):
    list_display = ["when", "whose", "what", "status_label", "told", "size", "took", "by"]
    list_filter = [
        PeriodFilter,
        StatusFilter,
        KindFilter,
        SlowFilter,
        ("integration", IntegrationFilter),
        EventFilter,
        TriggerFilter,
        ("actor", ActorFilter),
    ]
    list_select_related = ["integration", "actor"]
    sortable_by = ()  # the latest first; any other order would sort a million rows
    fields = [
        ("whose", "owner"),
        ("what", "status_label"),
        ("kind", "message"),
        ("started_at", "took"),
        ("set_off_by", "actor"),
        ("size", "metadata"),
    ]
    readonly_fields = ["whose", "owner", "what", "status_label", "kind", "took", "set_off_by"]

    @admin.display(description=gettext_lazy("integration"))
    def whose(self, row: IntegrationLog) -> str:
        return words.service(row.integration.slug)

    @admin.display(description=gettext_lazy("account"))
    def owner(self, row: IntegrationLog) -> str:
        return row.connection.owner if row.connection else ""

    @admin.display(description=gettext_lazy("what"))
    def what(self, row: IntegrationLog) -> str:
        return words.operation(row.integration.slug, row.operation)

    @admin.display(description=gettext_lazy("status"))
    def status_label(self, row: IntegrationLog) -> SafeString:
        return words.state_label(row, "status")

    @admin.display(description=gettext_lazy("when"))
    def when(self, row: IntegrationLog) -> str:
        return words.moment(row.started_at)

    @admin.display(description=gettext_lazy("message"))
    def told(self, row: IntegrationLog) -> str:
        return Truncator(": ".join(filter(None, [words.kind(row.error_kind), row.message]))).chars(120)

    @admin.display(description=gettext_lazy("took"))
    def took(self, row: IntegrationLog) -> str:
        return words.duration(row.duration_ms) if row.duration_ms else ""

    @admin.display(description=gettext_lazy("set off by"))
    def set_off_by(self, row: IntegrationLog) -> str:
        return str(words.TRIGGERS.get(row.trigger, row.trigger))

    @admin.display(description=gettext_lazy("set off by"))
    def by(self, row: IntegrationLog) -> str:
        return words.by(row)

    @admin.display(description=gettext_lazy("error"))
    def kind(self, row: IntegrationLog) -> str:
        return words.kind(row.error_kind)


def process_again(request: HttpRequest, rows: QuerySet[Any]) -> None:
    """Back to where they came in; the sweep does the rest."""
    settled = rows.exclude(state=WebhookEvent.State.RECEIVED)
    sizes = dict(settled.order_by().values_list("integration").annotate(Count("pk")))
    done = settled.order_by().update(
        state=WebhookEvent.State.RECEIVED, due_at=timezone.now(), attempts=0, processed_at=None
    )
    for connection in Connection.objects.filter(integration__in=sizes, owner=""):
        gate.log(connection, "process_again", size=sizes[connection.integration_id])
    if done:
        text = ngettext("One will be processed again.", "%(n)s will be processed again.", done)
        messages.success(request, text % {"n": done})
    else:
        messages.warning(request, _("Nothing to do: what you chose waits to be processed already."))


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
    list_display = ["received", "whose", "type", "event_id", "state_label", "attempts", "error", "due"]
    list_filter = ["state", ReceivedAgeFilter, ("integration", IntegrationFilter), "type"]
    list_select_related = ["integration"]
    search_fields = ["event_id", "type"]
    ordering = ["-received_at", "-id"]
    sortable_by = ()
    fields = [
        ("whose", "type"),
        "event_id",
        "state_label",
        "error",
        ("received_at", "due_at"),
        ("processed_at", "attempts"),
    ]
    readonly_fields = ["whose", "state_label"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEvent]:
        rows: QuerySet[WebhookEvent] = super().get_queryset(request)
        return rows.defer("payload")

    @admin.display(description=gettext_lazy("received"))
    def received(self, event: WebhookEvent) -> str:
        return words.moment(event.received_at)

    @admin.display(description=gettext_lazy("due"))
    def due(self, event: WebhookEvent) -> str:
        return words.moment(event.due_at) if event.state == WebhookEvent.State.RECEIVED else ""

    @admin.display(description=gettext_lazy("integration"))
    def whose(self, event: WebhookEvent) -> str:
        return words.service(event.integration.slug)

    @admin.display(description=gettext_lazy("state"))
    def state_label(self, event: WebhookEvent) -> SafeString:
        return words.state_label(event)


@admin.register(ExternalRecord)
class ExternalRecordAdmin(VerbsAdmin):
    verbs = conflicts.VERBS
    actions = [as_action(verb) for verb in conflicts.VERBS]
    list_display = ["subject_link", "remote_model", "there", "remote_system", "synced_at", "gone_at", "difference"]
    list_filter = ["remote_model", conflicts.ConflictFilter, ("gone_at", admin.EmptyFieldListFilter)]
    change_form_outer_before_template = "admin/integrations/record.html"
    search_fields = ["remote_id", "remote_system"]
    ordering = ["-synced_at"]
    fields = [
        "subject_link",
        ("remote_system", "remote_model"),
        "there",
        ("synced_at", "gone_at"),
        "what_was_sent",
    ]
    readonly_fields = ["subject_link", "there", "what_was_sent"]

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

    @admin.display(description=gettext_lazy("last sent"))
    def what_was_sent(self, record: ExternalRecord) -> SafeString:
        sent = ((words.field(record.remote_model, name), value) for name, value in sorted(record.sent.items()))
        lines = [(field, strip_tags(value)) for field, value in sent if value]
        return format_html_join("", '<div class="integrations-sent"><b>{}</b> {}</div>', lines)

    @admin.display(description=gettext_lazy("changed there and kept"))
    def difference(self, record: ExternalRecord) -> SafeString | str:
        if not record.kept or record.gone_at:
            return ""
        return words.label(_("waits for an answer"), "warning") if record.unanswered else _("answered")

    @admin.display(description=gettext_lazy("id there"), ordering="remote_id")
    def there(self, record: ExternalRecord) -> SafeString | str:
        url = words.safe_url(record.url)
        if not url:
            return record.remote_id
        return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', url, record.remote_id)
