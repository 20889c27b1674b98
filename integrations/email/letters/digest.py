"""The morning letter: what needs its reader, as he would see it on the dashboard."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations import alarm, needs
from integrations.errors import Obsolete
from integrations.situation import Situation

from .base import Letter, Recipient
from .contexts import Context, Link, Paragraphs, told


@dataclass(frozen=True, kw_only=True)
class MorningDigestContext(Context):
    samples = {
        "en": {
            "name": "Ada Lovelace",
            "how_many": 2,
            "needs": Paragraphs(
                "• Odoo ERP: 3 deliveries are dead (refused). Correct what they refuse, then replay.\n"
                "• One booking does not agree with the calendar. Decide what counts."
            ),
            "page_url": Link("https://www.example.com/admin/"),
        },
        "de": {
            "name": "Jana Weber",
            "needs": Paragraphs(
                "• Odoo ERP: 3 Zustellungen sind gescheitert (abgelehnt). Berichtigen Sie, was abgelehnt wird, "
                "und wiederholen Sie dann.\n"
                "• Eine Buchung stimmt nicht mit dem Kalender überein. Entscheiden Sie, was gilt."
            ),
        },
    }

    name: str | None = told(_("The reader's name"), optional=True)
    how_many: int = told(_("How many things need somebody"))
    needs: Paragraphs = told(_("What they are, a line each"))
    page_url: Link = told(_("The dashboard"), button=_("Open the dashboard"))


class MorningDigest(Letter[User]):
    """The occasion is the day. Nobody reads in it what he may not see."""

    name = "morning_digest"
    label = _("Morning letter")
    purpose = _("Each morning, when something needs somebody, to staff who asked for it.")
    context_class = MorningDigestContext
    queue = "bulk"

    @classmethod
    def subjects(cls) -> QuerySet[User]:
        return get_user_model().objects.filter(is_staff=True).exclude(email="").order_by("-pk")

    @classmethod
    def recipient(cls, subject: User, occasion: str) -> Recipient:
        if not (subject.email and subject.is_active and subject.is_staff):
            raise Obsolete(gettext("This person does not look after integrations any more."))
        return Recipient(address=subject.email, name=subject.get_full_name(), language=alarm.language_of(subject))

    @classmethod
    def context(cls, subject: User, occasion: str) -> MorningDigestContext:
        found = needs.needs_you(subject, Situation())
        if not found:
            raise Obsolete(gettext("Nothing needs anybody any more."))
        return MorningDigestContext(
            name=subject.get_full_name(),
            how_many=len(found),
            needs=Paragraphs("\n".join(f"• {need.text}" for need in found)),
            page_url=Link(f"{settings.SITE_URL.rstrip('/')}{reverse('admin:index')}"),
        )
