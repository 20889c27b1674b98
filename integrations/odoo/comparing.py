"""Where Odoo and we differ though nothing waits. Reads only, one call or two for each `AT_ONCE` rows."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone

from integrations.book import Values
from integrations.models import Drift, ExternalRecord
from integrations.service import Finding, Part
from leads.models import Lead
from webinars.models import Registration, Session

from . import leads as crm
from . import mapping, presence
from . import mapping_webinars as words
from .leads import LeadRecords
from .records import Difference
from .registrations import RegistrationRecords

AT_ONCE = 200
THEIRS = frozenset({"type", "tag_ids"})  # sales make opportunities of leads, and sort them


def parts(leads: LeadRecords, people: RegistrationRecords) -> Iterator[Part]:
    yield Part(crm.MODEL, of_leads(leads))
    yield Part(people.model, of_registrations(people))


def of_leads(records: LeadRecords) -> Iterator[Finding]:
    rows = Lead.objects.exclude(status=Lead.Status.FORGOTTEN).order_by("pk").iterator(AT_ONCE)
    tags: list[int] | None = None
    while chunk := list(islice(rows, AT_ONCE)):
        wanted, _unmappable = records.mapped(chunk)  # who cannot be put into words is dead, and told of as such
        found = records.differences(wanted)
        yield from filter(None, (finding(each, leave=THEIRS) for each in found))
        if known := [each for each in found if each.record and each.kind != "gone"]:
            if tags is None:
                tags = [row["id"] for row in records.client.search_read("crm.tag", named(mapping.TAG), ["name"])]
            yield from twice(records, known, set(tags))


def named(name: str) -> list[Any]:
    return [["name", "=", name]]


def twice(records: LeadRecords, known: list[Difference[Lead]], tags: set[int]) -> Iterator[Finding]:
    """Another record of ours for the same person: only who works there can say which one stays."""
    of = {each.subject.email: each.subject for each in known}
    rows = records.client.search_read(
        records.model, [["email_from", "in", sorted(of)]], ["email_from", "tag_ids"], active_test=False
    )
    ours = {str(row["id"]): row for row in rows if tags & set(row["tag_ids"])}
    book = ExternalRecord.objects.filter(remote_system=records.book.remote_system, remote_model=records.model)
    in_book = set(book.filter(remote_id__in=list(ours)).values_list("remote_id", flat=True))
    urls = {each.subject.pk: each.record for each in known}
    for remote_id in sorted(ours.keys() - in_book):
        lead = of[ours[remote_id]["email_from"]]
        record = urls[lead.pk]
        assert record
        url = record.url.replace(f"id={record.remote_id}&", f"id={remote_id}&")
        yield Finding("twice", lead, {"id": record.remote_id}, {"id": remote_id}, remote_id, url, by_hand=True)


def of_registrations(records: RegistrationRecords) -> Iterator[Finding]:
    """Of sessions ahead, and for as long afterwards as Odoo is asked who came."""
    public = Session.objects.exclude(status=Session.Status.DRAFT)
    ends_after = timezone.now() - presence.ASKED_FOR
    people = Registration.objects.filter(session__in=recent(public, ends_after)).select_related("session", "lead")
    for chunk in presence.chunks(people):
        chosen = records.to_tell([each for each in chunk if not each.is_forgotten])
        homeless = without_event(records, chosen)
        wanted: dict[Registration, Values] = {each: words.registration(each) for each in chosen}
        for found in records.differences(wanted) if wanted else ():
            is_new = found.kind == "new"
            if is_new and (found.subject.session_id in homeless or wanted[found.subject]["state"] == words.CANCELLED):
                continue
            if told := finding(found):
                yield told


def recent(sessions: QuerySet[Session], moment: Any) -> QuerySet[Session]:
    """No session is longer than a day."""
    return sessions.filter(starts_at__gt=moment)


def without_event(records: RegistrationRecords, people: list[Registration]) -> set[int]:
    """Sessions whose events were deleted there: that is told of the event, and once."""
    gone = ExternalRecord.objects.filter(
        remote_system=records.book.remote_system,
        remote_model="event.event",
        subject_id__in={each.session_id for each in people},
    )
    return set(gone.exclude(gone_at=None).values_list("subject_id", flat=True))


def finding(d: Difference[Any], *, leave: frozenset[str] = frozenset()) -> Finding | None:
    """None where both agree, or somebody knows already that they do not."""
    url = d.record.url if d.record else ""
    if d.kind == "gone":
        return Finding("missing", d.subject, {}, {}, url=url)
    if d.kind == "new":
        return Finding("never_there", d.subject, {}, {})
    if d.kind == "archived" or d.record is None:
        return None
    known = d.record.kept
    here = {name: value for name, value in d.changes.items() if name not in leave}
    there = {name: d.before[name] for name in here}
    for name, values in d.kept.items():
        stored = known.get(name, {})
        if name not in leave and any(stored.get(side) != values[side] for side in values):
            here[name], there[name] = values["ours"], values["theirs"]
    if not here:
        return None
    return Finding(kind_of(here), d.subject, here, there, url=url)


def kind_of(here: Values) -> str:
    if "state" not in here:
        return "differs"
    return "cancelled_here" if here["state"] == words.CANCELLED else "state"


def overrule(drift: Drift, subject: Model, *, remote_system: str, remote_model: str) -> None:
    """Somebody says that ours shall be written: what was deleted is made again."""
    about = {"subject_type": drift.subject_type, "subject_id": subject.pk}
    rows = ExternalRecord.objects.filter(remote_system=remote_system, remote_model=remote_model, **about)
    if drift.kind == "missing":
        rows.delete()
        return
    for record in rows.select_for_update():
        for name, ours in drift.here.items():
            record.kept[name] = {"ours": ours, "theirs": drift.there[name], "answer": ExternalRecord.Answer.OURS}
        record.save(update_fields=["kept"])
