"""Replays in words: what is chosen, what it would do, how far it is and what became of it."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils.formats import number_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations import incidents as kinds_of_incidents
from integrations import registry, replaying, words
from integrations.models import Delivery, Incident, Run
from integrations.needs import listed
from integrations.replaying import Choice, Outcome, Outlook
from integrations.replaying.choice import BEFORE_IT_WAS_NOTICED
from integrations.replaying.outlook import WAITS_UNTIL, Line


def number(value: int) -> str:
    return number_format(value, use_l10n=True, force_grouping=True)


# --- step one --------------------------------------------------------------------------------------------------------


def incidents(most: int) -> list[dict[str, Any]]:
    """The latest, with about how many died while they lasted: how many exactly is told when one is chosen."""
    died = Delivery.objects.dead().filter(
        integration=OuterRef("connection__integration"),  # for the index
        connection=OuterRef("connection"),
        settled_at__gte=OuterRef("opened_at") - BEFORE_IT_WAS_NOTICED,
        settled_at__lte=Coalesce(OuterRef("closed_at"), Now()),
    )
    of_subject = Q(subject_type=OuterRef("subject_type"), subject_id=OuterRef("subject_id"))
    about = Delivery.objects.dead().filter(of_subject, connection=OuterRef("connection"))
    rows = Incident.objects.select_related("connection__integration").order_by(
        F("closed_at").desc(nulls_first=True), "-opened_at"
    )
    found = rows.annotate(died=how_many(died), about=how_many(about))[:most]
    return [
        {
            "id": row.pk,
            "what": called(row),
            "summary": Truncator(row.summary).chars(100),
            "opened": words.moment(row.opened_at),
            "closed": words.moment(row.closed_at),
            "dead": number(getattr(row, "about" if row.subject_type else "died")),
        }
        for row in found
    ]


def how_many(rows: Any) -> Any:
    counted = rows.order_by().annotate(one=F("state")).values("one").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def called(incident: Incident) -> str:
    """Such as "Odoo ERP: Outage"."""
    known = kinds_of_incidents.KINDS.get(incident.kind)
    name = words.service(incident.connection.integration.slug)
    owner = f" ({incident.connection.owner})" if incident.connection.owner else ""
    return f"{name}{owner}: {known.label if known else incident.kind}"


# --- step two --------------------------------------------------------------------------------------------------------


def chosen(choice: Choice, incident: Incident | None) -> list[tuple[str, str]]:
    """(what it is called, what is chosen)"""
    said = [(_("Incident"), called(incident))] if incident else []
    said += [(_("Died from"), words.moment(choice.since)), (_("Up to"), words.moment(choice.until))]
    if choice.integration:
        said.append((_("Integration"), words.service(choice.integration)))
    if choice.operations:
        labels = {each.name: str(each.label) for each in registry.operations()}
        said.append((_("What"), ", ".join(labels.get(name, name) for name in choice.operations)))
    if choice.kinds:
        said.append((_("Error"), ", ".join(words.kind(name) for name in choice.kinds)))
    return said


class Shown(NamedTuple):
    integration: str
    what: str
    kind: str
    number: str
    ambiguous: str  # how many, "" for none
    would: list[str]  # sentences


def line(found: Line) -> Shown:
    return Shown(
        integration=words.service(found.integration),
        what=words.operation(found.integration, found.operation),
        kind=words.kind(found.error_kind),
        number=number(found.number),
        ambiguous=number(found.ambiguous) if found.ambiguous else "",
        would=list(would(found)),
    )


def would(found: Line) -> Iterator[str]:
    """What a replay would do to them now."""
    waits = sum(found.waits.values())
    if goes := found.sent - waits:
        yield ngettext("One is sent.", "%(n)s are sent.", goes) % {"n": number(goes)}
    for reason, n in sorted(found.waits.items()):
        said = ngettext("One waits until %(what)s.", "%(n)s wait until %(what)s.", n)
        yield said % {"n": number(n), "what": WAITS_UNTIL[reason]}
    if n := found.missing:
        said = ngettext(
            "One is not sent: what it is about was deleted.", "%(n)s are not sent: what they are about was deleted.", n
        )
        yield said % {"n": number(n)}
    if n := found.expired:
        said = ngettext("One is not sent: its time is over.", "%(n)s are not sent: their time is over.", n)
        yield said % {"n": number(n)}
    if n := found.removed:
        said = ngettext("One is not sent: the account was removed.", "%(n)s are not sent: the account was removed.", n)
        yield said % {"n": number(n)}


def when_repeated(found: Outlook) -> list[tuple[str, str]]:
    """(integration, what keeps its repetitions from happening twice), for those of which something is ambiguous."""
    slugs = sorted({each.integration for each in found.lines if each.ambiguous})
    known = registry.services()
    return [(words.service(slug), str(known[slug].when_repeated)) for slug in slugs if slug in known]


# --- afterwards ------------------------------------------------------------------------------------------------------


def progress(run: Run) -> dict[str, Any]:
    """For the page of a run of kind "replay", whose `open` is empty once nothing waits any more."""
    found = replaying.outcome(run)
    is_open = run.is_open or found.waiting > 0
    rate = run.arguments.get("rate")
    return {
        "outcome": found,
        "facts": list(facts(found)),
        "open": str(run.pk) if is_open else "",
        "said": said(run, found, is_open=is_open),
        "rate": ngettext("at most one a minute", "at most %(n)s a minute", rate) % {"n": number(rate)} if rate else "",
        "last": words.moment(found.last_at),
        "again": list(died_again(run, found)),
    }


def facts(found: Outcome) -> Iterable[tuple[str, str, str]]:
    """(word, colour, number) of what there is."""
    yield _("delivered"), "success", number(found.delivered)
    yield _("waiting"), "warning" if found.waiting else "default", number(found.waiting)
    yield _("dead again"), "danger" if found.dead else "default", number(found.dead)
    if found.cancelled:
        yield _("not wanted any more"), "default", number(found.cancelled)


def said(run: Run, found: Outcome, *, is_open: bool) -> str:
    """For who hears the page, and as its headline."""
    if run.state == Run.State.FAILED:
        return _("This replay failed.")
    if run.is_open and not found.promised:
        return _("A worker is about to begin.")
    told = {"settled": number(found.settled), "promised": number(found.promised)}
    if is_open:
        return _("%(settled)s of %(promised)s are done.") % told
    if not found.promised:
        if run.stopped_at:
            return _("It was stopped before anything was sent.")
        return _("Nothing of it was dead any more: somebody else was quicker.")
    if found.dead:
        return _("It is over: not everything arrived.")
    return _("It is over: nothing is dead any more.")


def died_again(run: Run, found: Outcome) -> Iterator[tuple[str, str, str]]:
    """(kind of error, how many, where they are listed)"""
    for kind, n in sorted(found.errors.items()):
        url = listed("delivery", replay=run.pk, state__exact=Delivery.State.DEAD, error_kind=kind)
        yield words.kind(kind), number(n), url
