"""What a dry run would change, field by field."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import words

if TYPE_CHECKING:
    from .operating import Ran

RECORDS_SHOWN = 200
KINDS: dict[str, words.Words] = {
    "new": (gettext_lazy("new"), "success"),
    "changed": (gettext_lazy("changed"), "info"),
    "kept": (gettext_lazy("theirs is kept"), "warning"),
    "same": (gettext_lazy("already the same"), "default"),
    "gone": (gettext_lazy("deleted there"), "danger"),
    "archived": (gettext_lazy("archived there"), "default"),
    "unmappable": (gettext_lazy("cannot be sent"), "danger"),
}
NOT_THE_SUBJECT = ("kind", "fields", "kept")


class Line(NamedTuple):
    field: str
    theirs: str
    ours: str
    kept: bool


class Record(NamedTuple):
    subject: str
    word: Promise | str
    colour: str
    lines: list[Line]


def render(request: HttpRequest, ran: Sequence["Ran"], *, limit: int) -> HttpResponse:
    back = ran[0].integration
    # What is there and what is ours names people: for those who may see it in the book, too.
    shown = RECORDS_SHOWN if request.user.has_perm("integrations.view_externalrecord") else 0
    context = {
        **admin.site.each_context(request),
        "title": _("Dry run"),
        "opts": back._meta,
        "integration": back,
        "results": [result(each, shown=shown) for each in ran],
        "limit": limit,
    }
    return TemplateResponse(request, "admin/integrations/dry_run.html", context)


def result(ran: "Ran", *, shown: int) -> dict[str, Any]:
    changes = ran.report.changes
    return {
        "job": ran.label,
        "counts": [(*KINDS.get(kind, (kind, "default")), number) for kind, number in ran.report.counts.items()],
        "looked_at": sum(ran.report.counts.values()),
        "records": [record(change) for change in changes[:shown]],
        "left_out": max(len(changes) - shown, 0),
    }


def record(change: dict[str, Any]) -> Record:
    word, colour = KINDS.get(change["kind"], (change["kind"], "default"))
    subject = " · ".join(str(value) for key, value in change.items() if key not in NOT_THE_SUBJECT)
    return Record(subject, word, colour, list(lines(change)))


def lines(change: dict[str, Any]) -> Iterator[Line]:
    for field, values in change.get("fields", {}).items():
        yield Line(field, values["before"], values["after"], kept=False)
    for field, values in change.get("kept", {}).items():
        yield Line(field, values["theirs"], values["ours"], kept=True)
