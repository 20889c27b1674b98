"""What people did to our entries in their calendars, learnt by what Google says has changed since the last time."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.models import Booking
from bookings.models.booking import Status
from integrations import configuration, errors, outbox
from integrations.models import Delivery, ExternalRecord
from integrations.service import JobReport, Operation

from . import mapping, outside
from .accounts import connections, is_connected, owner_of
from .client import Expired
from .entries import Entries
from .mapping import Json

if TYPE_CHECKING:
    from .service import GoogleCalendarService

SUBJECT = Booking._meta.label_lower
Watched = dict[str, tuple[Booking, ExternalRecord]]  # by the entry's name


def pull(push: Operation[Any, Any]) -> JobReport:
    """Account by account: one that does not answer keeps no other from being read.

    Raises what went wrong where no account could be read.
    """
    report, failures, read = JobReport(), [], 0
    for service in services():
        try:
            read += Reading(service, report).read()
        except errors.IntegrationError as error:
            failures.append(error)
            owner = service.connection.owner or _("the shared account")
            report.notes.append(_("%(owner)s: %(reason)s") % {"owner": owner, "reason": error.message})
    if failures and not read:
        raise failures[0]
    report.promised = outbox.keep_in_sync(push, unpromised(), owner=owner_of)
    return report


def services() -> Iterator["GoogleCalendarService"]:
    for connection in connections().order_by("owner"):
        service = configuration.service_on(connection) if is_connected(connection) else None
        if service is not None and not service.has_moved:
            yield service  # type: ignore[misc]


def ahead() -> QuerySet[Booking]:
    return Booking.objects.filter(status=Status.CONFIRMED, ends_at__gt=timezone.now())


def unpromised() -> QuerySet[Booking]:
    """Agreed while nobody had connected a calendar."""
    about = {"subject_type": SUBJECT, "subject_id": OuterRef("pk")}
    promised = Delivery.objects.filter(integration__slug="google_calendar", operation="push_bookings", **about)
    return ahead().exclude(Exists(promised)).select_related("consultant")


class Reading:
    """One account's calendars, those in which an entry of ours is still to take place."""

    def __init__(self, service: "GoogleCalendarService", report: JobReport) -> None:
        self.service = service
        self.report = report
        self.entries: Entries = service.entries()

    def read(self) -> int:
        """How many calendars could be read. Raises what is the connection's fault."""
        number = 0
        for calendar, watched in self.watched().items():
            try:
                self.read_calendar(calendar, watched)
                number += 1
            except errors.IntegrationError as error:
                if error.blames_connection:
                    raise
                self.report.notes.append(_("%(owner)s: %(reason)s") % {"owner": calendar, "reason": error.message})
        return number

    def watched(self) -> dict[str, Watched]:
        bookings = {booking.pk: booking for booking in ahead().select_related("consultant")}
        found: dict[str, Watched] = {}
        for pk, record in self.entries.book.of(list(bookings.values())).items():
            calendar = self.entries.where(bookings[pk], record)
            found.setdefault(calendar, {})[record.remote_id] = bookings[pk], record
        return found

    def read_calendar(self, calendar: str, watched: Watched) -> None:
        key = f"changes:{calendar}"
        events, token = self.changed(calendar, self.service.memory.facts.get(key, ""), watched)
        for event in events:
            if found := watched.get(str(event.get("id"))):
                self.hear(*found, event)
        self.service.memory.note(key, token)

    def changed(self, calendar: str, token: str, watched: Watched) -> tuple[Iterable[Json], str]:
        """What was not listed in full was deleted, or dragged into the past: each is asked for by itself."""
        if token:
            try:
                return self.entries.client.changed_events(calendar, token=token)
            except Expired:
                pass
        events, token = self.entries.client.changed_events(calendar, since=timezone.now() - timedelta(days=1))
        listed = {str(event.get("id")) for event in events}
        missing = [{"id": name, "status": mapping.DELETED} for name in watched if name not in listed]
        return [*events, *missing], token

    def hear(self, booking: Booking, record: ExternalRecord, event: Json) -> None:
        """Whatever is news is looked at once more: lists may be older than what we wrote ourselves meanwhile."""
        if not outside.is_news(booking, record, event):
            return
        event = self.entries.there(booking, record)
        if kind := outside.hear(booking, record, event, apply=self.entries.apply):
            self.report.count(kind)
