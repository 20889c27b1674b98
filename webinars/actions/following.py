"""What becomes of a seat when its payment changes. The session is locked, and the payment's row is written."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from webinars.actions import refunds
from webinars.actions.seats import OFFER, confirm, move, offer_free_seats, room_in
from webinars.models import Payment, Registration, Session
from webinars.models.payment import Refund, Status
from webinars.models.registration import Status as Standing
from webinars.signals import (
    payments_abandoned,
    payments_failed,
    payments_succeeded,
    registrations_cancelled,
    registrations_expired,
    seats_lost,
)

PROCESSING = timedelta(days=14)  # as long as banks take
FAILED_AGAIN = OFFER  # for paying another time, when a bank declined what it had been processing
REASONS = {Standing.EXPIRED: Refund.Reason.LOST_SEAT, Standing.CANCELLED: Refund.Reason.CANCELLED_BY_CLIENT}


@dataclass(frozen=True, slots=True)
class Before:
    """What we knew of a payment until now."""

    status: str
    problem: str
    was_paid: bool
    was_returned: bool


def follow(payment: Payment, before: Before, now: datetime) -> None:
    if payment.succeeded_at and not before.was_paid:
        receive(payment, now)
    elif payment.is_returned and not before.was_returned:
        lose_seat(payment, now)
    elif before.status == Status.DISPUTED and payment.has_money:
        settle_won_dispute(payment)
    elif payment.status == Status.PROCESSING != before.status:
        wait_for_bank(payment, now)
    elif payment.status in (Status.FAILED, Status.CANCELLED):
        let_go(payment, before.status, now)


def receive(payment: Payment, now: datetime) -> None:
    """The seat, or the money back. Who paid before the seat was given away is in time."""
    registration = payment.registration
    if not gets_seat(registration, now):
        if registration.status == Standing.PENDING_PAYMENT:
            expire(registration, now)
        give_back(payment)
    elif payment.is_returned:  # it came and went before we heard of it
        move([registration], Standing.CANCELLED, now)
        registrations_cancelled.send(sender=Registration, registrations=[registration])
        offer_free_seats(registration.session)
    else:
        payment_of_seat(payment, now)


def payment_of_seat(payment: Payment, now: datetime) -> None:
    registration = payment.registration
    assert payment.succeeded_at
    confirm([registration], payment.succeeded_at)
    payments_succeeded.send(sender=Payment, payments=[payment])
    others = registration.payments.open().exclude(pk=payment.pk)
    abandon(list(others.select_related("registration__session")), now)


def gets_seat(registration: Registration, now: datetime) -> bool:
    """A seat that was lost is given again where that takes it from nobody. Nobody pays for what is over."""
    session = registration.session
    if registration.status == Standing.PENDING_PAYMENT:
        return session.ends_at > now
    if registration.status != Standing.EXPIRED or registration.is_forgotten or session.starts_at <= now:
        return False
    room = room_in(session)
    return session.status == Session.Status.PUBLISHED and not room.waiting and bool(room.free(1))


def give_back(payment: Payment) -> None:
    registration = payment.registration
    reason = REASONS.get(Standing(registration.status), Refund.Reason.PAID_TWICE)
    if registration.session.status == Session.Status.CANCELLED:
        reason = Refund.Reason.SESSION_CANCELLED
    elif registration.status in (Standing.WAITLISTED, Standing.OFFERED):
        reason = Refund.Reason.LOST_SEAT
    refunds.request_all([payment], reason)
    if reason == Refund.Reason.LOST_SEAT:
        payment.notice = payment.notice or Payment.Notice.SEAT_LOST
        payment.save(update_fields=["notice", "updated_at"])
        seats_lost.send(sender=Payment, payments=[payment])


def settle_won_dispute(payment: Payment) -> None:
    """While the bank held the money, nothing could be given back of it. What a client who cancelled meanwhile should
    have is up to the operator, who was told of the dispute."""
    registration = payment.registration
    if registration.status == Standing.EXPIRED or registration.session.status == Session.Status.CANCELLED:
        give_back(payment)


def lose_seat(payment: Payment, now: datetime) -> None:
    """Who has all of the money back has no seat, unless it was another payment that gave it."""
    registration = payment.registration
    is_ahead = registration.session.starts_at > now
    if registration.status == Standing.CONFIRMED and payment.gave_seat and is_ahead:
        move([registration], Standing.CANCELLED, now)
        registrations_cancelled.send(sender=Registration, registrations=[registration])
        offer_free_seats(registration.session)


def wait_for_bank(payment: Payment, now: datetime) -> None:
    registration = payment.registration
    if registration.status == Standing.PENDING_PAYMENT:
        until = min(now + PROCESSING, registration.session.starts_at)
        move([registration], Standing.PENDING_PAYMENT, now, held_until=until)


def let_go(payment: Payment, before: str, now: datetime) -> None:
    """Nothing came of this try. While the seat is held, another one may follow."""
    registration = payment.registration
    if registration.status == Standing.PENDING_PAYMENT:
        hold = registration.held_until or now
        if before == Status.PROCESSING and hold > now:
            until = min(hold, now + FAILED_AGAIN)
            move([registration], Standing.PENDING_PAYMENT, now, held_until=until)
            payments_failed.send(sender=Payment, payments=[payment])
        elif hold <= now and payment.is_open:  # another card may still pay it
            abandon([payment], now)
        elif hold <= now and not registration.payments.open().exists():
            expire(registration, now)
    if payment.is_open and registration.status != Standing.PENDING_PAYMENT:
        abandon([payment], now)


def expire(registration: Registration, now: datetime) -> None:
    move([registration], Standing.EXPIRED, now)
    registrations_expired.send(sender=Registration, registrations=[registration])
    offer_free_seats(registration.session)


def abandon(payments: list[Payment], now: datetime) -> None:
    """Nobody wants these any more; what banks are processing cannot be stopped. Each is told once a hold."""
    told = [each for each in payments if each.status != Status.PROCESSING and is_news(each)]
    if told:
        Payment.objects.filter(pk__in=[each.pk for each in told]).update(abandoned_at=now, updated_at=now)
        for each in told:
            each.abandoned_at = now
        payments_abandoned.send(sender=Payment, payments=told)


def is_news(payment: Payment) -> bool:
    """Whether it was not told since the hold ended, or since the seat was given up."""
    registration = payment.registration
    since = registration.held_until or registration.updated_at
    return payment.abandoned_at is None or payment.abandoned_at < since
