"""What people did to our entries in their calendars, learnt by what Google says has changed since the last time."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.models import Booking
from bookings.models.booking import Status
from integrations import configuration, errors, outbox
from integrations.models import Connection, Delivery, ExternalRecord
from integrations.service import JobReport

from . import mapping, matters, outside
from .entries import Entries
from .mapping import Json
from .refusals import SyncExpired

if TYPE_CHECKING:
    from .service import GoogleCalendarService

SUBJECT, PUSH = Booking._meta.label_lower, "push_bookings"
FIELDS = "nextPageToken,nextSyncToken,items(id,status,etag,updated,start,end,attendees(email,responseStatus))"
Watched = dict[str, tuple[Booking, ExternalRecord]]  # by the entry's name


def pull(service: type["GoogleCalendarService"]) -> JobReport:
    """Account by account: one that does not answer keeps no other from being read.

    Raises what went wrong where no account could be read.
    """
    report, failures, read = JobReport(), [], 0
    for account in accounts(service):
        try:
            read += Reading(account, report).read()
        except errors.IntegrationError as error:
            failures.append(error)
            report.notes.append(error.message)
    matters.close_settled()
    if failures and not read:
        raise failures[0]
    report.promised = outbox.keep_in_sync(service.push_bookings, unpromised(service.slug), owner=service.owner_of)
    return report


def accounts(service: type["GoogleCalendarService"]) -> Iterator["GoogleCalendarService"]:
    """Those in whose calendars something of ours is."""
    for connection in Connection.objects.in_use().filter(integration__slug=service.slug).order_by("owner"):
        account = configuration.service_on(connection)
        if isinstance(account, service) and account.settings.refresh_token and not account.has_moved:
            yield account


def ahead() -> QuerySet[Booking]:
    return Booking.objects.filter(status=Status.CONFIRMED, ends_at__gt=timezone.now())


def unpromised(slug: str) -> QuerySet[Booking]:
    """Agreed while nobody had connected a calendar."""
    about = {"subject_type": SUBJECT, "subject_id": OuterRef("pk")}
    promised = Delivery.objects.filter(integration__slug=slug, operation=PUSH, **about)
    return ahead().exclude(Exists(promised)).select_related("consultant")


class Reading:
    """One account's calendars, those in which an entry of ours is still to take place."""

    def __init__(self, service: "GoogleCalendarService", report: JobReport) -> None:
        self.service = service
        self.report = report
        self.entries: Entries = service.entries_for(None)

    def read(self) -> int:
        """How many calendars could be read. Raises what is the connection's fault."""
        if self.service.connection.is_blocked("list_events"):  # a refusal that is known is not asked for again
            raise errors.Misconfigured(self.service.connection.last_error)
        number = 0
        for calendar, watched in self.watched().items():
            try:
                self.read_calendar(calendar, watched)
                number += 1
            except errors.IntegrationError as error:
                if error.blames_connection:
                    raise
                who = next(iter(watched.values()))[0].consultant.name
                self.report.notes.append(_("%(who)s: %(reason)s") % {"who": who, "reason": error.message})
        return number

    def watched(self) -> dict[str, Watched]:
        bookings = {booking.pk: booking for booking in ahead().select_related("consultant")}
        found: dict[str, Watched] = {}
        for pk, record in self.entries.book.of(list(bookings.values())).items():
            if record.told.get("owner") == self.entries.owner:
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

    def changed(self, calendar: str, token: str, watched: Watched) -> tuple[list[Json], str]:
        """And the token for the next time. What a full list lacks was deleted, or dragged into the past."""
        if token:
            with suppress(SyncExpired):
                return self.listed(calendar, syncToken=token)
        since = timezone.now() - timedelta(days=1)
        events, token = self.listed(calendar, timeMin=since.isoformat())
        known = {str(event.get("id")) for event in events}
        missing = [{"id": name, "status": mapping.DELETED} for name in watched if name not in known]
        return [*events, *missing], token

    def listed(self, calendar: str, **query: str) -> tuple[list[Json], str]:
        """Deleted ones are among them; a series is told once."""
        events: list[Json] = []
        token = ""
        for page in self.entries.client.events(calendar, showDeleted=True, maxResults=2500, fields=FIELDS, **query):
            events += page.get("items", ())
            token = str(page.get("nextSyncToken", ""))
        return events, token

    def hear(self, booking: Booking, record: ExternalRecord, event: Json) -> None:
        """Whatever is news is looked at once more: lists may be older than what we wrote ourselves meanwhile."""
        if not outside.is_news(booking, record, event):
            return
        try:
            event = self.entries.there(booking, record)
        except errors.Gone:  # not deleted, but unknown: this is not the account that it was made by
            return
        if kind := outside.hear(booking, record, event, apply=self.entries.apply):
            self.report.count(kind)
