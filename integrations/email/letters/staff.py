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

from integrations.errors import Rejected

from .base import Letter, Recipient
from .contexts import Context, Link, Moment, told

INCIDENT: dict[str, Any] = {
    "integration": "Odoo ERP",
    "since": datetime(2026, 12, 1, 9, tzinfo=UTC),
    "page_url": Link("https://www.example.com/admin/integrations/"),
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
        "en": {**INCIDENT, "problem": "7 of the last 40 calls failed: the server does not answer."},
        "de": {"problem": "7 der letzten 40 Aufrufe sind fehlgeschlagen: Der Server antwortet nicht."},
    }

    integration: str = told(_("Which integration it is about"))
    problem: str = told(_("What is wrong"))
    since: Moment = told(_("Since when"))
    page_url: Link = told(_("The integration's page"), button=_("Look at it"))


class IntegrationAlert(Letter[Any]):
    name = "integration_alert"
    label = _("Alert")
    purpose = _("When an integration needs somebody to look at it.")
    context_class = IntegrationAlertContext


@dataclass(frozen=True, kw_only=True)
class IntegrationRecoveredContext(Context):
    samples = {"en": {**INCIDENT, "recovered_at": datetime(2026, 12, 1, 9, 42, tzinfo=UTC)}}

    integration: str = told(_("Which integration it is about"))
    since: Moment = told(_("When the trouble began"))
    recovered_at: Moment = told(_("When it was over"))
    page_url: Link = told(_("The integration's page"), button=_("Look at it"))


class IntegrationRecovered(Letter[Any]):
    name = "integration_recovered"
    label = _("All-clear")
    purpose = _("When an integration works again.")
    context_class = IntegrationRecoveredContext
