"""Letters to our own people about incidents."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations import alarm, incidents
from integrations.errors import Obsolete
from integrations.models import Incident

from .base import Letter, Recipient
from .contexts import Context, Link, Moment, Paragraphs, told

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
        if kind == "user":
            for user in get_user_model().objects.filter(pk=who, is_active=True, is_staff=True).exclude(email=""):
                return Recipient(address=user.email, name=user.get_full_name(), language=alarm.language_of(user))
        elif who in [address for _name, address in settings.ADMINS]:
            return Recipient(address=who, language=settings.LANGUAGE_CODE)
        raise Obsolete(gettext("This person does not look after integrations any more."))


class IntegrationAlert(AboutIncident):
    name = alarm.ALERT
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
        return IntegrationAlertContext(**cls.facts(subject))

    @classmethod
    def facts(cls, subject: Incident) -> dict[str, Any]:
        return {
            "integration": alarm.whose(subject),
            "problem": subject.summary,
            "since": subject.opened_at,
            "page_url": page_of(subject),
            "advice": str(incidents.KINDS[subject.kind].advice),
        }


@dataclass(frozen=True, kw_only=True)
class IntegrationEscalatedContext(IntegrationAlertContext):
    lasts: str = told(_("For how long already"))

    samples = {
        "en": {**IntegrationAlertContext.samples["en"], "lasts": "35 minutes"},
        "de": {**IntegrationAlertContext.samples["de"], "lasts": "35 Minuten"},
    }


class IntegrationEscalated(IntegrationAlert):
    name = alarm.ESCALATION
    label = _("Escalation")
    purpose = _("When nobody has taken note of an alert for a while.")
    context_class = IntegrationEscalatedContext

    @classmethod
    def recipient(cls, subject: Incident, occasion: str) -> Recipient:
        if subject.acknowledged_at:
            raise Obsolete(gettext("Somebody has taken note of it."))
        return super().recipient(subject, occasion)

    @classmethod
    def context(cls, subject: Incident, occasion: str) -> IntegrationEscalatedContext:
        return IntegrationEscalatedContext(**cls.facts(subject), lasts=alarm.lasted(subject))


@dataclass(frozen=True, kw_only=True)
class IntegrationRecoveredContext(Context):
    samples = {
        "en": {
            **INCIDENT,
            "recovered_at": datetime(2026, 12, 1, 9, 42, tzinfo=UTC),
            "lasted": "42 minutes",
            "waited": Paragraphs("Leads to Odoo, waited: 120\nRegistrations to Odoo, waited: 8"),
        },
        "de": {
            "lasted": "42 Minuten",
            "waited": Paragraphs("Leads an Odoo, gewartet: 120\nAnmeldungen an Odoo, gewartet: 8"),
        },
    }

    integration: str = told(_("Which integration it is about"))
    since: Moment = told(_("When the trouble began"))
    recovered_at: Moment = told(_("When it was over"))
    lasted: str = told(_("How long it lasted"))
    waited: Paragraphs | None = told(_("What waited or failed meanwhile"), optional=True)
    page_url: Link = told(_("Where to look at it"), button=_("Look at it"))


class IntegrationRecovered(AboutIncident):
    name = alarm.ALL_CLEAR
    label = _("All-clear")
    purpose = _("When an integration works again.")
    context_class = IntegrationRecoveredContext

    @classmethod
    def context(cls, subject: Incident, occasion: str) -> IntegrationRecoveredContext:
        if subject.closed_at is None:
            raise Obsolete(gettext("It lasts."))
        return IntegrationRecoveredContext(
            integration=alarm.whose(subject),
            since=subject.opened_at,
            recovered_at=subject.closed_at,
            lasted=alarm.lasted(subject),
            waited=Paragraphs("\n".join(alarm.what_waited(subject))),
            page_url=page_of(subject),
        )


def page_of(incident: Incident) -> Link:
    return Link(f"{settings.SITE_URL.rstrip('/')}{incidents.page_of(incident)}")
