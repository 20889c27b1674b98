"""What people had done: the list of all runs, and the page of one with what changed, or would."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations import replaying, runs, words
from integrations.models import Run

from . import dry_run, lead_import, replay_words, run_card
from .base import Button, ReadOnlyAdmin, Verb, WithVerbs
from .filters import ActorFilter, ChoiceFilter, Choices, IntegrationFilter


class WhatFilter(ChoiceFilter):
    title = gettext_lazy("what")
    parameter_name = column = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(name, declared.label) for name, declared in runs.KINDS.items()]


def stop(request: HttpRequest, rows: QuerySet[Any]) -> None:
    put_back = sum(replaying.stop(run) for run in rows.filter(kind="replay"))
    if put_back:
        said = ngettext("One is dead as before.", "%(n)s are dead as before.", put_back)
        messages.success(request, said % {"n": put_back})
    else:
        messages.warning(request, _("Nothing to stop: everything has had its turn."))


STOP = Verb(
    "stop",
    gettext_lazy("Stop the replay"),
    "stop_circle",
    stop,
    applies=lambda run: run.kind == "replay",
    question=gettext_lazy("Leave what has not had its turn dead, as it was before? What was sent stays sent."),
)


@admin.register(Run)
class RunAdmin(WithVerbs, ReadOnlyAdmin):
    verbs = (STOP,)
    list_display = ["title", "state_label", "progress", "by", "asked_for", "took", "outcome"]
    list_filter = [WhatFilter, "state", ("integration", IntegrationFilter), ("actor", ActorFilter)]
    change_form_outer_before_template = "admin/integrations/run.html"

    class Media:
        css = {"all": ["integrations/admin.css"]}
        js = ["integrations/refresh.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return run_card.without_changes(super().get_queryset(request))

    @admin.display(description=gettext_lazy("what"), ordering="kind")
    def title(self, run: Run) -> str:
        return run_card.title(run)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_label(self, run: Run) -> SafeString:
        return words.state_label(run)

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, run: Run) -> str:
        return run_card.progress(run)

    @admin.display(description=gettext_lazy("asked for by"), ordering="actor")
    def by(self, run: Run) -> str:
        return words.by(run)

    @admin.display(description=gettext_lazy("asked for"), ordering="id")
    def asked_for(self, run: Run) -> str:
        return words.moment(run.created_at)

    @admin.display(description=gettext_lazy("took"))
    def took(self, run: Run) -> str:
        return run_card.elapsed(run)

    @admin.display(description=gettext_lazy("result"))
    def outcome(self, run: Run) -> str:
        return run_card.outcome(run)

    # --- the page of one --------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Run | None = None) -> list[tuple[Any, Any]]:
        return []

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        run: Run = context["original"]
        context |= {
            "title": run_card.title(run),
            "subtitle": None,
            "runs": run_card.card([run]),
            "runs_url": reverse("admin:integrations_run_progress", args=[run.pk]),
        }
        if run.arguments.get("dry_run") or "changes" in run.result:
            # The same people are named in the book.
            may_see = request.user.has_perm("integrations.view_externalrecord")
            context["dry_run"] = dry_run.context(run.result, names_people=may_see)
            context["was_done"] = not run.arguments.get("dry_run")
        elif run.kind == "replay":
            context["replay"] = replay_words.progress(run)
        elif run.kind == "test":
            context["report"] = run.result
        elif run.kind == "import_leads":
            context["imported"] = lead_import.outcome_of(run, request)
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def buttons(self, request: HttpRequest, row: Run) -> list[Button]:
        """A replay that has nothing to come cannot be stopped any more."""
        if row.kind == "replay" and not row.is_open and not replaying.outcome(row).in_turn:
            return []
        return super().buttons(request, row)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.progress_view)
        return [path("<int:pk>/progress/", view, name="integrations_run_progress"), *super().get_urls()]

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What `refresh.js` asks for: how far it is."""
        run = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_view_permission(request, run):
            return HttpResponse(status=403)
        context = {"runs": run_card.card([run])}
        if run.kind == "replay":
            context["replay"] = replay_words.progress(run)
            return render(request, "admin/integrations/replay/progress.html", context)
        return render(request, "admin/integrations/runs.html", context)
