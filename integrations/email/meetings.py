"""What letters about bookings bring for the reader's calendar, and take away again (iTIP, RFC 5546).

Google invites clients of its own accord: UID and organiser are Google's, so that a calendar with both keeps one entry.
"""

from icalendar import Event

from bookings import calendar, links
from bookings.models import Booking

from .calendar import CANCEL, REQUEST, enclosed, person
from .letters.base import Enclosure, Recipient
from .settings import EmailSettings


def for_client(booking: Booking, client: Recipient, settings: EmailSettings) -> list[Enclosure]:
    """Puts the meeting into the client's calendar, brings the entry up to date, or takes it out."""
    made = calendar.for_client(booking, url=links.manage(booking))
    made.add("ORGANIZER", person(booking.consultant.name, booking.consultant.email))
    made.add("ATTENDEE", coming(client.name, client.address))
    return as_it_stands(made)


def for_consultant(booking: Booking, consultant: Recipient, settings: EmailSettings) -> list[Enclosure]:
    """The same for the consultant. No program lets people accept what they organise themselves: here the firm does."""
    made = calendar.for_consultant(booking)
    made.add("ORGANIZER", person(settings.from_name, settings.from_email))
    made.add("ATTENDEE", coming(consultant.name, consultant.address))
    made.add("ATTENDEE", coming(booking.name, booking.email))
    return as_it_stands(made)


def as_it_stands(made: Event) -> list[Enclosure]:
    method = CANCEL if made.status == "CANCELLED" else REQUEST
    return enclosed(calendar.calendar([made], method=method), method, "consultation.ics")


def coming(name: str, address: str) -> object:
    return person(name, address, PARTSTAT="ACCEPTED", RSVP="FALSE")
