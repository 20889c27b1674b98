"""What Google's calendars are told of, fact by fact."""

from collections.abc import Sequence

from django.dispatch import receiver

from bookings.models import Booking
from bookings.signals import (
    bookings_cancelled,
    bookings_changed,
    bookings_confirmed,
    bookings_forgotten,
    bookings_moved,
    bookings_put_back,
    bookings_troubled,
)
from integrations import outbox

from . import matters
from .service import GoogleCalendarService


@receiver([bookings_confirmed, bookings_moved, bookings_changed, bookings_cancelled, bookings_forgotten])
def keep_bookings_in_step(sender: type[Booking], bookings: Sequence[Booking], **kwargs: object) -> None:
    outbox.keep_in_sync(GoogleCalendarService.push_bookings, bookings, owner=GoogleCalendarService.owner_of)


@receiver(bookings_put_back)
def put_bookings_back(sender: type[Booking], bookings: Sequence[Booking], **kwargs: object) -> None:
    outbox.keep_in_sync(GoogleCalendarService.put_bookings_back, bookings, owner=GoogleCalendarService.owner_of)


@receiver(bookings_troubled)
def tell_of_changes(sender: type[Booking], bookings: Sequence[Booking], **kwargs: object) -> None:
    matters.tell(bookings)
