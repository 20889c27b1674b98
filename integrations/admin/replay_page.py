"""Replay in three steps: choose an incident or a range of time; see what that is and would do; a worker does it.

What is chosen stands in the address, and only the last step changes anything.
"""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.db.models import Min
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    DATETIME_CLASSES,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
)

from integrations import replaying, trigger, words
from integrations.models import Delivery, Incident, Integration, Run
from integrations.replaying import Choice
from integrations.replaying.runs import MOST_A_MINUTE

from . import replay_words
from .filters import Choices, operations

if TYPE_CHECKING:
    from .base import VerbsAdmin

SECONDS = "%Y-%m-%dT%H:%M:%S"
ANY = ("", gettext_lazy("any"))
INCLUDE, LEAVE_OUT = "include", "leave_out"
CHANGE = "change"  # in the address: back to step one, with what is chosen
RATE = 60  # a minute, as long as nobody says anything else
INCIDENTS_SHOWN = 10


def second_field(label: Any) -> forms.DateTimeField:
    """A moment in the reader's time zone, entered with the browser's own means."""
    attrs = {"type": "datetime-local", "step": "1", "class": " ".join(DATETIME_CLASSES)}
    return forms.DateTimeField(label=label, widget=forms.DateTimeInput(attrs, format=SECONDS))


def several_field(label: Any, choices: Any) -> forms.MultipleChoiceField:
    widget = UnfoldAdminCheckboxSelectMultipleWidget()
    text = gettext_lazy("Nothing ticked: all of them.")
    return forms.MultipleChoiceField(label=label, required=False, choices=choices, widget=widget, help_text=text)


def integrations() -> Choices:
    return [ANY, *((row.slug, words.service(row.slug)) for row in Integration.objects.all())]


class ChoiceForm(forms.Form):
    """Step one: which of the dead. `choice` is what `replaying` takes."""

    incident = forms.ModelChoiceField(
        Incident.objects.select_related("connection__integration"), required=False, widget=forms.HiddenInput
    )
    since = second_field(gettext_lazy("Died from"))
    until = second_field(gettext_lazy("Up to"))
    integration = forms.ChoiceField(
        label=gettext_lazy("Integration"), required=False, choices=integrations, widget=UnfoldAdminSelectWidget()
    )
    operations = several_field(gettext_lazy("What"), operations)
    kinds = several_field(gettext_lazy("Error"), [*words.KINDS.items()])

    def clean(self) -> dict[str, Any]:
        chosen = self.cleaned_data
        if {"since", "until"} <= chosen.keys() and chosen["since"] >= chosen["until"]:
            self.add_error("until", _("The range must end after it begins."))
        return chosen

    @property
    def choice(self) -> Choice:
        given = self.cleaned_data
        incident: Incident | None = given["incident"]
        return Choice(
            since=given["since"],
            until=given["until"],
            integration=given["integration"],
            operations=tuple(given["operations"]),
            kinds=tuple(given["kinds"]),
            incident=incident.pk if incident else None,
            without_ambiguous=given.get("ambiguous") == LEAVE_OUT,
        )


class ReplayForm(ChoiceForm):
    """Step two adds how. `token` is the page's: pressed twice, it is one replay."""

    ambiguous = forms.ChoiceField(
        label=gettext_lazy("What may have reached the other side"),
        choices=[(INCLUDE, gettext_lazy("Replay it, too")), (LEAVE_OUT, gettext_lazy("Leave it out"))],
        initial=INCLUDE,
        required=False,
        widget=UnfoldAdminRadioSelectWidget(),
    )
    rate = forms.IntegerField(
        label=gettext_lazy("At most so many a minute"),
        required=False,
        min_value=1,
        max_value=MOST_A_MINUTE,
        initial=RATE,
        help_text=gettext_lazy("Empty: as fast as the other side takes them."),
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    token = forms.CharField(
        max_length=36, widget=forms.HiddenInput, error_messages={"required": gettext_lazy("Load this page anew.")}
    )

    HOW = ("ambiguous", "rate", "token")


def view(request: HttpRequest, model_admin: "VerbsAdmin") -> HttpResponse:
    """GET chooses and tells, POST has it done: "replay", or "give_up" where the button says so."""
    if request.method == "POST":
        form = ReplayForm(request.POST)
        if form.is_valid():
            return start(request, model_admin, form)
        return page(request, model_admin, form, status=400)
    given = as_chosen(request.GET)
    first = ChoiceForm(given or all_of_it())
    if not given or CHANGE in given or not first.is_valid():
        return page(request, model_admin, first)
    asked = given.copy()
    asked.update({"ambiguous": INCLUDE, "rate": str(RATE), "token": str(uuid4())})
    return page(request, model_admin, ReplayForm(asked))


def as_chosen(given: QueryDict) -> QueryDict:
    """With the range of the incident that an address names and nothing else."""
    chosen = given.copy()
    number = chosen.get("incident", "")
    if number.isdigit() and len(number) < 19 and "since" not in chosen:
        found = Incident.objects.select_related("connection__integration").filter(pk=number).first()
        if found:
            chosen.update(in_words(Choice.of_incident(found)))
    return chosen


def in_words(choice: Choice) -> dict[str, str]:
    """Its range, as the form writes it: whole seconds, that leave out neither the first nor the last."""
    since, until = choice.since, choice.until
    if since is None or until is None:
        return all_of_it() | {"integration": choice.integration}
    return {**moments(since, until + timedelta(seconds=1)), "integration": choice.integration}


def all_of_it() -> dict[str, str]:
    """The range that leaves nothing out, in the form's words."""
    now = timezone.now()
    first = Delivery.objects.dead().aggregate(first=Min("settled_at"))["first"] or now - timedelta(days=1)
    return moments(first, now + timedelta(seconds=60))


def moments(since: Any, until: Any) -> dict[str, str]:
    return {name: timezone.localtime(at).strftime(SECONDS) for name, at in (("since", since), ("until", until))}


def page(request: HttpRequest, model_admin: "VerbsAdmin", form: ChoiceForm, *, status: int = 200) -> HttpResponse:
    """Step two for a ReplayForm whose choice can be meant, else step one."""
    form.full_clean()
    chosen = isinstance(form, ReplayForm) and not set(form.errors) - set(ReplayForm.HOW)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Replay everything dead"),
        "opts": model_admin.opts,
        "form": form,
        "step": 2 if chosen else 1,
        "time_zone": timezone.get_current_timezone_name(),
        **(second_step(form) if chosen else first_step(form)),
    }
    return TemplateResponse(request, "admin/integrations/replay.html", context, status=status)


def first_step(form: ChoiceForm) -> dict[str, Any]:
    incident = form.cleaned_data.get("incident")
    shown = [name for name in ChoiceForm.base_fields if name != "incident"]
    return {
        "incidents": replay_words.incidents(INCIDENTS_SHOWN),
        "incident": incident,
        "fields": [form[name] for name in shown],
        "errors": [error for name, found in form.errors.items() if name not in shown for error in found],
    }


def second_step(form: ChoiceForm) -> dict[str, Any]:
    """What the choice is, with what may have arrived: whether that is left out is asked on this page."""
    choice = replace(form.choice, without_ambiguous=False)
    found = replaying.outlook(choice)
    kept = [form[name] for name in ChoiceForm.base_fields]
    asked = [(bound.html_name, value) for bound in kept for value in as_list(bound.value())]
    return {
        "found": found,
        "lines": [replay_words.line(each) for each in found.lines],
        "when_repeated": replay_words.when_repeated(found),
        "certain": found.total - found.ambiguous,
        "chosen": replay_words.chosen(choice, form.cleaned_data["incident"]),
        "kept": kept,
        "errors": form.errors.get("token", []),
        "change": "?" + urlencode([*asked, (CHANGE, "1")]),
    }


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value or ""]


def start(request: HttpRequest, model_admin: "VerbsAdmin", form: ReplayForm) -> HttpResponse:
    kind = "give_up" if "give_up" in request.POST else "replay"
    choice, how = form.choice, form.cleaned_data
    if not Run.objects.filter(arguments__token=how["token"]).exists() and not choice.rows().exists():
        messages.error(request, _("Nothing of this is dead (any more): there is nothing to do."))
        return page(request, model_admin, form, status=400)
    with trigger.triggered("admin", request.user.pk):
        run = replaying.start(kind, choice, rate=how["rate"] if kind == "replay" else None, token=how["token"])
    return redirect("admin:integrations_run_change", run.pk)
