"""Letters about money."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, cast

from django.conf import settings
from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.errors import Obsolete
from webinars import links
from webinars.models import Payment, Registration
from webinars.models import Refund as Refunded
from webinars.models.payment import GIVEN
from webinars.models.registration import Status
from webinars.money import parts

from .base import Letter, Recipient
from .contexts import Context, Link, Moment, Money, Paragraphs, made, told
from .webinars import AboutRegistration, expect_held, reader

Reason = Refunded.Reason
SAMPLE: dict[str, dict[str, Any]] = {
    "en": {
        "client_name": "Ada Lovelace",
        "title": "Energy storage for small businesses",
        "amount": Money(Decimal("149.00"), "EUR"),
    },
    "de": {"client_name": "Jana Weber", "title": "Stromspeicher für kleine Betriebe"},
}
AGAIN = {
    "pay_url": Link("https://www.example.com/en/webinars/energy-storage/pay/"),
    "held_until": datetime(2026, 11, 28, 17, tzinfo=UTC),
}


@dataclass(frozen=True, kw_only=True)
class PaymentContext(Context):
    client_name: str | None = told(_("Name of the client"), optional=True)
    title: str = told(_("What the money is for"))
    amount: Money = told(_("How much, with its currency"))


@dataclass(frozen=True, kw_only=True)
class PaymentDueContext(PaymentContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], **AGAIN}}

    pay_url: Link = told(_("Where the client can pay"), button=_("Pay now"))
    held_until: Moment = told(_("Until when the place is kept free"))


class PaymentDue(AboutRegistration):
    name = "payment_due"
    label = _("Payment due")
    purpose = _("When somebody whose seat is not paid yet registers once more.")
    context_class = PaymentDueContext
    statuses = frozenset({Status.PENDING_PAYMENT})

    @classmethod
    def context(cls, subject: Registration, occasion: str) -> Context:
        session = subject.session
        due: dict[str, Any] = {"pay_url": Link(links.pay(subject)), "held_until": subject.held_until}
        amount = Money(session.price, session.currency)
        return PaymentDueContext(client_name=reader(subject).name, title=session.topic.title, amount=amount, **due)


@dataclass(frozen=True, kw_only=True)
class PaymentFailedContext(PaymentContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], **AGAIN}}

    pay_url: Link = told(_("Where the client can pay"), button=_("Pay now"))
    held_until: Moment | None = told(_("Until when the place is kept free"), optional=True)


class AboutPayment(Letter[Payment]):
    """To whoever registered. `statuses` are those of a payment in which somebody wants the letter."""

    related = ("registration__session__topic", "registration__lead")
    statuses: ClassVar[frozenset[str]]

    @classmethod
    def subjects(cls) -> QuerySet[Payment]:
        return Payment.objects.filter(status__in=cls.statuses).select_related(*cls.related).order_by("-pk")

    @classmethod
    def recipient(cls, subject: Payment, occasion: str) -> Recipient:
        if subject.status not in cls.statuses:
            raise Obsolete(gettext("This payment is in another state by now."))
        return payer(subject.registration)


class PaymentFailed(AboutPayment):
    """After days, when the payer is on no page any more."""

    name = "payment_failed"
    label = _("Payment failed")
    purpose = _("When a bank declines a payment in the end.")
    context_class = PaymentFailedContext
    statuses = frozenset({Payment.Status.FAILED, Payment.Status.CANCELLED})

    @classmethod
    def recipient(cls, subject: Payment, occasion: str) -> Recipient:
        found = super().recipient(subject, occasion)
        if subject.registration.status != Status.PENDING_PAYMENT:
            raise Obsolete(gettext("This registration is in another state by now."))
        expect_held(subject.registration)
        return found

    @classmethod
    def context(cls, subject: Payment, occasion: str) -> Context:
        again: dict[str, Any] = {
            "pay_url": Link(links.pay(subject.registration)),
            "held_until": subject.registration.held_until,
        }
        return PaymentFailedContext(**about(subject), **again)


@dataclass(frozen=True, kw_only=True)
class ReceiptContext(PaymentContext):
    samples = {
        "en": {
            **SAMPLE["en"],
            "number": "2026-000042",
            "paid_at": datetime(2026, 11, 28, 17, tzinfo=UTC),
            "net": Money(Decimal("125.21"), "EUR"),
            "vat_rate": "19 %",
            "vat": Money(Decimal("23.79"), "EUR"),
            "manage_url": Link("https://www.example.com/en/webinars/registration/sample/"),
        },
        "de": SAMPLE["de"],
    }

    number: str = told(_("The receipt's number"))
    paid_at: Moment = told(_("When it was paid"))
    net: Money = told(_("The amount without VAT"))
    vat_rate: str = told(_("The rate of the VAT"))
    vat: Money = told(_("How much VAT the amount contains"))
    manage_url: Link = told(_("Where the registration can be changed or cancelled"), button=_("Change or cancel"))
    seller: Paragraphs | None = made(_("Our address and VAT number"), lambda: Paragraphs(seller()))


class Receipt(AboutPayment):
    """What was paid stays paid: the receipt is right even if the money went back since."""

    name = "webinar_receipt"
    label = _("Receipt")
    purpose = _("When a seat is paid.")
    context_class = ReceiptContext
    statuses = frozenset(Payment.Status)

    @classmethod
    def subjects(cls) -> QuerySet[Payment]:
        return super().subjects().filter(succeeded_at__isnull=False)

    @classmethod
    def recipient(cls, subject: Payment, occasion: str) -> Recipient:
        if subject.succeeded_at is None:
            raise Obsolete(gettext("This payment is in another state by now."))
        return super().recipient(subject, occasion)

    @classmethod
    def context(cls, subject: Payment, occasion: str) -> Context:
        shares = parts(subject.amount, subject.vat_rate, subject.currency)
        return ReceiptContext(
            **about(subject),
            number=subject.receipt_number or "",
            paid_at=cast(datetime, subject.succeeded_at),
            net=Money(shares.net, subject.currency),
            vat_rate=f"{number_format(subject.vat_rate.normalize())}\xa0%",
            vat=Money(shares.vat, subject.currency),
            manage_url=Link(links.manage(subject.registration)),
        )


@dataclass(frozen=True, kw_only=True)
class RefundContext(PaymentContext):
    samples = {
        "en": {**SAMPLE["en"], "reference": "2026-000042", "reason": "The webinar does not take place."},
        "de": {**SAMPLE["de"], "reason": "das Webinar findet nicht statt."},
    }

    reason: str | None = told(_("Why the money goes back; empty where nobody said"), optional=True)
    reference: str | None = told(_("The number of the receipt"), optional=True)


class Refund(Letter[Refunded]):
    name = "refund"
    label = _("Refund")
    purpose = _("When money is sent back.")
    context_class = RefundContext
    related = ("payment__registration__session__topic", "payment__registration__lead")
    reasons: ClassVar[dict[str, Promise]] = {
        Reason.CANCELLED_BY_CLIENT: _("You cancelled your registration."),
        Reason.SESSION_CANCELLED: _("The webinar does not take place."),
        Reason.LOST_SEAT: _("Your payment came when its time was over, and your seat had gone to somebody else."),
        Reason.PAID_TWICE: _("You paid although your seat was paid already."),
    }

    @classmethod
    def subjects(cls) -> QuerySet[Refunded]:
        return Refunded.objects.filter(status__in=GIVEN).select_related(*cls.related).order_by("-pk")

    @classmethod
    def recipient(cls, subject: Refunded, occasion: str) -> Recipient:
        if subject.status not in GIVEN:
            raise Obsolete(gettext("This refund is in another state by now."))
        return payer(subject.payment.registration)

    @classmethod
    def context(cls, subject: Refunded, occasion: str) -> Context:
        amount = Money(subject.amount, subject.payment.currency)
        return RefundContext(
            **{**about(subject.payment), "amount": amount},
            reason=str(cls.reasons.get(subject.reason, "")),
            reference=subject.payment.receipt_number or "",
        )


def payer(registration: Registration) -> Recipient:
    """Raises Obsolete for who was forgotten."""
    if registration.is_forgotten or registration.lead.is_forgotten:
        raise Obsolete(gettext("This person was forgotten."))
    return reader(registration)


def about(payment: Payment) -> dict[str, Any]:
    """What all of them tell."""
    registration = payment.registration
    return {
        "client_name": reader(registration).name,
        "title": registration.session.topic.title,
        "amount": Money(payment.amount, payment.currency),
    }


def seller() -> str:
    """Whom the tax office knows: what a receipt must say besides our name."""
    number = settings.COMPANY_VAT_ID
    return "\n".join(filter(None, [*settings.COMPANY_ADDRESS, gettext("VAT number: %s") % number if number else ""]))
