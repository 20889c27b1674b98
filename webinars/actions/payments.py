"""Money that comes in. What a provider says now decides, whatever came before and in whatever order."""

from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from webinars.actions import following, refunds
from webinars.actions.following import Before
from webinars.actions.receipts import next_number
from webinars.actions.seats import expect, locked
from webinars.errors import OfferOver, PaymentInDoubt
from webinars.models import Payment, Registration
from webinars.models.payment import Refund, Status
from webinars.models.registration import Status as Standing
from webinars.payments import Reported, State
from webinars.signals import payments_cleared, payments_disputed, payments_mismatched

WRITTEN = [
    "provider_id",
    "status",
    "refunded",
    "failure",
    "succeeded_at",
    "receipt_number",
    "problem",
    "notice",
    "abandoned_at",
    "reported",
    "updated_at",
]
# What the money's way in means for us; what went back since is looked at besides.
COMING: dict[State, Status] = {
    State.PENDING: Status.PENDING,
    State.PROCESSING: Status.PROCESSING,
    State.FAILED: Status.FAILED,
    State.SUCCEEDED: Status.SUCCEEDED,
    State.CANCELLED: Status.CANCELLED,
}


@transaction.atomic
def begin_payment(registration: Registration) -> Payment:
    """The payment that is open, or a new one of the session's price; in two tabs the same.

    Raises `ImpossibleMove` unless the seat waits for its payment, `OfferOver` when its time is over, `PaymentInDoubt`.
    """
    expect(locked(registration), {Standing.PENDING_PAYMENT})
    if registration.held_until is None or registration.held_until <= timezone.now():
        raise OfferOver
    if found := registration.payments.open().first():
        if found.problem:
            raise PaymentInDoubt
        found.registration = registration
        return found
    session = registration.session
    return registration.payments.create(
        number=registration.payments.count() + 1,
        amount=session.price,
        currency=session.currency,
        vat_rate=session.vat_rate,
    )


def ask(payment: Payment) -> int:
    """A ticket for one read of the provider, drawn before it. Called outside of transactions."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE webinars_payment SET asked = asked + 1 WHERE id = %s RETURNING asked", [payment.pk])
        return int(cursor.fetchone()[0])


@transaction.atomic
def report(payment: Payment, reported: Reported, ticket: int) -> bool:
    """Apply what the provider says; says whether it did: a read that began before the last one applied knows less.

    Safe to repeat. What differs from what was asked for is a problem for an operator, and confirms nothing.
    """
    current(payment)
    if ticket <= payment.reported:
        return False
    now = timezone.now()
    before = Before(payment.status, payment.problem, payment.succeeded_at is not None, payment.is_returned)
    payment.reported = ticket
    with translation.override(settings.LANGUAGE_CODE):  # whoever is on the page just now may read another
        payment.problem = mismatch(payment, reported)
    if payment.problem:
        write_off(payment, reported)
        tell_problem(payment, before)
        payment.save(update_fields=WRITTEN)
        tell_cleared(payment, before)
        return True
    changes = refunds.note(payment, reported.refunds, now)
    apply(payment, reported, now)
    take_notice(payment, before, changes)
    payment.save(update_fields=WRITTEN)
    following.follow(payment, before, now)
    if payment.status == Status.DISPUTED != before.status:
        payments_disputed.send(sender=Payment, payments=[payment])
    tell_cleared(payment, before)
    refunds.tell_made(changes.made)
    return True


def current(payment: Payment) -> None:
    """This object as its row is now, with its registration and session, under the lock of the session."""
    registration = locked(payment.registration)
    payment.refresh_from_db()
    payment.registration = registration


def mismatch(payment: Payment, reported: Reported) -> str:
    """How the provider's payment differs from what was asked for, in words for an operator; "" for not at all."""
    told = {"id": reported.provider_id}
    if reported.payment != payment.uuid or payment.provider_id not in ("", reported.provider_id):
        return _("%(id)s at the provider is not this payment.") % told
    if reported.live != reported.expected_live:
        return (_("%(id)s is real money.") if reported.live else _("%(id)s is a test, and no money.")) % told
    if (reported.amount, reported.currency) != (payment.amount, payment.currency):
        asked = {"amount": f"{reported.amount} {reported.currency}", "ours": str(payment)}
        return _("%(id)s asks for %(amount)s instead of %(ours)s.") % {**told, **asked}
    if reported.state == State.SUCCEEDED and reported.received != payment.amount:
        received = {"amount": f"{reported.received} {reported.currency}", "ours": str(payment)}
        return _("%(id)s brought %(amount)s instead of %(ours)s.") % {**told, **received}
    return ""


def write_off(payment: Payment, reported: Reported) -> None:
    """What differs is no problem any more once none of its money can come, or all has gone back."""
    is_ours = reported.payment == payment.uuid and payment.provider_id in ("", reported.provider_id)
    if is_ours:
        payment.provider_id = reported.provider_id
    back = sum(each.amount for each in reported.refunds if each.status == Refund.Status.SUCCEEDED)
    if not (reported.state == State.CANCELLED or 0 < reported.received <= back):
        return
    if not is_ours:
        payment.problem = ""
    elif not payment.succeeded_at:
        payment.problem, payment.status = "", Status.CANCELLED


def apply(payment: Payment, reported: Reported, now: datetime) -> None:
    """`refunded` has been counted already."""
    payment.provider_id = reported.provider_id
    is_failed = reported.state == State.FAILED and not payment.registration.is_forgotten
    payment.failure = reported.failure if is_failed else ""
    payment.status = COMING[reported.state]
    if payment.status != Status.SUCCEEDED:
        return
    if payment.succeeded_at is None:
        payment.succeeded_at = now
        payment.receipt_number = next_number(now)
    if reported.disputed:
        payment.status = Status.DISPUTED
    elif payment.refunded:
        payment.status = Status.REFUNDED if payment.is_returned else Status.PARTIALLY_REFUNDED


def take_notice(payment: Payment, before: Before, changes: refunds.Changes) -> None:
    """What an operator must look at; a difference that is none any more needs nobody."""
    if payment.notice == Payment.Notice.MISMATCH:
        payment.notice = ""
    if changes.failed:
        payment.notice = Payment.Notice.REFUND_FAILED
    if payment.status == Status.DISPUTED != before.status:
        payment.notice = Payment.Notice.DISPUTE


def tell_problem(payment: Payment, before: Before) -> None:
    if payment.problem and payment.problem != before.problem:
        payment.notice = Payment.Notice.MISMATCH
        payments_mismatched.send(sender=Payment, payments=[payment])
    elif not payment.problem and payment.notice == Payment.Notice.MISMATCH:
        payment.notice = ""


def tell_cleared(payment: Payment, before: Before) -> None:
    """A problem that is none any more, a dispute that is over."""
    notices = set()
    if before.problem and not payment.problem:
        notices.add(Payment.Notice.MISMATCH)
    if before.status == Status.DISPUTED != payment.status:
        notices.add(Payment.Notice.DISPUTE)
    if notices:
        payments_cleared.send(sender=Payment, payments=[payment], notices=notices)


@transaction.atomic
def note_another(payment: Payment, *, is_there: bool) -> None:
    """Whether the provider has money of another payment that was made for this one; it is nobody's seat."""
    current(payment)
    if is_there and not payment.notice:
        payment.notice = Payment.Notice.ANOTHER
    elif not is_there and payment.notice == Payment.Notice.ANOTHER:
        payment.notice = ""
    payment.save(update_fields=["notice", "updated_at"])


@transaction.atomic
def see(payment: Payment) -> bool:
    """An operator looked at what there was to look at; says whether there was anything."""
    current(payment)
    had_notice = bool(payment.notice)
    payment.notice = ""
    payment.save(update_fields=["notice", "updated_at"])
    payments_cleared.send(sender=Payment, payments=[payment], notices=set(Payment.Notice))
    return had_notice
