"""What the entry of a booking is called in a calendar, and which booking such a name is of."""

import binascii
import uuid
from base64 import b32hexdecode

from bookings.calendar import id_of, uid_of
from bookings.models import Booking

LETTERS = 26  # of the name: a uuid's 128 bits, five at a time


def event_id(booking: Booking) -> str:
    """Ours to choose: who inserts the same booking twice is told that it is there."""
    return id_of(booking)


def ical_uid(booking: Booking) -> str:
    """The same entry's name in the calendars of guests, and in our letters."""
    return uid_of(booking)


def uuid_of(entry: str) -> uuid.UUID | None:
    """Of the booking that an entry would be of, were it one of ours; None where no name of ours looks like that."""
    if len(entry) != LETTERS:
        return None
    try:
        found = uuid.UUID(bytes=b32hexdecode(entry.upper().encode() + b"======"))
    except (binascii.Error, ValueError):
        return None
    return found if id_of(Booking(uuid=found)) == entry else None


def conference_request(booking: Booking, number: int = 1) -> str:
    """Google makes one conference for each of these; one that failed is asked for under the next number."""
    return f"booking-{booking.uuid}" if number == 1 else f"booking-{booking.uuid}-{number}"
