"""Our copy of when consultants are busy: read from Google, account by account, and compared with the bookings that
nobody could check when they were made."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.agenda import at_work
from bookings.models import Consultant
from bookings.spans import Span
from integrations import errors
from integrations.models import Connection
from integrations.service import JobReport
from leads.clocks import DAY

from . import checking, copies, freebusy, matters
from .accounts import connections_for, is_barred

if TYPE_CHECKING:
    from .service import GoogleCalendarService

On = Callable[[Connection], "GoogleCalendarService"]


def sync(consultants: Sequence[Consultant], on: On) -> JobReport:
    """Read all their calendars; `on` makes the service of a connection.

    An account that gives no answer keeps no other from being read. Raises the IntegrationError of one where none did.
    """
    report = JobReport()
    connections = connections_for(consultants)
    failures: list[errors.IntegrationError] = []
    copies.tidy(consultants)
    for connection, theirs in by_connection(consultants, connections):
        try:
            read(on(connection), theirs, report)
        except errors.IntegrationError as error:
            failures.append(error)
            report.count("not_answered", len(theirs))
            report.notes.append(f"{listed(theirs)}: {error.message}")
    if failures and not report.counts.get("read"):
        raise failures[0]
    if lonely := [each for each in consultants if each.calendars and each.pk not in connections]:
        report.notes.append(_("Nobody has connected the calendars of: %(names)s.") % {"names": listed(lonely)})
    matters.close_settled()
    return report


def by_connection(
    consultants: Iterable[Consultant], connections: dict[int, Connection]
) -> Iterator[tuple[Connection, list[Consultant]]]:
    """Without those who have no calendars to look into."""
    found: dict[int, list[Consultant]] = defaultdict(list)
    for consultant in consultants:
        if consultant.calendars and consultant.pk in connections:
            found[connections[consultant.pk].pk].append(consultant)
    for theirs in found.values():
        yield connections[theirs[0].pk], theirs


def read(service: "GoogleCalendarService", consultants: Sequence[Consultant], report: JobReport) -> None:
    if is_barred(service.connection):
        raise errors.Misconfigured(service.connection.last_error or _("The stored secrets cannot be read."))
    asked_at = timezone.now()
    window = window_of(consultants, asked_at)
    calendars = {calendar: None for consultant in consultants for calendar in consultant.calendars}
    found = freebusy.ask(service.client, calendars, window.start, window.end)
    changed = copies.store(consultants, found, window, asked_at)
    report.count("read", sum(not busy.error for busy in found.values()))
    for name, number in changed.items():
        report.count(name, number)
    tell_errors(found, report)
    checking.check(service, consultants, found, window, report)


def window_of(consultants: Iterable[Consultant], now: datetime) -> Span:
    """As far ahead as any of them can be booked; from midnight to midnight, so that what it cuts off stays the same."""
    today = datetime.combine(now.astimezone(UTC).date(), time.min, UTC)
    return Span(today, today + max(consultant.horizon_days for consultant in consultants) * DAY + 2 * DAY)


def tell_errors(found: dict[str, freebusy.Busy], report: JobReport) -> None:
    wrong = [busy for busy in found.values() if busy.error]
    if wrong:
        report.count("not_read", len(wrong))
        said = ngettext("%(n)s calendar cannot be read: %(why)s", "%(n)s calendars cannot be read: %(why)s", len(wrong))
        report.notes.append(said % {"n": len(wrong), "why": " ".join(sorted({busy.error for busy in wrong}))})


def listed(consultants: Iterable[Consultant]) -> str:
    return ", ".join(consultant.name for consultant in consultants)


def chosen(slug: str | None) -> list[Consultant]:
    """Those who can be booked or still have meetings, or that one. Raises Rejected where there is none of this name."""
    rows = at_work()
    found = list(rows.filter(slug=slug) if slug else rows)
    if slug and not found:
        raise errors.Rejected(_("No consultant “%(slug)s” can be booked.") % {"slug": slug})
    return found
