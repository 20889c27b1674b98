"""What an operator answers where the other side changed what we had sent."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import conflicts, words
from integrations.conflicts import Answer
from integrations.models import ExternalRecord

from .base import Run, Verb


def answering(given: Answer, said: Promise) -> Run:
    """For the field that the button names; of what is ticked in a list, for all that waits."""

    def run(request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        fields = request.POST.getlist("field") or None
        answered = [name for record in rows for name in answer(request, record, given, fields)]
        if answered:
            messages.success(request, said % {"fields": ", ".join(dict.fromkeys(answered))})
        else:
            messages.warning(request, _("Nothing to answer: there is no such difference any more."))
        return back(request)

    return run


def answer(request: HttpRequest, record: ExternalRecord, given: Answer, fields: list[str] | None) -> list[str]:
    """The names that people know of what was answered."""
    try:
        answered = conflicts.answer(record, given, fields=fields)
    except LookupError:
        told = _("%(record)s is in a system that no connection leads to any more.")
        messages.error(request, told % {"record": record})
        return []
    return [words.field(record.remote_model, name) for name in answered]


def back(request: HttpRequest) -> HttpResponse | None:
    """To the page of ours that the button was on."""
    page = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return redirect(page) if is_ours else None


def waits(record: ExternalRecord) -> bool:
    return bool(record.unanswered) and record.gone_at is None


VERBS = (
    Verb(
        "keep_theirs",
        gettext_lazy("Keep theirs"),
        "check",
        answering(Answer.THEIRS, gettext_lazy("Theirs stays: %(fields)s.")),
        applies=waits,
    ),
    Verb(
        "write_ours",
        gettext_lazy("Write ours"),
        "edit",
        answering(Answer.OURS, gettext_lazy("Ours will be written over theirs: %(fields)s.")),
        applies=waits,
    ),
)


class ConflictFilter(admin.SimpleListFilter):
    title = gettext_lazy("changed there and kept")
    parameter_name = "conflict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("waits for an answer")), ("answered", _("answered"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ExternalRecord]) -> QuerySet[ExternalRecord]:
        match self.value():
            case "open":
                return queryset.filter(unanswered=True, gone_at=None)
            case "answered":
                return queryset.filter(unanswered=False).exclude(kept={})
            case _:
                return queryset
