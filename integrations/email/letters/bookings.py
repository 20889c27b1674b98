"""Letters about consultations."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from .base import Letter
from .contexts import Context, Link, Moment, told

SAMPLE: dict[str, dict[str, Any]] = {
    "en": {
        "client_name": "Ada Lovelace",
        "consultant_name": "Charles Babbage",
        "datetime": datetime(2026, 12, 1, 9, tzinfo=UTC),
        "timezone": "Europe/Berlin",
        "duration": 30,
        "reference": "B-2026-0417",
    },
    "de": {"client_name": "Jana Weber", "consultant_name": "Dr. Max Schröder"},
}
MEETING = {"meeting_url": Link("https://meet.example.com/abc-defg-hij")}


@dataclass(frozen=True, kw_only=True)
class BookingContext(Context):
    client_name: str | None = told(_("Name of the client"), optional=True)
    consultant_name: str = told(_("Name of the consultant"))
    datetime: Moment = told(_("When the consultation begins, in the client's time zone"))
    timezone: str = told(_("The client's time zone"))
    duration: int = told(_("How many minutes it takes"))
    reference: str = told(_("The booking's reference"))


@dataclass(frozen=True, kw_only=True)
class BookingConfirmationContext(BookingContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], **MEETING}}

    meeting_url: Link | None = told(
        _("Address of the video meeting; empty where there is none"), button=_("Join the meeting"), optional=True
    )


class BookingConfirmation(Letter[Any]):
    name = "booking_confirmation"
    label = _("Booking confirmation")
    purpose = _("When a consultation is booked.")
    context_class = BookingConfirmationContext


@dataclass(frozen=True, kw_only=True)
class BookingMovedContext(BookingConfirmationContext):
    samples = {
        **SAMPLE,
        "en": {**SAMPLE["en"], **MEETING, "old_datetime": datetime(2026, 11, 30, 13, 30, tzinfo=UTC)},
    }

    old_datetime: Moment = told(_("When the consultation was to begin before"))


class BookingMoved(Letter[Any]):
    name = "booking_moved"
    label = _("Booking moved")
    purpose = _("When a consultation has a new time.")
    context_class = BookingMovedContext


@dataclass(frozen=True, kw_only=True)
class BookingCancelledContext(BookingContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], "booking_url": Link("https://www.example.com/en/book/")}}

    booking_url: Link | None = told(
        _("Where the client can choose another time"), button=_("Choose another time"), optional=True
    )


class BookingCancelled(Letter[Any]):
    name = "booking_cancelled"
    label = _("Booking cancelled")
    purpose = _("When a consultation is cancelled.")
    context_class = BookingCancelledContext
