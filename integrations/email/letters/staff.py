"""Letters to our own people."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations import incidents, words
from integrations.errors import Obsolete, Rejected
from integrations.models import Incident

from .base import Letter, Recipient
from .contexts import Context, Link, Moment, told

INCIDENT: dict[str, Any] = {
    "integration": "Odoo ERP",
    "since": datetime(2026, 12, 1, 9, tzinfo=UTC),
    "page_url": Link("https://www.example.com/admin/integrations/"),
}
ADVICE = {
    "en": "What waits is kept and goes out by itself once this is put right. We write again when all is well.",
    "de": "Was wartet, bleibt erhalten und geht von selbst hinaus, sobald das behoben ist. Wir schreiben wieder, wenn "
    "alles läuft.",
}


@dataclass(frozen=True, kw_only=True)
class TestLetterContext(Context):
    samples = {"en": {"name": "Ada Lovelace", "written_at": INCIDENT["since"]}, "de": {"name": "Jana Weber"}}

    name: str | None = told(_("Name of whoever asked for the test"), optional=True)
    written_at: Moment = told(_("When this letter was written"))


class TestLetter(Letter[User]):
    """To whoever asks for it: says nothing but that letters arrive."""

    name = "test_letter"
    label = _("Test letter")
    purpose = _("When an operator asks for it: shows that letters arrive.")
    context_class = TestLetterContext

    @classmethod
    def subjects(cls) -> QuerySet[User]:
        return get_user_model().objects.filter(is_staff=True).exclude(email="").order_by("-pk")

    @classmethod
    def recipient(cls, subject: User, occasion: str) -> Recipient:
        if not subject.email:
            raise Rejected(gettext("This user has no e-mail address."))
        language = translation.get_language() or settings.LANGUAGE_CODE
        return Recipient(address=subject.email, name=subject.get_full_name(), language=language)

    @classmethod
    def context(cls, subject: User, occasion: str) -> TestLetterContext:
        return TestLetterContext(name=subject.get_full_name(), written_at=timezone.now())


@dataclass(frozen=True, kw_only=True)
class IntegrationAlertContext(Context):
    samples = {
        "en": {
            **INCIDENT,
            "problem": "7 of the last 40 calls failed: the server does not answer.",
            "advice": ADVICE["en"],
        },
        "de": {
            "problem": "7 der letzten 40 Aufrufe sind fehlgeschlagen: Der Server antwortet nicht.",
            "advice": ADVICE["de"],
        },
    }

    integration: str = told(_("Which integration it is about"))
    problem: str = told(_("What is wrong"))
    since: Moment = told(_("Since when"))
    page_url: Link = told(_("Where to look at it"), button=_("Look at it"))
    advice: str | None = told(_("What to do, and what happens meanwhile"), optional=True)


class AboutIncident(Letter[Incident]):
    """To staff and ADMINS, one by one: the occasion says to whom, such as "user:12" or "admin:ops@firm.example"."""

    related = ("connection__integration",)

    @classmethod
    def recipient(cls, subject: Incident, occasion: str) -> Recipient:
        kind, _colon, who = occasion.partition(":")
        language = settings.LANGUAGE_CODE
        if kind == "user":
            for user in get_user_model().objects.filter(pk=who, is_active=True, is_staff=True).exclude(email=""):
                return Recipient(address=user.email, name=user.get_full_name(), language=language)
        elif who in [address for _name, address in settings.ADMINS]:
            return Recipient(address=who, language=language)
        raise Obsolete(gettext("This person does not look after integrations any more."))


class IntegrationAlert(AboutIncident):
    name = "integration_alert"
    label = _("Alert")
    purpose = _("When an integration needs somebody to look at it.")
    context_class = IntegrationAlertContext

    @classmethod
    def recipient(cls, subject: Incident, occasion: str) -> Recipient:
        if subject.closed_at:
            raise Obsolete(gettext("It is over."))
        return super().recipient(subject, occasion)

    @classmethod
    def context(cls, subject: Incident, occasion: str) -> IntegrationAlertContext:
        return IntegrationAlertContext(
            integration=whose(subject),
            problem=subject.summary,
            since=subject.opened_at,
            page_url=page_of(subject),
            advice=str(incidents.KINDS[subject.kind].advice),
        )


@dataclass(frozen=True, kw_only=True)
class IntegrationRecoveredContext(Context):
    samples = {"en": {**INCIDENT, "recovered_at": datetime(2026, 12, 1, 9, 42, tzinfo=UTC)}}

    integration: str = told(_("Which integration it is about"))
    since: Moment = told(_("When the trouble began"))
    recovered_at: Moment = told(_("When it was over"))
    page_url: Link = told(_("Where to look at it"), button=_("Look at it"))


class IntegrationRecovered(AboutIncident):
    name = "integration_recovered"
    label = _("All-clear")
    purpose = _("When an integration works again.")
    context_class = IntegrationRecoveredContext

    @classmethod
    def context(cls, subject: Incident, occasion: str) -> IntegrationRecoveredContext:
        if subject.closed_at is None:
            raise Obsolete(gettext("It lasts."))
        return IntegrationRecoveredContext(
            integration=whose(subject),
            since=subject.opened_at,
            recovered_at=subject.closed_at,
            page_url=page_of(subject),
        )


def whose(incident: Incident) -> str:
    """The integration's name, with that of the account where it is a further one."""
    connection = incident.connection
    name = words.service(connection.integration.slug)
    return f"{name}, {connection.owner}" if connection.owner else name


def page_of(incident: Incident) -> Link:
    return Link(f"{settings.SITE_URL.rstrip('/')}{incidents.page_of(incident)}")
