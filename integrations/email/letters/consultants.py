"""Letters about consultations, to the consultant: in their language, by their clock."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings as django_settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from bookings.calendar import place
from bookings.models import Booking
from bookings.models.booking import Status
from integrations.email import meetings
from integrations.email.settings import EmailSettings

from .base import Enclosure, Recipient, harmless
from .bookings import MEETING, SAMPLE, AboutBooking, days_until, expect_ahead, expect_start, former_start
from .contexts import Context, DaysAhead, Link, Moment, Paragraphs, told

ABOUT: dict[str, dict[str, Any]] = {
    "en": {
        **SAMPLE["en"],
        "client_email": "ada@example.com",
        "client_phone": "+44 20 7946 0018",
        "client_company": "Analytical Engines Ltd",
        "client_message": Paragraphs("Could we talk about the engine?\nI bring the drawings."),
    },
    "de": {
        **SAMPLE["de"],
        "client_email": "jana@example.com",
        "client_phone": "+49 30 901820",
        "client_company": "Weber & Söhne",
        "client_message": Paragraphs("Es geht um unsere Maschine.\nDie Pläne bringe ich mit."),
    },
}


@dataclass(frozen=True, kw_only=True)
class ConsultantContext(Context):
    samples = {**ABOUT, "en": {**ABOUT["en"], **MEETING}}

    consultant_name: str = told(_("Name of the consultant"))
    client_name: str = told(_("Name of the client"))
    client_email: str = told(_("The client's e-mail address"))
    client_phone: str | None = told(_("The client's phone number"), optional=True)
    client_company: str | None = told(_("The client's company"), optional=True)
    client_message: Paragraphs | None = told(_("What the client wrote"), optional=True)
    datetime: Moment = told(_("When the consultation begins, in the consultant's time zone"))
    timezone: str = told(_("The consultant's time zone"))
    duration: int = told(_("How many minutes it takes"))
    meeting: str = told(_("How or where they meet"))
    reference: str = told(_("The booking's reference"))
    meeting_url: Link | None = told(
        _("Address of the video meeting; empty where there is none"), button=_("Join the meeting"), optional=True
    )


class ToConsultant(AboutBooking):
    context_class = ConsultantContext

    @classmethod
    def reader(cls, subject: Booking) -> Recipient:
        consultant = subject.consultant
        return Recipient(
            address=consultant.email,
            name=harmless(consultant.name),
            language=consultant.language or django_settings.LANGUAGE_CODE,
            zone=consultant.zone,
        )

    @classmethod
    def recipient(cls, subject: Booking, occasion: str) -> Recipient:
        expect_start(occasion, subject)
        return super().recipient(subject, occasion)

    @classmethod
    def values(cls, subject: Booking) -> dict[str, Any]:
        return {
            **super().values(subject),
            "client_name": subject.name,
            "client_email": subject.email,
            "client_phone": subject.phone,
            "client_company": subject.company,
            "client_message": Paragraphs(subject.message),
            "meeting": place(subject, called=False),
            "meeting_url": Link(subject.meeting_url),
        }

    @classmethod
    def context(cls, subject: Booking, occasion: str) -> Context:
        return cls.context_class(**cls.values(subject))


@dataclass(frozen=True, kw_only=True)
class ConsultantRequestContext(ConsultantContext):
    samples = {**ABOUT, "en": {**ABOUT["en"], "page_url": Link("https://www.example.com/admin/bookings/booking/1/")}}

    page_url: Link = told(_("The booking's page in the admin"), button=_("Look at it"))


class ConsultantRequest(ToConsultant):
    name = "consultant_request"
    label = _("To the consultant: booking requested")
    purpose = _("When somebody asks for a consultation that has to be confirmed first.")
    context_class = ConsultantRequestContext
    statuses = frozenset({Status.PENDING})

    @classmethod
    def context(cls, subject: Booking, occasion: str) -> Context:
        page = f"{django_settings.SITE_URL}{reverse('admin:bookings_booking_change', args=[subject.pk])}"
        return ConsultantRequestContext(**cls.values(subject), page_url=Link(page))


class ConsultantBooking(ToConsultant):
    name = "consultant_booking"
    label = _("To the consultant: booked")
    purpose = _("When a consultation is booked.")

    @classmethod
    def enclosures(cls, subject: Booking, settings: EmailSettings) -> list[Enclosure]:
        return meetings.for_consultant(subject, cls.reader(subject), settings)


@dataclass(frozen=True, kw_only=True)
class ConsultantMovedContext(ConsultantContext):
    samples = {**ABOUT, "en": {**ABOUT["en"], **MEETING, "old_datetime": datetime(2026, 11, 30, 13, 30, tzinfo=UTC)}}

    old_datetime: Moment | None = told(_("When the consultation was to begin before"), optional=True)


class ConsultantMoved(ConsultantBooking):
    name = "consultant_moved"
    label = _("To the consultant: moved")
    purpose = _("When a consultation has a new time.")
    context_class = ConsultantMovedContext

    @classmethod
    def context(cls, subject: Booking, occasion: str) -> Context:
        return ConsultantMovedContext(**cls.values(subject), old_datetime=former_start(occasion, subject))


class ConsultantCancelled(ToConsultant):
    name = "consultant_cancelled"
    label = _("To the consultant: cancelled")
    purpose = _("When a consultation is cancelled.")
    statuses = frozenset({Status.CANCELLED})

    @classmethod
    def enclosures(cls, subject: Booking, settings: EmailSettings) -> list[Enclosure]:
        """What was never agreed is in no calendar."""
        return meetings.for_consultant(subject, cls.reader(subject), settings) if subject.confirmed_at else []


@dataclass(frozen=True, kw_only=True)
class ConsultantReminderContext(ConsultantContext):
    samples = {**ABOUT, "en": {**ABOUT["en"], **MEETING, "when": DaysAhead(1)}}

    when: DaysAhead = told(_("How soon it begins, such as “in 2 days” or “tomorrow”"))


class ConsultantReminder(ToConsultant):
    name = "consultant_reminder"
    label = _("To the consultant: reminder")
    purpose = _("Some time before a consultation begins.")
    context_class = ConsultantReminderContext
    queue = "bulk"

    @classmethod
    def recipient(cls, subject: Booking, occasion: str) -> Recipient:
        expect_ahead(subject)
        return super().recipient(subject, occasion)

    @classmethod
    def context(cls, subject: Booking, occasion: str) -> Context:
        return ConsultantReminderContext(**cls.values(subject), when=days_until(subject))
