"""Money that goes back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from webinars.actions.seats import locked
from webinars.errors import NotRefundable, RefundTooHigh
from webinars.models import Payment, Refund
from webinars.money import rounded
from webinars.payments import ReportedRefund
from webinars.signals import refunds_made, refunds_requested

State = Refund.Status


@dataclass(slots=True)
class Changes:
    made: list[Refund] = field(default_factory=list)
    failed: list[Refund] = field(default_factory=list)


@transaction.atomic
def request_refund(
    payment: Payment,
    amount: Decimal | None = None,
    *,
    reason: Refund.Reason,
    by: Any = None,
    note: str = "",
    uuid: UUID | None = None,
) -> Refund:
    """Send money back: so much, or all that is left. The provider is asked for it later.

    Whoever gives a `uuid`, as a page does whose button may be pressed twice, gets the same refund for it again.

    Raises `NotRefundable`, `RefundTooHigh`.
    """
    registration = locked(payment.registration)
    payment.refresh_from_db()
    payment.registration = registration
    if uuid and (known := payment.refunds.filter(uuid=uuid).first()):
        return known
    left = payment.left
    if not left:
        raise NotRefundable
    if amount is not None and not (0 < amount <= left and amount == rounded(amount, payment.currency)):
        raise RefundTooHigh(left, payment.currency)
    asked = rounded(amount or left, payment.currency)  # so that 10 reads as 10.00 from the start
    return promise([(payment, asked)], reason, requested_by=by, note=note, uuid=uuid or uuid4())[0]


def request_all(payments: Sequence[Payment], reason: Refund.Reason) -> list[Refund]:
    """Whatever is left of these; their session is locked."""
    return promise([(payment, left) for payment in payments if (left := payment.left)], reason)


def promise(given: Sequence[tuple[Payment, Decimal]], reason: Refund.Reason, **otherwise: Any) -> list[Refund]:
    """The sums have been checked; `otherwise` are further fields."""
    now = timezone.now()
    made = [
        Refund(payment=payment, amount=amount, reason=reason, created_at=now, **otherwise) for payment, amount in given
    ]
    if made:
        Refund.objects.bulk_create(made)
        refunds_requested.send(sender=Refund, refunds=made)
    return made


@transaction.atomic
def refuse_refund(refund: Refund, why: str) -> bool:
    """The provider will not make it; an operator has to look. Says whether that is news."""
    payment = refund.payment
    registration = locked(payment.registration)
    payment.refresh_from_db()
    payment.registration = registration
    refund.refresh_from_db()
    refund.payment = payment
    if refund.status != State.PENDING:
        return False
    refund.status, refund.settled_at = State.FAILED, timezone.now()
    if not registration.is_forgotten:  # what is remarked may tell of a person
        refund.note = "\n".join(filter(None, [refund.note, why]))[:500]
    refund.save(update_fields=["status", "settled_at", "note"])
    payment.notice = Payment.Notice.REFUND_FAILED
    payment.save(update_fields=["notice", "updated_at"])
    return True


def note(payment: Payment, told: Sequence[ReportedRefund], now: datetime) -> Changes:
    """Write down what the provider says of a payment's refunds, and count what went back."""
    known = list(payment.refunds.all())
    ours: dict[UUID | None, Refund] = {each.uuid: each for each in known}
    theirs = {each.provider_id: each for each in known if each.provider_id}
    changes = Changes()
    for each in told:
        refund = theirs.get(each.provider_id) or ours.pop(each.refund, None)
        if refund is None or refund.provider_id not in ("", each.provider_id):
            refund = Refund(reason=Refund.Reason.AT_PROVIDER, created_at=each.created_at)
        refund.payment = payment
        note_one(refund, each, changes, now)
    back = sum((each.amount for each in told if each.status == State.SUCCEEDED), Decimal(0))
    payment.refunded = min(back, payment.amount)
    make_room(payment)
    return changes


def note_one(refund: Refund, told: ReportedRefund, changes: Changes, now: datetime) -> None:
    new = (told.provider_id, told.amount, told.status)
    if refund.pk and new == (refund.provider_id, refund.amount, refund.status):
        return
    is_news = refund.pk is None or refund.status != told.status
    had_arrived = refund.pk is not None and refund.status == State.SUCCEEDED
    refund.provider_id, refund.amount, refund.status = new
    if had_arrived and is_news:  # that it had is booked already, and stays so
        refund.returned_at = now
    elif is_news:
        refund.settled_at, refund.returned_at = None if told.status == State.PENDING else now, None
    refund.save()
    if is_news and told.status == State.SUCCEEDED:
        changes.made.append(refund)
    elif is_news and told.status == State.FAILED:
        changes.failed.append(refund)


def make_room(payment: Payment) -> None:
    """Where the provider sent back what we were about to, we send the rest only.

    Amounts of a refund that the provider may know never change: what was promised is taken back and promised anew.
    """
    over = payment.given_back - payment.amount
    waiting = payment.refunds.filter(status=State.PENDING, provider_id="").order_by("-pk")
    for refund in waiting:
        if over <= 0:
            return
        refund.status, refund.settled_at = State.CANCELLED, timezone.now()
        refund.save(update_fields=["status", "settled_at"])
        if refund.amount > over:
            promise([(payment, refund.amount - over)], Refund.Reason(refund.reason), requested_by=refund.requested_by)
        over -= refund.amount


def tell_made(refunds: list[Refund]) -> None:
    if refunds:
        refunds_made.send(sender=Refund, refunds=refunds)
