"""Replay, or give up, everything that died in a range of time: first how many that is, then a worker does it."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import DATETIME_CLASSES, UnfoldAdminSelectWidget

from integrations import errors, replaying, trigger, words
from integrations.models import Delivery, Integration

from .filters import Choices, operations

if TYPE_CHECKING:
    from .base import VerbsAdmin

MINUTES = "%Y-%m-%dT%H:%M"
ANY = ("", gettext_lazy("any"))


def minute_field(label: Any) -> forms.DateTimeField:
    """A moment in the reader's time zone, entered with the browser's own means."""
    attrs = {"type": "datetime-local", "class": " ".join(DATETIME_CLASSES)}
    return forms.DateTimeField(label=label, widget=forms.DateTimeInput(attrs, format=MINUTES))


def choice_field(label: Any, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=choices, widget=UnfoldAdminSelectWidget())


def integrations() -> Choices:
    return [ANY, *((row.slug, words.service(row.slug)) for row in Integration.objects.all())]


class ReplayForm(forms.Form):
    """Which of the dead; `cleaned_data` is what `replaying.dead` takes."""

    since = minute_field(gettext_lazy("Died from"))
    until = minute_field(gettext_lazy("Up to"))
    integration = choice_field(gettext_lazy("Integration"), integrations)
    operation = choice_field(gettext_lazy("What"), lambda: [ANY, *operations()])
    kind = choice_field(gettext_lazy("Error"), [ANY, *words.KINDS.items()])

    def clean(self) -> dict[str, Any]:
        chosen = self.cleaned_data
        if {"since", "until"} <= chosen.keys() and chosen["since"] >= chosen["until"]:
            self.add_error("until", _("The range must end after it begins."))
        return chosen


def all_of_it() -> dict[str, str]:
    """The range that leaves nothing out, in the form's words."""
    first = Delivery.objects.dead().aggregate(first=Min("settled_at"))["first"]
    now = timezone.localtime()
    since = timezone.localtime(first) if first else now - timedelta(days=1)
    return {"since": since.strftime(MINUTES), "until": (now + timedelta(minutes=1)).strftime(MINUTES)}


def view(request: HttpRequest, model_admin: "VerbsAdmin") -> HttpResponse:
    """GET counts what the range holds, POST has it done: "replay", or "give_up" where the button says so."""
    form = ReplayForm(request.POST or {**all_of_it(), **request.GET.dict()})
    valid = form.is_valid()
    counted = replaying.breakdown(replaying.dead(**form.cleaned_data)) if valid else []
    if request.method == "POST" and counted:
        return start(request, form)
    if request.method == "POST" and valid:
        messages.error(request, _("Nothing died in this range: there is nothing to do."))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Replay everything dead"),
        "opts": model_admin.opts,
        "form": form,
        "counted": [line(**row) for row in counted],
        "total": sum(row["number"] for row in counted),
        "ambiguous": errors.Ambiguous.kind in {row["error_kind"] for row in counted},
        "time_zone": timezone.get_current_timezone_name(),
    }
    status = 400 if request.method == "POST" else 200
    return TemplateResponse(request, "admin/integrations/replay.html", context, status=status)


def start(request: HttpRequest, form: ReplayForm) -> HttpResponse:
    kind = "give_up" if "give_up" in request.POST else "replay"
    with trigger.triggered("admin", request.user.pk):
        run = replaying.start(kind, **form.cleaned_data)
    return redirect("admin:integrations_run_change", run.pk)


def line(*, integration: str, operation: str, error_kind: str, number: int) -> dict[str, Any]:
    return {
        "integration": words.service(integration),
        "what": words.operation(integration, operation),
        "kind": words.kind(error_kind),
        "ambiguous": error_kind == errors.Ambiguous.kind,
        "number": number,
    }
