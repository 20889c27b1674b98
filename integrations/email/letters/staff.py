"""A letter to whoever asks for one."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.errors import Rejected

from .base import Letter, Recipient
from .contexts import Context, Moment, told

A_MORNING = datetime(2026, 12, 1, 9, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class TestLetterContext(Context):
    samples = {"en": {"name": "Ada Lovelace", "written_at": A_MORNING}, "de": {"name": "Jana Weber"}}

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
