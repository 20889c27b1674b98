"""What a sync of webinars is about, and what it would change."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from integrations import errors, progress
from integrations.book import Values
from integrations.service import JobReport
from webinars.models import Registration, Session

from . import mapping_webinars as words
from . import presence
from .records import Difference, told
from .registrations import RegistrationRecords
from .sessions import SessionRecords

AT_ONCE = 200


def chosen(slug: str | None) -> QuerySet[Session]:
    """All sessions that are or were public, or the one. Raises Rejected when there is none of that name."""
    public = Session.objects.exclude(status=Session.Status.DRAFT)
    if slug is None:
        return public
    found = public.filter(slug=slug)
    if not found.exists():
        raise errors.Rejected(_("There is no public session “%(slug)s”.") % {"slug": slug})
    return found


def dry_run(sessions: SessionRecords, people: RegistrationRecords, of: QuerySet[Session]) -> JobReport:
    """What pushing would do, field by field; one call per `AT_ONCE` rows that Odoo knows."""
    report = JobReport()
    events = sessions.to_tell(list(of.select_related("topic").order_by("pk")))
    for event in sessions.differences(would_be(sessions, events)) if events else []:
        tell(report, event, session=event.subject.slug)
    registrations = Registration.objects.filter(session__in=of).select_related("session")
    total = registrations.count()
    for chunk in presence.chunks(registrations):
        chosen = people.to_tell([registration for registration in chunk if not registration.is_forgotten])
        wanted: dict[Registration, Values] = {each: words.registration(each) for each in chosen}
        for found in people.differences(wanted):
            tell(report, found, session=found.subject.session.slug, email=found.subject.email)
        progress.report(sum(report.counts.values()), total + len(events))
    return report


def would_be(records: SessionRecords, sessions: list[Session]) -> dict[Session, Values]:
    """As pushed, but without making what has to be looked up by name."""
    return {s: {f: v for f, v in records.told(s).items() if f not in records.relations} for s in sessions}


def tell(report: JobReport, found: Difference[Any], **about: str) -> None:
    if found.kind == "same":
        report.count("same")
    else:
        report.tell(told(found, **about))
