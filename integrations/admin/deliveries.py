"""Deliveries: where each promise stands, and what an operator can do about it."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy
from unfold.admin import TabularInline
from unfold.decorators import action

from integrations import registry, replaying, words
from integrations.models import Attempt, Delivery

from . import replay_page, subjects
from .base import Button, Run, Verb, VerbsAdmin, as_action, note
from .filters import AgeFilter, IntegrationFilter, KindFilter, OperationFilter, ReplayFilter, StateFilter

State = Delivery.State


MOST_NOTED = 100  # rows chosen by hand, each with a line of its own; of more the log tells
MOST_AT_ONCE = 10_000  # rows: a few seconds, in which the operator waits for the page


def verb(act: Callable[[Any], int], text: Promise) -> Run:
    """What an operator decided about the rows that he chose."""

    def run(request: HttpRequest, rows: QuerySet[Any]) -> None:
        if rows.order_by()[: MOST_AT_ONCE + 1].count() > MOST_AT_ONCE:
            too_many = _("Nothing was done: more than %(n)s are too many at once. Choose fewer by the filters.")
            messages.error(
                request, " ".join([too_many % {"n": MOST_AT_ONCE}, _("Everything dead has its own button.")])
            )
            return
        chosen = list(rows.order_by()[: MOST_NOTED + 1])
        if done := act(rows):
            note(request, chosen if len(chosen) <= MOST_NOTED and done == len(chosen) else [])
            messages.success(request, text % {"n": done})
        else:
            messages.warning(request, _("Nothing to do: the state of what you chose does not allow it."))

    return run


retry = verb(replaying.retry, ngettext_lazy("One is due now.", "%(n)s are due now.", "n"))
replay = verb(
    replaying.replay,
    ngettext_lazy(
        "One will be delivered again, with current data.", "%(n)s will be delivered again, with current data.", "n"
    ),
)
again = verb(
    replaying.again,
    ngettext_lazy("One is promised a further time.", "%(n)s are promised a further time.", "n"),
)
cancel = verb(replaying.cancel, ngettext_lazy("One is cancelled.", "%(n)s are cancelled.", "n"))

VERBS = (
    Verb("retry", gettext_lazy("Retry now"), "bolt", retry, applies=lambda row: row.state == State.PENDING),
    Verb("replay", gettext_lazy("Replay"), "replay", replay, applies=lambda row: row.is_repeatable),
    Verb(
        "again",
        gettext_lazy("Send again"),
        "forward_to_inbox",
        again,
        applies=lambda row: row.state == State.DELIVERED and row.is_once,
        question=gettext_lazy("This was delivered. Send it a further time, written anew from what is true now?"),
    ),
    Verb(
        "cancel",
        gettext_lazy("Cancel"),
        "block",
        cancel,
        applies=lambda row: row.state in (State.PENDING, State.DEAD),
        variant="danger",
    ),
)


class AttemptInline(TabularInline):  # type: ignore[misc]
    model = Attempt
    fields = ["number", "at", "what", "error", "took", "call"]
    readonly_fields = fields
    ordering = ["-number"]
    per_page = 20
    extra = 0
    can_delete = False
    hide_title = True
    verbose_name_plural = gettext_lazy("attempts")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        self.may_see_log = request.user.has_perm("integrations.view_integrationlog")  # an inline is made per request
        found: QuerySet[Attempt] = super().get_queryset(request)
        return found.select_related("log")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Who may see the delivery may see what became of it."""
        return request.user.has_perm("integrations.view_delivery")

    @admin.display(description=gettext_lazy("outcome"))
    def what(self, attempt: Attempt) -> SafeString:
        delivered = attempt.outcome == State.DELIVERED
        return words.label(
            State.DELIVERED.label if delivered else words.kind(attempt.outcome), "success" if delivered else "warning"
        )

    @admin.display(description=gettext_lazy("took"))
    def took(self, attempt: Attempt) -> str:
        return words.duration(attempt.duration_ms)

    @admin.display(description=gettext_lazy("call"))
    def call(self, attempt: Attempt) -> SafeString | str:
        """A batch is one call: what the log tells of it, as long as the log keeps it."""
        if not attempt.log or not self.may_see_log:
            return ""
        url = reverse("admin:integrations_integrationlog_change", args=[attempt.log_id])
        records = attempt.log.size or 1
        text = ngettext("one record", "%(n)s records", records) % {"n": records}
        return format_html('<a href="{}" class="text-primary-600 dark:text-primary-500">{}</a>', url, text)


@admin.register(Delivery)
class DeliveryAdmin(VerbsAdmin):
    verbs = VERBS
    actions = [as_action(verb) for verb in VERBS]
    actions_list = ["replay_dead"]
    list_display = ["what", "subject_link", "whose", "state_label", "reason", "attempts", "due", "promised"]
    list_filter = [
        StateFilter,
        AgeFilter,
        ("integration", IntegrationFilter),
        OperationFilter,
        KindFilter,
        ReplayFilter,
    ]
    list_select_related = ["integration"]
    ordering = ["created_at", "id"]  # what waits longest comes first
    sortable_by = ()
    search_fields = ["key__contains"]
    search_help_text = gettext_lazy("The subject's id, or a part of the key.")
    inlines = [AttemptInline]
    fields = [
        ("whose", "what"),
        "subject_link",
        ("state_label", "kind"),
        "error",
        ("attempts", "failures"),
        ("due_at", "expires_at"),
        ("created_at", "settled_at"),
        "key",
    ]
    readonly_fields = ["whose", "what", "subject_link", "state_label", "kind"]

    @action(  # type: ignore[untyped-decorator]
        description=gettext_lazy("Replay everything dead"), icon="replay", url_path="dead", permissions=["operate"]
    )
    def replay_dead(self, request: HttpRequest) -> HttpResponse:
        return replay_page.view(request, self)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        if search_term.isdigit() and len(search_term) < 19:
            return queryset.filter(subject_id=int(search_term)), False
        found: tuple[QuerySet[Delivery], bool] = super().get_search_results(request, queryset, search_term)
        return found

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        subjects.attach(changelist.result_list, request)
        return changelist

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Delivery | None:
        found: Delivery | None = super().get_object(request, object_id, from_field)
        if found:
            subjects.attach([found], request)
        return found

    def buttons(self, request: HttpRequest, row: Delivery) -> list[Button]:
        service = registry.services().get(row.integration.slug)
        page = service.page_of(row) if service and request.user.has_perm("integrations.view_letteroverride") else ""
        link = [Button(_("Read the letter"), "drafts", page, is_link=True)] if page else []
        return [*link, *super().buttons(request, row)]

    @admin.display(description=gettext_lazy("what"))
    def what(self, delivery: Delivery) -> str:
        return words.operation(delivery.integration.slug, delivery.operation)

    @admin.display(description=gettext_lazy("integration"))
    def whose(self, delivery: Delivery) -> str:
        return words.service(delivery.integration.slug)

    @admin.display(description=gettext_lazy("subject"))
    def subject_link(self, delivery: Delivery) -> SafeString | str:
        return subjects.link(delivery)

    @admin.display(description=gettext_lazy("state"))
    def state_label(self, delivery: Delivery) -> SafeString:
        return words.state_label(delivery)

    @admin.display(description=gettext_lazy("reason"))
    def reason(self, delivery: Delivery) -> SafeString:
        return words.reason(delivery)

    @admin.display(description=gettext_lazy("error"))
    def kind(self, delivery: Delivery) -> str:
        return words.kind(delivery.error_kind)

    @admin.display(description=gettext_lazy("promised"))
    def promised(self, delivery: Delivery) -> str:
        return words.moment(delivery.created_at)

    @admin.display(description=gettext_lazy("due"))
    def due(self, delivery: Delivery) -> str:
        return words.moment(delivery.due_at) if delivery.state == State.PENDING else ""
