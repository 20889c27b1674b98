"""Letters about consultations, to the client."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, ClassVar

from django.conf import settings as django_settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings import links
from bookings.calendar import place
from bookings.models import Booking
from bookings.models.booking import Status
from integrations.email import meetings
from integrations.email.settings import EmailSettings
from integrations.errors import Obsolete

from .base import Enclosure, Letter, Recipient, harmless
from .contexts import Context, DaysAhead, Link, Moment, told

SAMPLE: dict[str, dict[str, Any]] = {
    "en": {
        "client_name": "Ada Lovelace",
        "consultant_name": "Charles Babbage",
        "datetime": datetime(2026, 12, 1, 9, tzinfo=UTC),
        "timezone": "Europe/Berlin",
        "duration": 30,
        "meeting": "Video call",
        "reference": "VLT-20261124-7KQX",
    },
    "de": {"client_name": "Jana Weber", "consultant_name": "Dr. Max Schröder", "meeting": "Videogespräch"},
}
MEETING = {"meeting_url": Link("https://meet.example.com/abc-defg-hij")}
OWN = {"manage_url": Link("https://www.example.com/en/book/meeting/sample/")}
WAY_IN = {**SAMPLE, "en": {**SAMPLE["en"], **MEETING, **OWN}}


@dataclass(frozen=True, kw_only=True)
class BookingContext(Context):
    client_name: str | None = told(_("Name of the client"), optional=True)
    consultant_name: str = told(_("Name of the consultant"))
    datetime: Moment = told(_("When the consultation begins, in the client's time zone"))
    timezone: str = told(_("The client's time zone"))
    duration: int = told(_("How many minutes it takes"))
    meeting: str = told(_("How or where they meet"))
    reference: str = told(_("The booking's reference"))


class AboutBooking(Letter[Booking]):
    """`statuses` are those in which somebody wants the letter."""

    related = ("consultant", "lead")
    statuses: ClassVar[frozenset[str]] = frozenset({Status.CONFIRMED})

    @classmethod
    def subjects(cls) -> QuerySet[Booking]:
        wanted = Booking.objects.filter(status__in=cls.statuses, starts_at__gt=timezone.now())
        return wanted.exclude(lead=None).select_related(*cls.related).order_by("-pk")

    @classmethod
    def reader(cls, subject: Booking) -> Recipient:
        """The client, as they told us when they booked; their clock, or the consultant's."""
        language = subject.language or (subject.lead.language if subject.lead else "")
        return Recipient(
            address=subject.email,
            name=harmless(subject.name),
            language=language,
            zone=subject.zone or subject.consultant.zone,
            lead=subject.lead,
        )

    @classmethod
    def recipient(cls, subject: Booking, occasion: str) -> Recipient:
        if subject.is_forgotten or subject.lead is None or subject.lead.is_forgotten:
            raise Obsolete(gettext("This person was forgotten."))
        if subject.status not in cls.statuses:
            raise Obsolete(gettext("This booking is in another state by now."))
        if subject.ends_at <= timezone.now():
            raise Obsolete(gettext("This consultation is over."))
        return cls.reader(subject)

    @classmethod
    def values(cls, subject: Booking) -> dict[str, Any]:
        """What all of them tell."""
        return {
            "client_name": harmless(subject.name),
            "consultant_name": subject.consultant.name,
            "datetime": subject.starts_at,
            "timezone": timezone.get_current_timezone_name(),
            "duration": int(subject.length.total_seconds() // 60),
            "meeting": place(subject),
            "reference": subject.reference,
        }

    @classmethod
    def way_in(cls, subject: Booking) -> dict[str, Any]:
        """Where they meet, and where the client moves or cancels it."""
        return {"meeting_url": Link(subject.meeting_url), "manage_url": Link(links.manage(subject))}


def of_start(number: int, booking: Booking, before: datetime | None = None) -> str:
    """The occasion of a letter about one start (and what it was `before`): of no use once it was moved again."""
    former = f">{before.astimezone(UTC).isoformat()}" if before else ""
    return f"{number}:{booking.starts_at.astimezone(UTC).isoformat()}{former}"


def expect_start(occasion: str, booking: Booking) -> None:
    """Raises Obsolete. A preview has no occasion."""
    start = occasion.partition("|")[0].partition(":")[2].partition(">")[0]
    if start and datetime.fromisoformat(start) != booking.starts_at:
        raise Obsolete(gettext("The consultation was moved meanwhile."))


def former_start(occasion: str, booking: Booking) -> datetime | None:
    """None where it is not known, or the same: a meeting may only have become longer."""
    former = occasion.partition("|")[0].partition(">")[2]
    moment = datetime.fromisoformat(former) if former else None
    return moment if moment != booking.starts_at else None


@dataclass(frozen=True, kw_only=True)
class BookingRequestedContext(BookingContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], **OWN}}

    manage_url: Link = told(_("Where the booking can be moved or cancelled"), button=_("Move or cancel"))


class BookingRequested(AboutBooking):
    name = "booking_requested"
    label = _("Booking requested")
    purpose = _("When somebody asks for a consultation that has to be confirmed first.")
    context_class = BookingRequestedContext
    statuses = frozenset({Status.PENDING})

    @classmethod
    def recipient(cls, subject: Booking, occasion: str) -> Recipient:
        expect_start(occasion, subject)
        return super().recipient(subject, occasion)

    @classmethod
    def context(cls, subject: Booking, occasion: str) -> Context:
        return BookingRequestedContext(**cls.values(subject), manage_url=Link(links.manage(subject)))


@dataclass(frozen=True, kw_only=True)
class BookingConfirmationContext(BookingRequestedContext):
    samples = WAY_IN

    meeting_url: Link | None = told(
        _("Address of the video meeting; empty where there is none"), button=_("Join the meeting"), optional=True
    )


class BookingConfirmation(AboutBooking):
    name = "booking_confirmation"
    label = _("Booking confirmation")
    purpose = _("When a consultation is booked.")
    context_class: ClassVar[type[Context]] = BookingConfirmationContext

    @classmethod
    def recipient(cls, subject: Booking, occasion: str) -> Recipient:
        expect_start(occasion, subject)
        return super().recipient(subject, occasion)

    @classmethod
    def context(cls, subject: Booking, occasion: str) -> Context:
        return BookingConfirmationContext(**cls.values(subject), **cls.way_in(subject))

    @classmethod
    def enclosures(cls, subject: Booking, settings: EmailSettings) -> list[Enclosure]:
        return meetings.for_client(subject, cls.reader(subject), settings)


@dataclass(frozen=True, kw_only=True)
class BookingMeetingLinkContext(BookingConfirmationContext):
    samples = WAY_IN

    meeting_url: Link = told(_("Address of the video meeting"), button=_("Join the meeting"))


class BookingMeetingLink(BookingConfirmation):
    """The occasion is the link's `link_digest`."""

    name = "booking_meeting_link"
    label = _("Meeting link")
    purpose = _("When the link of a video meeting is known after its confirmation was sent.")
    context_class = BookingMeetingLinkContext

    @classmethod
    def subjects(cls) -> QuerySet[Booking]:
        return super().subjects().exclude(meeting_url="")

    @classmethod
    def recipient(cls, subject: Booking, occasion: str) -> Recipient:
        found = super().recipient(subject, "")
        meant = occasion.partition("|")[0]
        if not subject.meeting_url or (meant and meant != link_digest(subject)):
            raise Obsolete(gettext("They meet elsewhere by now."))
        return found

    @classmethod
    def context(cls, subject: Booking, occasion: str) -> Context:
        return BookingMeetingLinkContext(**cls.values(subject), **cls.way_in(subject))


def link_digest(booking: Booking) -> str:
    """Names the link where it must not be told."""
    return sha256(booking.meeting_url.encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class BookingMovedContext(BookingConfirmationContext):
    samples = {**SAMPLE, "en": {**WAY_IN["en"], "old_datetime": datetime(2026, 11, 30, 13, 30, tzinfo=UTC)}}

    old_datetime: Moment | None = told(_("When the consultation was to begin before"), optional=True)


class BookingMoved(BookingConfirmation):
    name = "booking_moved"
    label = _("Booking moved")
    purpose = _("When a consultation has a new time.")
    context_class = BookingMovedContext

    @classmethod
    def context(cls, subject: Booking, occasion: str) -> Context:
        former = former_start(occasion, subject)
        return BookingMovedContext(**cls.values(subject), **cls.way_in(subject), old_datetime=former)


@dataclass(frozen=True, kw_only=True)
class BookingReminderContext(BookingConfirmationContext):
    samples = {**SAMPLE, "en": {**WAY_IN["en"], "when": DaysAhead(1)}}

    when: DaysAhead = told(_("How soon it begins, such as “in 2 days” or “tomorrow”"))


def days_until(booking: Booking) -> DaysAhead:
    """By the reader's calendar."""
    return DaysAhead((timezone.localdate(booking.starts_at) - timezone.localdate()).days)


def expect_ahead(booking: Booking) -> None:
    """Raises Obsolete once it began."""
    if booking.starts_at <= timezone.now():
        raise Obsolete(gettext("The consultation has started."))


class BookingReminder(AboutBooking):
    name = "booking_reminder"
    label = _("Booking reminder")
    purpose = _("Some time before a consultation begins.")
    context_class = BookingReminderContext
    queue = "bulk"

    @classmethod
    def recipient(cls, subject: Booking, occasion: str) -> Recipient:
        expect_start(occasion, subject)
        expect_ahead(subject)
        return super().recipient(subject, occasion)

    @classmethod
    def context(cls, subject: Booking, occasion: str) -> Context:
        return BookingReminderContext(**cls.values(subject), **cls.way_in(subject), when=days_until(subject))


@dataclass(frozen=True, kw_only=True)
class BookingCancelledContext(BookingContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], "booking_url": Link("https://www.example.com/en/book/")}}

    booking_url: Link | None = told(
        _("Where the client can choose another time"), button=_("Choose another time"), optional=True
    )


class BookingCancelled(AboutBooking):
    name = "booking_cancelled"
    label = _("Booking cancelled")
    purpose = _("When a consultation is cancelled.")
    context_class = BookingCancelledContext
    statuses = frozenset({Status.CANCELLED})

    @classmethod
    def context(cls, subject: Booking, occasion: str) -> Context:
        again = Link(f"{django_settings.SITE_URL}{reverse('bookings:list')}")
        return BookingCancelledContext(**cls.values(subject), booking_url=again)

    @classmethod
    def enclosures(cls, subject: Booking, settings: EmailSettings) -> list[Enclosure]:
        """What was never agreed is in no calendar."""
        return meetings.for_client(subject, cls.reader(subject), settings) if subject.confirmed_at else []
