"""Runs in words: what is done, for whom, how far it is and how it ended. For a card on any page, and for their list."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import F, Func, QuerySet
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import runs, words
from integrations.models import Integration, Run

from . import dry_run

SHOWN = 5
FIGURES = {
    "promised": gettext_lazy("promised"),
    "successful": gettext_lazy("delivered"),
    "replayed": gettext_lazy("replayed"),
    "cancelled": gettext_lazy("given up"),
    "waiting": gettext_lazy("waiting"),
    "elsewhere": gettext_lazy("taken by other workers"),
}


class Line(NamedTuple):
    run: Run
    what: str
    by: str
    progress: str
    took: str
    outcome: str


def of(integration: Integration) -> dict[str, Any]:
    """The card on an integration's page: what is open, and the latest that are done."""
    rows = without_changes(Run.objects.filter(integration=integration))
    return card(rows.order_by(F("finished_at").desc(nulls_first=True), "-id")[:SHOWN])


def card(rows: Iterable[Run]) -> dict[str, Any]:
    """`open` are the numbers of those under way; `said`, about them or else the latest, is for who hears the page."""
    lines = [line(run) for run in rows]
    under_way = [line for line in lines if line.run.is_open]
    said = "; ".join(f"{each.what}: {each.run.get_state_display()}" for each in under_way or lines[:1])
    return {"lines": lines, "open": " ".join(str(each.run.pk) for each in under_way), "said": said}


def without_changes(rows: QuerySet[Run]) -> QuerySet[Run]:
    """Rows with `figures` instead of `result`, which may be long: all of it but what a dry run found in detail."""
    figures = Func(F("result"), template="%(expressions)s - 'changes'")
    return rows.select_related("integration", "actor").defer("result").annotate(figures=figures)


def line(run: Run) -> Line:
    return Line(run, what(run), words.by(run), progress(run), elapsed(run), outcome(run))


def title(run: Run) -> str:
    """Such as "Odoo ERP: Sync leads"."""
    return f"{words.service(run.integration.slug)}: {what(run)}" if run.integration else what(run)


def what(run: Run) -> str:
    declared = runs.KINDS.get(run.kind)
    said = str(declared.label) if declared else run.kind
    if run.integration and "job" in run.arguments:
        said = words.operation(run.integration.slug, run.arguments["job"])
    if run.arguments.get("dry_run"):
        said = _("Dry run: %(job)s") % {"job": said}
    return f"{said}: {run.arguments['owner']}" if run.arguments.get("owner") else said


def progress(run: Run) -> str:
    """Such as "120 of 1,987"; "" before anything is done."""
    if run.total is None:
        return number(run.done) if run.done else ""
    return _("%(done)s of %(total)s") % {"done": number(run.done), "total": number(run.total)}


def number(value: int) -> str:
    return number_format(value, use_l10n=True, force_grouping=True)


def elapsed(run: Run) -> str:
    """For how long it ran, or runs; "" before it has begun."""
    if run.started_at is None:
        return ""
    length: timedelta = (run.finished_at or timezone.now()) - run.started_at
    minutes, seconds = divmod(max(round(length.total_seconds()), 0), 60)
    return _("%(m)s min %(s)s s") % {"m": minutes, "s": seconds} if minutes else _("%(s)s s") % {"s": seconds}


def outcome(run: Run) -> str:
    """How it ended, in words; "" while it is under way."""
    result = run.figures if hasattr(run, "figures") else run.result  # see `without_changes`
    if run.is_open or run.message:
        return run.message
    return result.get("summary") or " · ".join(figures(result)) or _("Nothing to do.")


def figures(result: dict[str, Any]) -> Iterator[str]:
    for found, _colour, how_many in dry_run.counts(result):
        yield f"{found}: {number(how_many)}"
    for key, label in FIGURES.items():
        if result.get(key):
            yield f"{label}: {number(result[key])}"
    for kind, how_many in result.get("errors", {}).items():
        yield f"{words.kind(kind)}: {number(how_many)}"
    yield from result.get("notes", [])
