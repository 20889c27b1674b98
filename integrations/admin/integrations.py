"""The list of integrations and the page of one: the same for every service."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from unfold.decorators import display

from integrations import configuration, gate, registry, situation, trigger, verdicts, words
from integrations.models import Installation, Integration
from integrations.service import IntegrationSettings

from . import accounts, operating, panel, run_card
from .base import Button, Verb, VerbsAdmin, as_action
from .figures import FiguresMixin
from .forms import form_for
from .kept_data import KeptDataMixin


@admin.register(Integration)
class IntegrationAdmin(FiguresMixin, KeptDataMixin, VerbsAdmin):
    verbs = operating.VERBS
    actions = [as_action(verb) for verb in operating.VERBS if verb.name != "try_out"]
    list_display = ["service", "light", "in_use", "waiting", "dead", "oldest", "paused", "last_good", "last_error"]
    change_form_outer_before_template = "admin/integrations/panel.html"
    change_form_outer_after_template = "admin/integrations/history.html"

    class Media:
        css = {"all": ["integrations/admin.css"]}
        js = ["integrations/refresh.js"]

    # --- who may ----------------------------------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        installed = obj is None or not isinstance(obj, Integration) or operating.installed(obj)
        return self.has_configure_permission(request) and installed

    # --- the list ---------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Integration]:
        rows: QuerySet[Integration] = super().get_queryset(request)
        return panel.with_figures(rows.select_related("updated_by"))

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Each row with its verdict: one round of queries for all."""
        shown: ChangeList = super().get_changelist_instance(request)
        found = verdicts.all_of(situation.of(request))
        for row in shown.result_list:
            row.verdict = found.get(row.pk)
        return shown

    @display(description=gettext_lazy("integration"), ordering="slug", header=True)  # type: ignore[untyped-decorator]
    def service(self, row: Integration) -> list[str]:
        return [panel.name(row), row.slug]

    @admin.display(description=gettext_lazy("status"))
    def light(self, row: Integration) -> SafeString:
        text, colour = panel.light(row)
        return format_html(
            '{}<div class="integrations-since">{}</div>', words.label(text, colour), panel.status_since(row)
        )

    @admin.display(description=gettext_lazy("in use"), boolean=True, ordering="enabled")
    def in_use(self, row: Integration) -> bool:
        return row.enabled

    @admin.display(description=gettext_lazy("waiting"), ordering="waiting")
    def waiting(self, row: Any) -> int:
        return int(row.waiting)

    @admin.display(description=gettext_lazy("dead"), ordering="dead")
    def dead(self, row: Any) -> SafeString | int:
        return words.label(row.dead, "danger") if row.dead else 0

    @admin.display(description=gettext_lazy("oldest waiting"), ordering="oldest_waiting")
    def oldest(self, row: Any) -> str:
        return words.moment(row.oldest_waiting)

    @admin.display(description=gettext_lazy("paused until"))
    def paused(self, row: Integration) -> str:
        return panel.paused(row)

    @admin.display(description=gettext_lazy("last good call"))
    def last_good(self, row: Integration) -> str:
        connection = panel.own(row)
        return words.moment(connection.last_success_at) if connection else ""

    @admin.display(description=gettext_lazy("last error"))
    def last_error(self, row: Integration) -> str:
        return panel.short_error(row)

    # --- the page of one --------------------------------------------------------------------------------------------

    def get_form(
        self, request: HttpRequest, obj: Integration | None = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[Any]]":
        if obj is None or not self.has_change_permission(request, obj):
            return super().get_form(request, obj, change=change, **{**kwargs, "fields": []})  # type: ignore[no-any-return]
        return form_for(obj, request.user)  # type: ignore[arg-type] # the admin lets nobody in who is anonymous

    def get_fieldsets(self, request: HttpRequest, obj: Integration | None = None) -> list[tuple[Any, Any]]:
        if obj is None or not self.has_change_permission(request, obj):
            return []
        names = list(registry.get(obj.slug).settings_schema.model_fields)
        technical = [name for name in names if name in IntegrationSettings.model_fields]
        own = [name for name in names if name not in technical]
        settings = [(_("Settings"), {"fields": ["new_book", *own]})] if own else []
        return [*settings, (_("Technical"), {"fields": technical, "classes": ["collapse"]})]

    def save_model(self, request: HttpRequest, obj: Integration, form: "forms.ModelForm[Any]", change: bool) -> None:
        """The form has saved already, through `configuration.configure`."""

    def response_change(self, request: HttpRequest, obj: Integration) -> HttpResponse:
        messages.success(request, _("The settings are saved and count from now on. Test the connection."))
        return redirect("admin:integrations_integration_change", obj.pk)

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with trigger.triggered("admin", request.user.pk):
            response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return response

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if context["errors"]:
            messages.error(request, _("The settings are not saved: see the form below."))
        integration = context["original"]
        integration.verdict = verdicts.all_of(situation.of(request)).get(integration.pk)
        shown = panel.context(integration, may_configure=self.has_change_permission(request, integration))
        context |= {
            **self.guard(request),
            **may(request),
            "panel": shown,
            "runs": shown["runs"],
            "title": shown["name"],
            "subtitle": None,
            "show_save_and_continue": False,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def buttons_of(self, verb: Verb, row: Integration) -> list[Button]:
        """The verbs about jobs and operations are one button for each."""
        if verb.name == "try_out":
            url = self.url_of(verb, row)
            return [
                Button(str(each.button), verb.icon, url, verb.variant, "operation", name)
                for name, each in operating.buttoned(row).items()
            ]
        if verb.name not in ("sync", "dry_run"):
            return super().buttons_of(verb, row)
        jobs = registry.get(row.slug).jobs()
        fitting = [job for job in jobs if verb.name == "sync" or job.can_dry_run]
        url = self.url_of(verb, row)
        named = {job.name: f"{verb.label}: {job.label}" if len(jobs) > 1 else verb.label for job in fitting}
        return [Button(label, verb.icon, url, verb.variant, "job", name) for name, label in named.items()]

    def runs(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What `refresh.js` asks for: the card of what is under way."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        shown = {"runs": run_card.of(get_object_or_404(Integration, pk=pk)), **may(request)}
        return render(request, "admin/integrations/runs.html", shown)

    # --- the copy guard ---------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path("settle-here/", guarded(require_POST(self.settle_here)), name=self.url_name("settle_here")),
            path("<int:pk>/runs/", guarded(self.runs), name=self.url_name("runs")),
            *accounts.urls(self),
            *super().get_urls(),
        ]

    def settle_here(self, request: HttpRequest) -> HttpResponseBase:
        """This database is no copy: what was held goes out."""
        if not self.has_configure_permission(request):
            raise PermissionDenied
        Installation.settle_here()
        with trigger.triggered("admin", request.user.pk):
            for integration in Integration.objects.filter(connections__owner=""):
                gate.log(configuration.own_connection(integration), "settled_here")
        messages.success(request, _("Deliveries go out from here."))
        return redirect("admin:integrations_integration_changelist")


def may(request: HttpRequest) -> dict[str, bool]:
    """What the templates ask."""
    names = {"linked": "view_run", "may_operate": "operate_integration", "may_configure": "configure_integration"}
    return {name: request.user.has_perm(f"integrations.{codename}") for name, codename in names.items()}
