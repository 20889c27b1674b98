"""Letters about money."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from webinars import links
from webinars.models import Registration
from webinars.models.registration import Status

from .base import Letter, Recipient
from .contexts import Context, Link, Moment, Money, told
from .webinars import AboutRegistration, expect_held, reader

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
    def recipient(cls, subject: Registration, occasion: str) -> Recipient:
        found = super().recipient(subject, occasion)
        expect_held(subject)
        return found

    @classmethod
    def context(cls, subject: Registration, occasion: str) -> Context:
        session = subject.session
        due: dict[str, Any] = {"pay_url": Link(links.manage(subject)), "held_until": subject.held_until}
        amount = Money(session.price, session.currency)
        return PaymentDueContext(client_name=reader(subject).name, title=session.topic.title, amount=amount, **due)


@dataclass(frozen=True, kw_only=True)
class PaymentFailedContext(PaymentContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], **AGAIN}}

    pay_url: Link = told(_("Where the client can pay"), button=_("Pay now"))
    held_until: Moment | None = told(_("Until when the place is kept free"), optional=True)


class PaymentFailed(Letter[Any]):
    name = "payment_failed"
    label = _("Payment failed")
    purpose = _("When a payment does not go through.")
    context_class = PaymentFailedContext


@dataclass(frozen=True, kw_only=True)
class RefundContext(PaymentContext):
    samples = {**SAMPLE, "en": {**SAMPLE["en"], "reference": "R-2026-0042"}}

    reference: str | None = told(_("The refund's reference"), optional=True)


class Refund(Letter[Any]):
    name = "refund"
    label = _("Refund")
    purpose = _("When money is sent back.")
    context_class = RefundContext
