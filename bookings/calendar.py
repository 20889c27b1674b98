"""Bookings as calendars read them (RFC 5545): the same booking gives the same bytes until it changes."""

from base64 import b32hexencode
from functools import partial

import icalendar
from django.utils.translation import gettext as _

from bookings.models import Booking
from bookings.models.booking import Status
from bookings.models.consultant import MeetingType
from leads import ics as files

calendar = partial(files.calendar, product="Bookings")
STATUSES = {Status.PENDING: "TENTATIVE", Status.CANCELLED: "CANCELLED"}  # whatever else is, or was, agreed


def id_of(booking: Booking) -> str:
    """The entry's name in Google's calendars, of the letters that are allowed there: a to v, and digits."""
    return b32hexencode(booking.uuid.bytes).decode().rstrip("=").lower()


def uid_of(booking: Booking) -> str:
    """As Google names the entry for everybody else: a calendar that has both our letter and Google's keeps one."""
    return f"{id_of(booking)}@google.com"


def ics(booking: Booking, *, url: str = "") -> bytes:
    """The client's entry as a file, in the active language; `url` is the booking's page."""
    return calendar([for_client(booking, url=url)])


def for_client(booking: Booking, *, url: str = "") -> icalendar.Event:
    """As the client reads it, on the client's clock."""
    consultant = booking.consultant
    told = [joining(booking), _("Change or cancel your booking: %(url)s") % {"url": url} if url else ""]
    made = event(booking, zone=booking.zone or consultant.zone, description=told)
    made.add("SUMMARY", _("Consultation with %(name)s") % {"name": consultant.name})
    add_place(made, booking, place(booking), url)
    return made


def for_consultant(booking: Booking, *, url: str = "") -> icalendar.Event:
    """As the consultant reads it, on the consultant's clock."""
    about = [booking.company, booking.email, booking.phone, booking.message]
    made = event(booking, zone=booking.consultant.zone, description=[joining(booking), *about])
    made.add("SUMMARY", _("Consultation - %(name)s") % {"name": booking.name})
    add_place(made, booking, place(booking, called=False), url)
    return made


def event(booking: Booking, *, zone: str, description: list[str]) -> icalendar.Event:
    """What is the same for both."""
    clock = files.clock_for(zone, booking.starts_at, booking.ends_at)
    lines = [*description, _("Reference: %(reference)s") % {"reference": booking.reference}]
    made = icalendar.Event()
    made.add("UID", uid_of(booking))
    made.add("SEQUENCE", booking.sequence)
    made.add("DTSTAMP", booking.updated_at)
    made.add("DTSTART", booking.starts_at.astimezone(clock))
    made.add("DTEND", booking.ends_at.astimezone(clock))
    made.add("STATUS", STATUSES.get(Status(booking.status), "CONFIRMED"))
    made.add("DESCRIPTION", "\n".join(line for line in lines if line))
    return made


def joining(booking: Booking) -> str:
    return _("Join the meeting: %(url)s") % {"url": booking.meeting_url} if booking.meeting_url else ""


def add_place(made: icalendar.Event, booking: Booking, words: str, url: str) -> None:
    made.add("LOCATION", booking.meeting_url or words)
    if address := booking.meeting_url or url:
        made.add("URL", address)


def place(booking: Booking, *, called: bool = True) -> str:
    """How and where they meet, in words; `called`: as the client reads it, whom we call."""
    calling = _("We call you: %(phone)s") if called else _("You call: %(phone)s")
    places = {
        MeetingType.PHONE: calling % {"phone": booking.phone} if booking.phone else "",
        MeetingType.IN_PERSON: booking.consultant.place,
    }
    meeting_type = MeetingType(booking.meeting_type)
    return places.get(meeting_type) or str(meeting_type.label)
