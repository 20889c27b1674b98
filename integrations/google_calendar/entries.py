"""The entries of our bookings in the calendars of one account: made, kept in step, taken away.

An entry belongs to two. What somebody changed in the calendar is heard (`outside`) or kept; we write only where the
calendar still holds what we wrote before.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings import actions
from bookings.models import Booking, Consultant
from bookings.models.booking import OPEN, Status
from bookings.models.consultant import MeetingType
from integrations import errors
from integrations.book import Book, Values
from integrations.models import ExternalRecord

from . import mapping, names, outside
from .client import GoogleClient
from .mapping import Conference, Json
from .refusals import AlreadyThere

KIND = "event"


@dataclass
class Difference:
    """What an entry lacks of what a booking says."""

    changes: Values = field(default_factory=dict)  # what we write
    agreed: Values = field(default_factory=dict)  # what it says already
    kept: dict[str, dict[str, str]] = field(default_factory=dict)  # {field: {"ours", "theirs"}}: changed on both sides
    body: Json = field(default_factory=dict)


@dataclass
class Entries:
    client: GoogleClient
    owner: str  # whose account it is
    book: Book
    minimal: bool  # say no more than the reference
    apply: bool  # what somebody does to an entry is done to the booking
    calendar_of: Callable[[Consultant], str]  # where new ones go

    def push(self, booking: Booking) -> None:
        """Make the entry say what the booking says; safe to repeat. Raises IntegrationError."""
        record = self.book.of([booking]).get(booking.pk)
        if booking.is_forgotten:
            self.forget(booking, record)
        elif booking.status == Status.CANCELLED:
            self.take_away(booking, record)
        elif booking.status in OPEN and booking.status != Status.CONFIRMED:
            raise errors.Obsolete(_("It comes into the calendar when it is confirmed."))
        elif booking.ends_at <= timezone.now() or booking.status != Status.CONFIRMED:
            raise errors.Obsolete(_("It is over."))
        elif record is None:
            self.make(booking)
        else:
            self.keep_or_make(booking, record)

    def put_back(self, booking: Booking) -> None:
        """Write ours, whatever somebody did to the entry's time, or though it was deleted."""
        record = self.book.of([booking]).get(booking.pk)
        if record and booking.status == Status.CONFIRMED:
            with suppress(errors.Gone):
                held = mapping.held(self.there(booking, record))
                record.sent |= {name: held[name] for name in ("status", *mapping.WHEN)}
                record.gone_at = None
                record.save(update_fields=["sent", "gone_at"])
        self.push(booking)

    # --- making and taking away ---------------------------------------------------------------------------------------

    def make(self, booking: Booking) -> None:
        """The name is ours: where an answer was lost, the second try finds what the first one made."""
        calendar = self.calendar_of(booking.consultant)
        said = mapping.values(booking, minimal=self.minimal)
        body = mapping.entry(booking, said)
        try:
            event = self.client.insert(calendar, body, sendUpdates="all", conferenceDataVersion=int(is_video(booking)))
        except errors.Gone as error:
            lacking = _("%(who)s: the calendar for meetings is not there, or not for this account.")
            raise errors.Rejected(lacking % {"who": booking.consultant.name}) from error
        except AlreadyThere:
            event = self.client.event(calendar, names.event_id(booking))
            # Whatever stands there we wrote, in a try whose answer was lost; that it is deleted, we never did.
            record = self.enter(booking, calendar, event, {**mapping.held(event), "status": mapping.THERE})
            self.keep(booking, record, event)
            return
        self.enter(booking, calendar, event, said)
        self.meet(booking, event)

    @transaction.atomic
    def enter(self, booking: Booking, calendar: str, event: Json, sent: Values) -> ExternalRecord:
        self.book.enter([(booking, names.event_id(booking), str(event.get("htmlLink", "")), sent)])
        record = self.book.of([booking])[booking.pk]
        record.told = {"owner": self.owner, "calendar": calendar, "updated": str(event.get("updated", ""))}
        record.gone_at = None
        record.save(update_fields=["told", "gone_at"])
        return record

    def take_away(self, booking: Booking, record: ExternalRecord | None) -> None:
        if is_not_there(booking, record):
            return
        with suppress(errors.Gone):
            self.client.delete(self.where(booking, record), names.event_id(booking), sendUpdates="all")
        if record:
            self.book.gone([record])

    def forget(self, booking: Booking, record: ExternalRecord | None) -> None:
        """Nobody is told. What is ahead is taken away; where Google keeps it for a while, it says nothing any more."""
        self.book.forget([booking])
        if is_not_there(booking, record):
            return
        at = self.where(booking, record), names.event_id(booking)
        try:
            event = self.client.event(*at)
            if not mapping.is_deleted(event):
                self.client.patch(*at, mapping.blank(booking), sendUpdates="none")
                if booking.starts_at > timezone.now():
                    self.client.delete(*at, sendUpdates="none")
        except errors.Gone:
            pass
        if record and booking.starts_at > timezone.now():
            self.book.gone([record])

    # --- keeping in step ----------------------------------------------------------------------------------------------

    def keep_or_make(self, booking: Booking, record: ExternalRecord) -> None:
        """What was deleted there is still known there, as deleted: one that is not is in an account of the past."""
        try:
            event = self.there(booking, record)
        except errors.Gone:
            self.make(booking)
        else:
            self.keep(booking, record, event)

    def keep(self, booking: Booking, record: ExternalRecord, event: Json) -> None:
        outside.hear(booking, record, event, apply=self.apply)
        if booking.status != Status.CONFIRMED:  # it was deleted there, and so it was cancelled here
            return
        if mapping.is_deleted(event) and record.gone_at:
            raise errors.Gone(_("Deleted in Google Calendar."))
        said = mapping.values(booking, minimal=self.minimal)
        found = self.restored(booking, said) if mapping.is_deleted(event) else compare(booking, said, record, event)
        if is_video(booking) and mapping.conference_of(event) == Conference.FAILED:
            found.body |= mapping.conference(booking, mapping.next_request(event))
        if found.body:
            event = self.write(booking, record, event, found)
        record.sent = {**record.sent, **found.agreed, **found.changes}
        record.kept = found.kept
        self.book.update([(booking, record)])
        self.meet(booking, event)

    def restored(self, booking: Booking, said: Values) -> Difference:
        body = {**mapping.entry(booking, said), **mapping.changed(booking, said, said)}
        return Difference(changes=said, body={name: value for name, value in body.items() if name != "id"})

    def write(self, booking: Booking, record: ExternalRecord, event: Json, found: Difference) -> Json:
        self.book.announce([(record, found.changes)])
        event = self.client.patch(
            self.where(booking, record),
            record.remote_id,
            found.body,
            etag=event.get("etag"),
            sendUpdates="all" if found.changes.keys() & mapping.TOLD_TO_GUESTS else "none",
            conferenceDataVersion=int("conferenceData" in found.body),
        )
        record.told = {**record.told, "updated": str(event.get("updated", ""))}
        record.save(update_fields=["told"])
        return event

    def meet(self, booking: Booking, event: Json) -> None:
        """Google makes a conference in its own time: until then the promise is kept open, and asks again."""
        if not is_video(booking):
            return
        match mapping.conference_of(event):
            case Conference.READY if booking.meeting_url != mapping.meeting_url(event):
                actions.note_meeting_url(booking, mapping.meeting_url(event))
            case Conference.PENDING:
                raise errors.Conflict(_("Google is still making the meeting link."))
            case Conference.FAILED:
                raise errors.Conflict(_("Google could not make a meeting link; it is asked for again."))

    # --- where --------------------------------------------------------------------------------------------------------

    def there(self, booking: Booking, record: ExternalRecord) -> Json:
        """The entry as it is now. Raises Gone where this account knows nothing of it."""
        return self.client.event(self.where(booking, record), record.remote_id)

    def where(self, booking: Booking, record: ExternalRecord | None) -> str:
        """An entry stays in the calendar that it was made in, though new ones go to another."""
        known = record.told.get("calendar") if record else ""
        return str(known or self.calendar_of(booking.consultant))


def compare(booking: Booking, said: Values, record: ExternalRecord, event: Json) -> Difference:
    """Field by field: ours where the calendar still holds what we sent, theirs where somebody changed it there.

    The time of an entry that somebody moved is left alone: what becomes of it is decided elsewhere.
    """
    found, held = Difference(), mapping.held(event)
    for name in mapping.TEXTS:
        ours, theirs = said[name], held[name]
        if ours == theirs:
            found.agreed[name] = ours
        elif theirs in outside.written(record, name):
            found.changes[name] = ours
        elif ours != record.sent.get(name):
            found.kept[name] = {"ours": ours, "theirs": theirs}
    when = {name: said[name] for name in mapping.WHEN}
    if all(said[name] == held[name] for name in when):
        found.agreed |= when
    elif all(held[name] in outside.written(record, name) for name in when):
        found.changes |= when
    found.agreed["status"] = mapping.THERE
    found.body = mapping.changed(booking, said, found.changes)
    invite(booking, said, record, event, found)
    return found


def invite(booking: Booking, said: Values, record: ExternalRecord, event: Json, found: Difference) -> None:
    """Whom we want there now and did not before, and the other way round; whoever else was invited stays."""
    before, wanted = (set(text.split(", ")) - {""} for text in (record.sent.get("attendees", ""), said["attendees"]))
    there = {guest["email"].lower(): guest for guest in event.get("attendees", ()) if guest.get("email")}
    left = [guest for email, guest in there.items() if email not in before - wanted]
    new = wanted - before - there.keys()
    if len(left) == len(there) and not new:
        found.agreed["attendees"] = said["attendees"]
        return
    found.changes["attendees"] = said["attendees"]
    found.body["attendees"] = [*map(asked_again, left), *mapping.guests(mapping.listed(new), booking)]


def asked_again(guest: dict[str, Any]) -> Json:
    """A list replaces the whole list: what a guest answered must be said again. The rest is Google's own."""
    return {name: value for name, value in guest.items() if name not in ("self", "organizer")}


def is_video(booking: Booking) -> bool:
    return booking.meeting_type == MeetingType.VIDEO


def is_not_there(booking: Booking, record: ExternalRecord | None) -> bool:
    """It was taken away before, or never put there: without a record, a try whose answer was lost may have."""
    return record.gone_at is not None if record else booking.confirmed_at is None
