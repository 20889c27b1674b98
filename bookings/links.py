"""The links of a booking: whoever holds one may see, move and cancel it, or book what is held, without logging in.

A token is a signature and what it is about; no address is in it. That of a booking holds for as long as we know the
person. That of a hold says all that its form is about: the row itself may be gone when somebody types slowly.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import translation

from bookings.models import Booking, Consultant
from leads.links import FALLBACK


@dataclass(frozen=True, slots=True)
class Choice:
    """The time that a visitor chose; `anybody`: and not the consultant. `start` is aware, UTC."""

    held: UUID
    slug: str
    start: datetime
    minutes: int
    anybody: bool = False

    def hold(self, consultant: Consultant) -> Booking | None:
        """The row that keeps it, or what became of that row."""
        return Booking.objects.select_related("consultant").filter(uuid=self.held, consultant=consultant).first()


def manage(booking: Booking) -> str:
    """Absolute, in the language of the booking: its page."""
    return _link("bookings:meeting", booking)


def move(booking: Booking) -> str:
    """Absolute, in the language of the booking: where another time is chosen."""
    return _link("bookings:move", booking)


def calendar(booking: Booking) -> str:
    """Absolute: the meeting as a file for calendars."""
    return _link("bookings:calendar", booking)


def opened(token: str) -> Booking:
    """The booking with `consultant` and `lead`, forgotten or not. Raises BadSignature for a token not of us."""
    rows = Booking.objects.select_related("consultant", "lead").exclude(lead=None)
    booking = rows.filter(uuid=_signer("meeting").unsign(token)).first()
    if booking is None:
        raise BadSignature
    return booking


def token_of(booking: Booking) -> str:
    return _signer("meeting").sign(booking.uuid.hex)


def token_of_hold(held: Booking, *, anybody: bool = False) -> str:
    """`anybody`: the visitor did not mind whom to meet."""
    minutes = int(held.length.total_seconds() // 60)
    parts = [held.uuid.hex, held.consultant.slug, int(held.starts_at.timestamp()), minutes, int(anybody)]
    return _signer("hold").sign_object(parts)


def chosen(token: str) -> Choice:
    """What a hold was made for. Raises BadSignature for a token not of us."""
    held, slug, start, minutes, anybody = _signer("hold").unsign_object(token)
    return Choice(UUID(held), slug, datetime.fromtimestamp(start, UTC), minutes, bool(anybody))


def _link(page: str, booking: Booking) -> str:
    language = booking.language or (booking.lead.language if booking.lead else "")
    with translation.override(language or FALLBACK):
        return f"{settings.SITE_URL}{reverse(page, args=[token_of(booking)])}"


def _signer(purpose: str) -> Signer:
    """A token of one purpose means nothing to the other. Not made at import: what lacks a key must come as far as the
    check that says so."""
    return Signer(salt=f"bookings.{purpose}", sep=".")
