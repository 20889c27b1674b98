"""Where calendars and our bookings differ though nothing waits. One list per calendar; what it says is looked at once
more, entry by entry, before it counts: lists may be older than what we wrote ourselves meanwhile."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from bookings.models import Booking
from bookings.models.booking import Problem, Status
from integrations import errors
from integrations.models import Drift, ExternalRecord
from integrations.service import Finding, Part

from . import mapping, names, outside
from .accounts import connections_for
from .entries import KIND, Entries
from .mapping import Json

if TYPE_CHECKING:
    from .service import GoogleCalendarService

FIELDS = "nextPageToken,items(id,status,htmlLink,updated,start,end,extendedProperties/private)"
KNOWN_PROBLEMS = (Problem.MOVED_OUTSIDE, Problem.DELETED_OUTSIDE)
Expected = dict[str, tuple[Booking, ExternalRecord]]  # by the entry's name


def parts(service: "GoogleCalendarService") -> Iterator[Part]:
    """Calendars of this account, and who should be in one of them and is in none."""
    entries = service.entries_for(None)
    expected = by_calendar(entries)
    yield Part(KIND, never_there(service, {record.subject_id for some in expected.values() for _b, record in some}))
    open_parts = Drift.objects.open().filter(connection=service.connection, part__startswith=f"{KIND}:")
    for name in {part.partition(":")[2] for part in open_parts.values_list("part", flat=True)}:
        expected.setdefault(name, [])  # so that what is over there is closed, too
    for calendar, some in expected.items():
        yield Part(
            f"{KIND}:{calendar}", of_calendar(entries, calendar, {record.remote_id: (b, record) for b, record in some})
        )


def ahead() -> Q:
    return Q(ends_at__gt=timezone.now(), status__in=[Status.CONFIRMED, Status.CANCELLED])


def by_calendar(entries: Entries) -> dict[str, list[tuple[Booking, ExternalRecord]]]:
    """Bookings ahead, and those that were cancelled, by the calendar of this account that their entries are in."""
    bookings = {booking.pk: booking for booking in Booking.objects.filter(ahead()).select_related("consultant", "lead")}
    found: dict[str, list[tuple[Booking, ExternalRecord]]] = {}
    for pk, record in entries.book.of(list(bookings.values())).items():
        if record.told.get("owner") == entries.owner and not bookings[pk].is_forgotten:
            found.setdefault(entries.where(bookings[pk], record), []).append((bookings[pk], record))
    return found


def never_there(service: "GoogleCalendarService", known: set[int]) -> Iterator[Finding]:
    """Of consultants whose calendars this account keeps."""
    confirmed = Booking.objects.filter(ahead(), status=Status.CONFIRMED).exclude(pk__in=known)
    rows = list(confirmed.select_related("consultant", "lead"))
    elsewhere = set(
        ExternalRecord.objects.filter(
            remote_model=KIND, subject_type=Booking._meta.label_lower, subject_id__in=[row.pk for row in rows]
        ).values_list("subject_id", flat=True)
    )
    keepers = connections_for([row.consultant for row in rows])
    for booking in rows:
        keeper = keepers.get(booking.consultant_id)
        if booking.pk not in elsewhere and keeper and keeper.pk == service.connection.pk and not booking.is_forgotten:
            yield Finding("never_there", booking, outside.times(booking), {})


def of_calendar(entries: Entries, calendar: str, expected: Expected) -> Iterator[Finding]:
    listed, strangers = read(entries, calendar, expected)
    for name, (booking, record) in expected.items():
        if may_differ(booking, record, listed.get(name)):
            event: Json = {"status": mapping.DELETED}
            with suppress(errors.Gone):
                event = entries.there(booking, record)
            if found := finding(booking, record, event):
                yield found
    known = {str(pk) for pk in Booking.objects.filter(uuid__in=strangers).values_list("uuid", flat=True)}
    for uuid, event in strangers.items():
        if uuid not in known:
            yield unknown(event)


def read(entries: Entries, calendar: str, expected: Expected) -> tuple[dict[str, Json], dict[str, Json]]:
    """Entries that we expect, by name; and others of ours, by the uuid of their booking."""
    since = (timezone.now() - timedelta(days=1)).isoformat()
    listed: dict[str, Json] = {}
    strangers: dict[str, Json] = {}
    for page in entries.client.events(calendar, timeMin=since, showDeleted=False, maxResults=2500, fields=FIELDS):
        for event in page.get("items", ()):
            if event["id"] in expected:
                listed[event["id"]] = event
            elif (uuid := uuid_in(event)) and not mapping.is_deleted(event):
                strangers[uuid] = event
    return listed, strangers


def uuid_in(event: Json) -> str:
    """Of the booking that we made it for, "" where we did not: of Google's own names, one in four looks like ours."""
    told = str(event.get("extendedProperties", {}).get("private", {}).get("magnetiq", ""))
    return told if told and str(names.uuid_of(event["id"])) == told else ""


def may_differ(booking: Booking, record: ExternalRecord, event: Json | None) -> bool:
    """By what the list says."""
    is_there = event is not None and not mapping.is_deleted(event)
    if booking.status == Status.CANCELLED:
        return is_there
    if booking.problem in KNOWN_PROBLEMS or record.gone_at is not None:
        return False  # somebody has been asked
    return not is_there or when(event or {}) != outside.times(booking)


def finding(booking: Booking, record: ExternalRecord, event: Json) -> Finding | None:
    """By what the entry itself says."""
    here, url = outside.times(booking), record.url
    is_there = not mapping.is_deleted(event)
    if booking.status == Status.CANCELLED:
        return (
            Finding("cancelled_here", booking, {"status": mapping.DELETED}, when(event), url=url) if is_there else None
        )
    if not is_there:
        return Finding("missing", booking, here, {}, url=url)
    return Finding("time", booking, here, when(event), url=url) if when(event) != here else None


def when(event: Json) -> dict[str, str]:
    held = mapping.held(event)
    return {name: held[name] for name in mapping.WHEN}


def unknown(event: Json) -> Finding:
    """Named by us, and nobody here knows it: the database may be older than the calendar. Nobody is quoted."""
    return Finding("unknown_here", None, {}, when(event), event["id"], str(event.get("htmlLink", "")), by_hand=True)
