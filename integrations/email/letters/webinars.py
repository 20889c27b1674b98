"""Letters about webinars, to whoever registered."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.conf import settings as django_settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.email import calendar
from integrations.email.settings import EmailSettings
from integrations.errors import Obsolete
from webinars import links
from webinars.models import Registration, Session
from webinars.models.registration import OPEN, Status

from .base import Enclosure, Letter, Recipient, harmless
from .contexts import Context, DaysAhead, Link, Moment, told

SAMPLE: dict[str, dict[str, Any]] = {
    "en": {
        "client_name": "Ada Lovelace",
        "webinar_title": "Energy storage for small businesses",
        "datetime": datetime(2026, 12, 1, 9, tzinfo=UTC),
        "timezone": "Europe/Berlin",
        "duration": 60,
    },
    "de": {"client_name": "Jana Weber", "webinar_title": "Stromspeicher für kleine Betriebe"},
}
JOIN = {"join_url": Link("https://meet.example.com/abc-defg-hij")}
OWN = {"manage_url": Link("https://www.example.com/en/webinars/registration/sample/")}
ALL = {"webinars_url": Link("https://www.example.com/en/webinars/")}


@dataclass(frozen=True, kw_only=True)
class WebinarContext(Context):
    client_name: str | None = told(_("Name of the participant"), optional=True)
    webinar_title: str = told(_("Title of the webinar"))
    datetime: Moment = told(_("When the webinar begins, in the participant's time zone"))
    timezone: str = told(_("The participant's time zone"))
    duration: int = told(_("How many minutes it takes"))


class AboutRegistration(Letter[Registration]):
    """`statuses` are those in which somebody wants the letter."""

    related = ("session__topic", "lead")
    statuses: ClassVar[frozenset[str]] = frozenset({Status.CONFIRMED})
    session_statuses: ClassVar[frozenset[str]] = frozenset({Session.Status.PUBLISHED})

    @classmethod
    def subjects(cls) -> QuerySet[Registration]:
        wanted = Registration.objects.filter(status__in=cls.statuses, session__status__in=cls.session_statuses)
        return wanted.filter(session__starts_at__gt=timezone.now()).select_related(*cls.related).order_by("-pk")

    @classmethod
    def recipient(cls, subject: Registration, occasion: str) -> Recipient:
        if subject.is_forgotten or subject.lead.is_forgotten:
            raise Obsolete(gettext("This person was forgotten."))
        if subject.status not in cls.statuses or subject.session.status not in cls.session_statuses:
            raise Obsolete(gettext("This registration is in another state by now."))
        if not took_place(subject.session) and subject.session.ends_at <= timezone.now():
            raise Obsolete(gettext("This webinar is over."))
        if subject.held_until:
            expect_held(subject)
        return reader(subject)

    @classmethod
    def values(cls, subject: Registration) -> dict[str, Any]:
        """What all of them tell."""
        return {
            "client_name": reader(subject).name,
            "webinar_title": subject.session.topic.title,
            "datetime": subject.session.starts_at,
            "timezone": timezone.get_current_timezone_name(),
            "duration": subject.session.duration_minutes,
        }

    @classmethod
    def way_in(cls, subject: Registration) -> dict[str, Any]:
        """Where it takes place, for who has a seat, and where one says that one does not come. Neither afterwards."""
        if took_place(subject.session):
            return {"join_url": Link(""), "manage_url": Link("")}
        place = subject.session.meeting_url if subject.status == Status.CONFIRMED else ""
        return {"join_url": Link(place), "manage_url": Link(links.manage(subject))}


def took_place(session: Session) -> bool:
    return session.status == Session.Status.COMPLETED


def reader(registration: Registration) -> Recipient:
    """Whoever registered, as they told us then; their clock, or the session's."""
    return Recipient(
        address=registration.email,
        name=harmless(registration.name),
        language=registration.language or registration.lead.language,
        zone=registration.zone or registration.session.zone,
        lead=registration.lead,
    )


def of_start(number: int, session: Session) -> str:
    """The occasion of a letter about one start: it is of no use once the session was moved again."""
    return f"{number}:{session.starts_at.astimezone(UTC).isoformat()}"


def expect_start(occasion: str, session: Session) -> None:
    """Raises Obsolete. A preview has no occasion."""
    start = occasion.partition("|")[0].partition(":")[2]
    if start and datetime.fromisoformat(start) != session.starts_at:
        raise Obsolete(gettext("The webinar was moved meanwhile."))


def expect_held(registration: Registration) -> None:
    """Raises Obsolete once the seat may go to the next in line."""
    if registration.held_until is None or registration.held_until <= timezone.now():
        raise Obsolete(gettext("The time for taking this seat is over."))


@dataclass(frozen=True, kw_only=True)
class WebinarRegistrationContext(WebinarContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], **JOIN, **OWN}}

    join_url: Link | None = told(
        _("Where the webinar takes place; empty as long as nobody knows"), button=_("Join the webinar"), optional=True
    )
    manage_url: Link = told(_("Where the registration can be changed or cancelled"), button=_("Change or cancel"))


class WebinarRegistration(AboutRegistration):
    name = "webinar_registration"
    label = _("Webinar registration")
    purpose = _("When somebody registers for a webinar.")
    context_class = WebinarRegistrationContext

    @classmethod
    def context(cls, subject: Registration, occasion: str) -> Context:
        return WebinarRegistrationContext(**cls.values(subject), **cls.way_in(subject))

    @classmethod
    def enclosures(cls, subject: Registration, settings: EmailSettings) -> list[Enclosure]:
        return calendar.invitation(subject, reader(subject), settings)


class WebinarMoved(WebinarRegistration):
    """Also to who has no seat yet: they chose a time, too."""

    name = "webinar_moved"
    label = _("Webinar moved")
    purpose = _("When a webinar takes place at another time.")
    statuses = OPEN

    @classmethod
    def recipient(cls, subject: Registration, occasion: str) -> Recipient:
        expect_start(occasion, subject.session)
        return super().recipient(subject, occasion)

    @classmethod
    def enclosures(cls, subject: Registration, settings: EmailSettings) -> list[Enclosure]:
        return super().enclosures(subject, settings) if subject.status == Status.CONFIRMED else []


@dataclass(frozen=True, kw_only=True)
class WebinarReminderContext(WebinarRegistrationContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], **JOIN, **OWN, "when": DaysAhead(2)}}

    when: DaysAhead = told(_("How soon it begins, such as “in 2 days” or “tomorrow”"))


class WebinarReminder(AboutRegistration):
    name = "webinar_reminder"
    label = _("Webinar reminder")
    purpose = _("Some days before a webinar begins.")
    context_class = WebinarReminderContext
    queue = "bulk"

    @classmethod
    def recipient(cls, subject: Registration, occasion: str) -> Recipient:
        expect_start(occasion, subject.session)
        if subject.session.starts_at <= timezone.now():
            raise Obsolete(gettext("The webinar has started."))
        return super().recipient(subject, occasion)

    @classmethod
    def context(cls, subject: Registration, occasion: str) -> Context:
        begins = timezone.localdate(subject.session.starts_at)
        when = DaysAhead((begins - timezone.localdate()).days)
        return WebinarReminderContext(**cls.values(subject), **cls.way_in(subject), when=when)


@dataclass(frozen=True, kw_only=True)
class RegistrationCancelledContext(WebinarContext):
    samples = {
        "en": {**SAMPLE["en"], **ALL, "reason": "The webinar does not take place."},
        "de": {**SAMPLE["de"], "reason": "das Webinar findet nicht statt."},
    }

    reason: str | None = told(_("Why; empty where the participant cancelled"), optional=True)
    webinars_url: Link | None = told(_("Our webinars"), button=_("See our webinars"), optional=True)


class RegistrationCancelled(AboutRegistration):
    name = "registration_cancelled"
    label = _("Registration cancelled")
    purpose = _("When a registration is cancelled.")
    context_class = RegistrationCancelledContext
    statuses = frozenset({Status.CANCELLED})
    session_statuses = frozenset(Session.Status) - {Session.Status.COMPLETED}

    @classmethod
    def context(cls, subject: Registration, occasion: str) -> Context:
        all_of_them = Link(f"{django_settings.SITE_URL}{reverse('webinars:list')}")
        is_off = subject.session.status == Session.Status.CANCELLED
        reason = gettext("The webinar does not take place.") if is_off else ""
        return RegistrationCancelledContext(**cls.values(subject), reason=reason, webinars_url=all_of_them)

    @classmethod
    def enclosures(cls, subject: Registration, settings: EmailSettings) -> list[Enclosure]:
        """Whoever never had a seat has no entry."""
        return calendar.cancellation(subject, reader(subject), settings) if subject.confirmed_at else []
