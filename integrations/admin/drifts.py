"""Where other systems and we differ, by name: mend it, or say why it shall stay so."""

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminTextareaWidget

from integrations import reconciliation, trigger, words
from integrations.models import Drift

from . import operating, subjects
from .base import Verb, VerbsAdmin, as_action
from .filters import ChoiceFilter, Choices, IntegrationFilter

DECIDE = "reason"


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why it shall stay so"), max_length=500, widget=UnfoldAdminTextareaWidget({"rows": 3})
    )


def mend(request: HttpRequest, rows: QuerySet[Any]) -> None:
    if done := reconciliation.mend(rows):
        said = ngettext(
            "One is being mended: the next comparison tells whether both sides agree.",
            "%(n)s are being mended: the next comparison tells whether both sides agree.",
            done,
        )
        messages.success(request, said % {"n": done})
    else:
        messages.warning(request, _("Nothing to do: this is mended by hand, or both sides agree by now."))


def ignore(request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
    """A page that asks for the reason first; it posts what was posted, and the reason."""
    form = ReasonForm(request.POST if DECIDE in request.POST else None)
    if form.is_valid():
        done = reconciliation.ignore(rows, form.cleaned_data["reason"], cast(User, request.user))
        said = ngettext("One is ignored until its values change.", "%(n)s are ignored until their values change.", done)
        messages.success(request, said % {"n": done})
        return None
    context = {
        **admin.site.each_context(request),
        "title": _("Ignore with a reason"),
        "opts": Drift._meta,
        "form": form,
        "rows": [line(drift) for drift in attached(rows.select_related("connection__integration")[:50], request)],
        "posted": [(name, value) for name, values in request.POST.lists() if name not in ("csrfmiddlewaretoken", DECIDE)
                   for value in values],
    }  # fmt: skip
    return TemplateResponse(request, "admin/integrations/drift_ignore.html", context)


def attached(rows: QuerySet[Any], request: HttpRequest) -> list[Any]:
    found = list(rows)
    subjects.attach(found, request)
    return found


def line(drift: Any) -> str:
    return f"{words.service(drift.connection.integration.slug)}: {kind(drift)} ({subjects.name(drift)})"


def kind(drift: Drift) -> str:
    return str(reconciliation.KINDS.get(drift.kind, drift.kind))


class Value(NamedTuple):
    field: str
    here: str
    there: str


def values(drift: Drift) -> Iterator[Value]:
    """Field by field, in people's words."""
    for name in drift.here | drift.there:
        label = words.field(drift.part.partition(":")[0], name)
        yield Value(label, drift.here.get(name, ""), drift.there.get(name, ""))


VERBS = (
    Verb(
        "mend",
        gettext_lazy("Mend"),
        "build",
        mend,
        applies=lambda row: row.mended_at is None and not row.by_hand,
        variant="primary",
    ),
    Verb(
        "ignore",
        gettext_lazy("Ignore with a reason"),
        "notifications_off",
        ignore,
        applies=lambda row: row.mended_at is None and row.ignored_at is None,
    ),
)


class StandingFilter(ChoiceFilter):
    """Without a choice: what waits for somebody."""

    title = gettext_lazy("state")
    parameter_name = "standing"
    column = "pk"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [
            ("open", gettext_lazy("open")),
            ("ignored", gettext_lazy("ignored")),
            ("mended", gettext_lazy("agrees again")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "open":
                return queryset.filter(mended_at=None, ignored_at=None)
            case "ignored":
                return queryset.filter(mended_at=None).exclude(ignored_at=None)
            case "mended":
                return queryset.exclude(mended_at=None)
            case _:
                return queryset


class WhatFilter(ChoiceFilter):
    title = gettext_lazy("what differs")
    parameter_name = column = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return list(reconciliation.KINDS.items())


@admin.register(Drift)
class DriftAdmin(VerbsAdmin):
    verbs = VERBS
    actions = [as_action(verb) for verb in VERBS]
    list_display = ["who", "what", "whose", "ours", "theirs", "standing", "found_at"]
    list_filter = [StandingFilter, WhatFilter, ("connection__integration", IntegrationFilter)]
    list_select_related = ["connection__integration", "ignored_by"]
    list_before_template = "admin/integrations/drifts.html"
    ordering = [F("mended_at").desc(nulls_first=True), F("ignored_at").desc(nulls_first=True), "-found_at", "-id"]
    sortable_by = ()
    fields = [
        ("who", "what"),
        ("whose", "link"),
        ("ours", "theirs"),
        "standing",
        ("found_at", "last_seen_at"),
        ("promised_at", "mended_at"),
        ("ignored_at", "ignored_by"),
        "reason",
    ]
    readonly_fields = ["who", "what", "whose", "link", "ours", "theirs", "standing"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        subjects.attach(changelist.result_list, request)
        return changelist

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Drift | None:
        found: Drift | None = super().get_object(request, object_id, from_field)
        if found:
            subjects.attach([found], request)
        return found

    @admin.display(description=gettext_lazy("subject"))
    def who(self, drift: Drift) -> SafeString | str:
        return subjects.link(drift) if drift.subject_type else drift.reference

    @admin.display(description=gettext_lazy("what differs"))
    def what(self, drift: Drift) -> str:
        return kind(drift)

    @admin.display(description=gettext_lazy("integration"))
    def whose(self, drift: Drift) -> str:
        name, owner = words.service(drift.connection.integration.slug), drift.connection.owner
        return f"{name}: {owner}" if owner else name

    @admin.display(description=gettext_lazy("here"))
    def ours(self, drift: Drift) -> str:
        return self.told(drift, [(each.field, each.here) for each in values(drift)])

    @admin.display(description=gettext_lazy("there"))
    def theirs(self, drift: Drift) -> str:
        return self.told(drift, [(each.field, each.there) for each in values(drift)])

    def told(self, drift: Any, said: list[tuple[str, str]]) -> str:
        """Not to those who may not see the person whom it quotes."""
        if drift.subject_type and drift.subject is None:
            return ""
        return "; ".join(f"{field}: {value or '–'}" for field, value in said)

    @admin.display(description=gettext_lazy("link"))
    def link(self, drift: Drift) -> SafeString | str:
        told = '<a href="{}" rel="noopener" class="text-primary-600 dark:text-primary-500">{}</a>'
        return format_html(told, drift.url, _("open there")) if drift.url.startswith(("https://", "http://")) else ""

    @admin.display(description=gettext_lazy("state"))
    def standing(self, drift: Drift) -> str:
        if drift.mended_at:
            return _("agrees again")
        if drift.ignored_at:
            return _("ignored: %(reason)s") % {"reason": drift.reason}
        if drift.promised_at:
            return _("being mended")
        return _("to be mended by hand") if drift.by_hand else _("open")

    # --- comparing now ----------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may = {"may_compare": self.has_operate_permission(request)}
        return super().changelist_view(request, {**may, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.compare))
        return [path("compare/", view, name=self.url_name("compare")), *super().get_urls()]

    def compare(self, request: HttpRequest) -> HttpResponseBase:
        """With all systems, by a worker."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        with trigger.triggered("admin", request.user.pk):
            operating.say_started(request, reconciliation.start())
        return redirect("admin:integrations_drift_changelist")
