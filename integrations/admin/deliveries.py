"""Deliveries: where each promise stands, and what an operator can do about it."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from unfold.admin import TabularInline

from integrations import gate, registry, words
from integrations.models import Attempt, Connection, Delivery
from integrations.outbox.wake import wake

from . import subjects
from .base import KindFilter, OperationFilter, Verb, VerbsAdmin, as_action

State = Delivery.State


def retry(request: HttpRequest, rows: QuerySet[Any]) -> None:
    """Those that wait: now, instead of when they would be due."""
    waiting = Delivery.objects.filter(pk__in=rows.values("pk"), state=State.PENDING)
    told = figures(waiting)
    found = waiting.update_in_order(due_at=timezone.now())
    announce("retried", told)
    say(request, found, ngettext_lazy("One is due now.", "%(n)s are due now.", "n"))


def replay(request: HttpRequest, rows: QuerySet[Any]) -> None:
    told = figures(rows.exclude(state=State.IN_FLIGHT))
    found = Delivery.objects.filter(pk__in=rows.values("pk")).replay()
    announce("replayed", told)
    again = ngettext_lazy(
        "One will be delivered again, with current data.", "%(n)s will be delivered again, with current data.", "n"
    )
    say(request, found, again)


def cancel(request: HttpRequest, rows: QuerySet[Any]) -> None:
    told = figures(rows.filter(state__in=[State.PENDING, State.DEAD]))
    found = Delivery.objects.filter(pk__in=rows.values("pk")).cancel()
    announce("cancelled", told)
    say(request, found, ngettext_lazy("One is cancelled.", "%(n)s are cancelled.", "n"))


def figures(rows: QuerySet[Any]) -> list[dict[str, Any]]:
    """How many of which connection and operation."""
    return list(rows.order_by().values("connection", "integration__slug", "operation").annotate(n=Count("pk")))


def announce(event: str, told: list[dict[str, Any]]) -> None:
    """A log row per connection and operation, and a worker that knows there is something to do."""
    connections = Connection.objects.in_bulk([row["connection"] for row in told])
    known = {(operation.service.slug, operation.name): operation for operation in registry.operations()}
    for row in told:
        metadata = {"operation": row["operation"]}
        gate.log(connections[row["connection"]], event, size=row["n"], metadata=metadata)
        operation = known.get((row["integration__slug"], row["operation"]))
        if operation and event != "cancelled":
            wake(operation)


def say(request: HttpRequest, found: int, text: Promise) -> None:
    if found:
        messages.success(request, text % {"n": found})
    else:
        messages.warning(request, _("Nothing to do: the state of what you chose does not allow it."))


VERBS = (
    Verb("retry", gettext_lazy("Retry now"), "bolt", retry, applies=lambda row: row.state == State.PENDING),
    Verb("replay", gettext_lazy("Replay"), "replay", replay, applies=lambda row: row.state != State.IN_FLIGHT),
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
    fields = ["number", "at", "what", "error", "duration_ms", "log"]
    readonly_fields = fields
    ordering = ["-number"]
    per_page = 20
    extra = 0
    can_delete = False
    hide_title = True
    verbose_name_plural = gettext_lazy("attempts")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
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


@admin.register(Delivery)
class DeliveryAdmin(VerbsAdmin):
    verbs = VERBS
    actions = [as_action(verb) for verb in VERBS]
    list_display = ["promise", "subject_link", "integration", "state_label", "reason", "attempts", "due", "promised"]
    list_filter = ["state", "integration", OperationFilter, KindFilter]
    list_select_related = ["integration"]
    search_fields = ["key"]
    search_help_text = gettext_lazy("The subject's id, or a part of the key.")
    inlines = [AttemptInline]
    fields = [
        ("integration", "operation"),
        "subject_link",
        ("state_label", "kind"),
        "error",
        ("attempts", "failures"),
        ("due_at", "expires_at"),
        ("created_at", "settled_at"),
        "key",
    ]
    readonly_fields = ["subject_link", "state_label", "kind"]

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """What waits longest comes first; of everything else, the latest."""
        waiting = request.GET.get("state__exact") in (State.PENDING, State.IN_FLIGHT)
        return ["created_at", "id"] if waiting else ["-created_at", "-id"]

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

    @admin.display(description=gettext_lazy("promise"), ordering="operation")
    def promise(self, delivery: Delivery) -> str:
        return delivery.operation

    @admin.display(description=gettext_lazy("subject"))
    def subject_link(self, delivery: Delivery) -> SafeString | str:
        return subjects.link(delivery)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_label(self, delivery: Delivery) -> SafeString:
        return words.state_label(delivery)

    @admin.display(description=gettext_lazy("reason"), ordering="error_kind")
    def reason(self, delivery: Delivery) -> SafeString:
        return words.reason(delivery)

    @admin.display(description=gettext_lazy("error"))
    def kind(self, delivery: Delivery) -> str:
        return words.kind(delivery.error_kind)

    @admin.display(description=gettext_lazy("promised"), ordering="created_at")
    def promised(self, delivery: Delivery) -> str:
        return words.moment(delivery.created_at)

    @admin.display(description=gettext_lazy("due"), ordering="due_at")
    def due(self, delivery: Delivery) -> str:
        return words.moment(delivery.due_at) if delivery.state == State.PENDING else ""
