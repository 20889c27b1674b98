"""Where our book of payments and Stripe's may differ. Nothing here calls anybody."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from webinars.models import Payment, Refund
from webinars.models.payment import OPEN
from webinars.payments import State

from . import reading
from .amounts import from_stripe
from .client import Answer

Status = Payment.Status
# How the money stands here, in the words for what comes in.
HERE = {
    Status.PENDING: State.PENDING,
    Status.FAILED: State.FAILED,
    Status.PROCESSING: State.PROCESSING,
    Status.CANCELLED: State.CANCELLED,
}


@dataclass
class Theirs:
    """What Stripe has of late: intents by id, refunds and disputes by the id of their intent."""

    intents: dict[str, Answer] = field(default_factory=dict)
    refunds: defaultdict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    disputes: defaultdict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, intents: Iterable[Answer], refunds: Iterable[Answer], disputes: Iterable[Answer]) -> "Theirs":
        found = cls({intent["id"]: intent for intent in intents})
        for kind, things in ((found.refunds, refunds), (found.disputes, disputes)):
            for thing in things:
                if isinstance(thing.get("payment_intent"), str):
                    kind[thing["payment_intent"]].append(thing)
        return found

    @property
    def ids(self) -> set[str]:
        return {*self.intents, *self.refunds, *self.disputes}

    def by_payment(self) -> dict[str, str]:
        """{uuid of ours: id of its intent}, of the intents that this site had made."""
        ours = ((reading.payment_of(intent), intent) for intent in self.intents.values() if reading.is_ours(intent))
        return {str(uuid): intent["id"] for uuid, intent in ours if uuid}


def to_compare(theirs: Theirs) -> QuerySet[Payment]:
    """Whatever is under way here, and whatever Stripe has of late."""
    under_way = Q(status__in=[*OPEN, Status.DISPUTED]) | Q(refunds__status=Refund.Status.PENDING)
    chosen = Payment.objects.filter(under_way | Q(provider_id__in=theirs.ids) | Q(uuid__in=theirs.by_payment()))
    rows = Payment.objects.filter(pk__in=chosen.values("pk")).select_related("registration__session")
    return rows.prefetch_related("refunds").order_by("pk")


def looks_the_same(payment: Payment, theirs: Theirs) -> bool:
    """By what the lists say; where they do not say enough, it has to be read."""
    intent = theirs.intents.get(payment.provider_id)
    if payment.status == Status.DISPUTED or (intent is None and is_under_way(payment)):
        return False
    return (
        (intent is None or same_money(payment, intent))
        and same_refunds(list(payment.refunds.all()), theirs.refunds[payment.provider_id])
        and not any(dispute["status"] not in reading.OVER for dispute in theirs.disputes[payment.provider_id])
    )


def is_under_way(payment: Payment) -> bool:
    pending = any(refund.status == Refund.Status.PENDING and refund.provider_id for refund in payment.refunds.all())
    return payment.is_open or pending


def same_money(payment: Payment, intent: Answer) -> bool:
    there = from_stripe(intent["amount"], payment.currency)
    state = HERE.get(Status(payment.status), State.SUCCEEDED)
    return (
        (there, intent["currency"].upper(), reading.payment_of(intent))
        == (payment.amount, payment.currency, payment.uuid)
        and state == reading.state_of(intent)
        and bool(reading.charge_of(intent).get("disputed")) <= (payment.status == Status.DISPUTED)
    )


def same_refunds(here: Sequence[Refund], there: Sequence[Answer]) -> bool:
    """Stripe's list may lack old ones, never recent ones."""
    known = {refund.provider_id: refund.status for refund in here}
    listed = {refund["id"]: reading.refund_status(refund) for refund in there}
    return all(known.get(found) == status for found, status in listed.items())


def standing(payment: Payment) -> dict[str, str]:
    """How a payment stands, as it is told: field by field, read anew."""
    row: Any = Payment.objects.select_related("registration").get(pk=payment.pk)
    refunds = row.refunds.order_by("created_at", "pk")
    return {
        "status": row.get_status_display(),
        "problem": row.problem,
        "refunded": str(row.refunded),
        "refunds": ", ".join(f"{refund.amount} {refund.get_status_display()}" for refund in refunds),
        "provider_id": row.provider_id,
        "registration": row.registration.get_status_display(),
    }
