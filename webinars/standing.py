"""How the payment of a seat stands, as its payer should read it: what our database knows, and no more than that."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from itertools import chain

from django.utils import timezone

from webinars.models import Payment, Refund, Registration
from webinars.models.registration import SEATED, Status


class State(StrEnum):
    TO_PAY = "to_pay"
    DECLINED = "declined"  # the last try; another one may follow
    PROCESSING = "processing"  # the bank takes its time
    DOUBT = "doubt"  # the provider has something else than we asked for: an operator must look
    LATE = "late"  # the time for paying is over, and the provider has not said yet that nothing will come
    SEATED = "seated"
    LOST = "lost"  # the money came when the seat was gone
    OVER = "over"  # cancelled, expired, or the session does not take place
    ELSEWHERE = "elsewhere"  # there is nothing to pay: on the waiting list, or offered a seat


@dataclass(frozen=True)
class Standing:
    registration: Registration
    payments: list[Payment]  # the first try first, each with its refunds
    now: datetime

    @cached_property
    def open(self) -> Payment | None:
        """Of which money may still come."""
        return next((payment for payment in self.payments if payment.is_open), None)

    @cached_property
    def paid(self) -> list[Payment]:
        return [payment for payment in self.payments if payment.succeeded_at]

    @cached_property
    def refunds(self) -> list[Refund]:
        """Each knows its payment."""
        return list(chain.from_iterable(payment.refunds.all() for payment in self.payments))

    @cached_property
    def state(self) -> State:
        status = self.registration.status
        if status in SEATED:
            return State.SEATED
        if status == Status.PENDING_PAYMENT:
            return self.state_of_held()
        if not self.registration.is_over:
            return State.ELSEWHERE
        lost = any(refund.reason == Refund.Reason.LOST_SEAT for refund in self.refunds)
        return State.LOST if lost else State.OVER

    def state_of_held(self) -> State:
        if self.open and self.open.problem:
            return State.DOUBT
        if self.open and self.open.status == Payment.Status.PROCESSING:
            return State.PROCESSING
        if not self.seconds_left:
            return State.LATE
        if self.open and self.open.status == Payment.Status.FAILED:
            return State.DECLINED
        return State.TO_PAY

    @property
    def is_payable(self) -> bool:
        return self.state in (State.TO_PAY, State.DECLINED)

    @property
    def is_settled(self) -> bool:
        """Whether it stays like this unless somebody does something."""
        on_its_way = any(refund.status == Refund.Status.PENDING for refund in self.refunds)
        return self.state in (State.SEATED, State.LOST, State.OVER) and not (self.open or on_its_way)

    @property
    def seconds_left(self) -> int:
        until = self.registration.held_until
        return max(0, int((until - self.now).total_seconds())) if until else 0

    @property
    def minutes_left(self) -> int:
        """Begun ones count."""
        return -(-self.seconds_left // 60)

    @property
    def fingerprint(self) -> str:
        """Another one as soon as there is anything new to read."""
        session = self.registration.session
        told = [
            self.state,
            self.registration.held_until,
            (session.price, session.currency, session.status, session.starts_at),
            [(payment.number, payment.status, payment.failure, payment.receipt_number) for payment in self.payments],
            [(refund.pk, refund.status, refund.amount) for refund in self.refunds],
        ]
        return sha256(repr(told).encode()).hexdigest()[:16]


def of(registration: Registration) -> Standing:
    """In two queries."""
    payments = list(registration.payments.order_by("number").prefetch_related("refunds"))
    return Standing(registration, payments, timezone.now())
