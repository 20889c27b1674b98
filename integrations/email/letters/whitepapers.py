"""Letters to people who filled in our form: what they asked for, and whether it was really them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.errors import Obsolete, Rejected
from leads import links
from leads.consents import marketing_text
from leads.models import Consent, Lead, Touchpoint

from .base import Letter, Recipient
from .contexts import Context, Link, Moment, told


@dataclass(frozen=True, kw_only=True)
class WhitepaperDeliveryContext(Context):
    samples = {
        "en": {
            "client_name": "Ada Lovelace",
            "whitepaper_title": "Energy storage for small businesses",
            "download_url": Link("https://www.example.com/en/whitepapers/download/sample/"),
            "valid_until": datetime(2026, 12, 1, 9, tzinfo=UTC),
        },
        "de": {"client_name": "Jana Weber", "whitepaper_title": "Stromspeicher für kleine Betriebe"},
    }

    client_name: str | None = told(_("Name of whoever asked for it"), optional=True)
    whitepaper_title: str = told(_("Title of the whitepaper"))
    download_url: Link = told(_("Where the whitepaper can be downloaded"), button=_("Download the whitepaper"))
    valid_until: Moment = told(_("Until when this link works"))


class WhitepaperDelivery(Letter[Touchpoint]):
    name = "whitepaper_delivery"
    label = _("Whitepaper")
    purpose = _("When somebody asked for a whitepaper: the link to it.")
    context_class = WhitepaperDeliveryContext
    related = ("lead", "whitepaper")

    @classmethod
    def subjects(cls) -> QuerySet[Touchpoint]:
        wanted = Touchpoint.objects.filter(whitepaper__published=True).exclude(lead__status=Lead.Status.FORGOTTEN)
        return wanted.select_related(*cls.related).order_by("-pk")

    @classmethod
    def recipient(cls, subject: Touchpoint, occasion: str) -> Recipient:
        if subject.lead.is_forgotten:
            raise Obsolete(gettext("This person was forgotten."))
        return Recipient.of(subject.lead)

    @classmethod
    def context(cls, subject: Touchpoint, occasion: str) -> WhitepaperDeliveryContext:
        if subject.whitepaper is None or not subject.whitepaper.published:
            raise Rejected(gettext("The whitepaper is not published."))
        return WhitepaperDeliveryContext(
            client_name=Recipient.of(subject.lead).name,
            whitepaper_title=subject.whitepaper.title,
            download_url=Link(links.download(subject)),
            valid_until=timezone.now() + links.DOWNLOAD_AGE,
        )


@dataclass(frozen=True, kw_only=True)
class DoubleOptInContext(Context):
    samples = {
        "en": {
            "client_name": "Ada Lovelace",
            "consent_text": "The firm may send me news by e-mail. I can withdraw this consent at any time.",
            "confirm_url": Link("https://www.example.com/en/whitepapers/confirm/sample/"),
        },
        "de": {
            "client_name": "Jana Weber",
            "consent_text": "Die Firma darf mir Neuigkeiten per E-Mail schicken. Ich kann das jederzeit widerrufen.",
        },
    }

    client_name: str | None = told(_("Name of whoever agreed"), optional=True)
    consent_text: str = told(_("The words that were agreed to"))
    confirm_url: Link = told(_("Where the consent is confirmed"), button=_("Yes, that was me"))


class DoubleOptIn(Letter[Consent]):
    """Asks whoever reads the mail to this address whether it was them who agreed; it is no news itself."""

    name = "double_opt_in"
    label = _("Confirmation of a consent")
    purpose = _("When somebody agreed to news by e-mail: asks whether it was really them.")
    context_class = DoubleOptInContext
    related = ("lead",)

    @classmethod
    def subjects(cls) -> QuerySet[Consent]:
        waiting = Consent.objects.waiting().exclude(lead__status=Lead.Status.FORGOTTEN)
        return waiting.select_related(*cls.related).order_by("-pk")

    @classmethod
    def recipient(cls, subject: Consent, occasion: str) -> Recipient:
        if subject.lead.is_forgotten:
            raise Obsolete(gettext("This person was forgotten."))
        if subject.confirmed_at or subject.withdrawn_at or subject.lead.marketing_consent:
            raise Obsolete(gettext("This consent was confirmed or withdrawn meanwhile."))
        return Recipient.of(subject.lead)

    @classmethod
    def context(cls, subject: Consent, occasion: str) -> DoubleOptInContext:
        return DoubleOptInContext(
            client_name=Recipient.of(subject.lead).name,
            consent_text=marketing_text(subject.text_version),
            confirm_url=Link(links.confirm(subject)),
        )
