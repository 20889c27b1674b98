"""What becomes of a registration."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from leads.sweeping import one_by_one
from webinars.actions.following import abandon
from webinars.actions.seats import confirm, expect, hold_for_paying, lock, locked, move, of, offer_free_seats
from webinars.actions.settling import due_by_rule, open_payments, settle_up
from webinars.errors import LessGoesBack, OfferOver, SessionNotStarted, SessionOver
from webinars.models import Refund, Registration, Session
from webinars.models.registration import DETAILS, HELD, OPEN, OVER, SEATED, Status
from webinars.ports import payments
from webinars.signals import (
    registrations_attended,
    registrations_cancelled,
    registrations_changed,
    registrations_expired,
)

EDITABLE = frozenset(DETAILS)
DOOR = timedelta(hours=2)  # before the start, whoever looks in is there


@transaction.atomic
def cancel(registration: Registration, *, promised: Decimal = Decimal(0)) -> None:
    """Give the seat or the place up; the seat goes to the next in line. Raises `ImpossibleMove`, `SessionOver`.

    What was paid goes back as far as the session's rules say. Raises `LessGoesBack` where that is less than `promised`.
    """
    expect(locked(registration), OPEN)
    now = timezone.now()
    if registration.session.ends_at <= now:
        raise SessionOver
    due = due_by_rule([registration], now)
    if sum(amount for _payment, amount in due) < promised:
        raise LessGoesBack
    give_up(registration)
    settle_up([registration], due, Refund.Reason.CANCELLED_BY_CLIENT)


@transaction.atomic
def decline_offer(registration: Registration) -> None:
    """Leave the seat to the next in line. Raises `ImpossibleMove`."""
    expect(locked(registration), {Status.OFFERED})
    give_up(registration)


def accept_offer(registration: Registration) -> None:
    """Take the seat; where it costs something, it is held until it is paid.

    Raises `ImpossibleMove`, `OfferOver`, `PaymentsUnavailable`.
    """
    if not registration.session.is_free:
        payments().check()
    with transaction.atomic():
        now = timezone.now()
        expect(locked(registration), {Status.OFFERED})
        if registration.held_until is None or registration.held_until <= now:
            raise OfferOver
        if registration.session.is_free:
            confirm([registration], now)
        elif until := hold_for_paying(registration.session, now):
            move([registration], Status.PENDING_PAYMENT, now, held_until=until)
        else:
            raise OfferOver


def expire(now: datetime) -> int:
    """Take back the seats whose time is over, and offer them to the next in line; says how many were taken back.

    A transaction per session: none waits for another one's lock. Running twice at once does no harm. Raises
    `ExceptionGroup` of the sessions that failed, when all the others had their turn.
    """
    overdue = Session.objects.filter(registrations__status__in=HELD, registrations__held_until__lte=now)
    sessions = overdue.distinct().order_by("pk")
    return one_by_one("expiry", sessions, lambda session: expire_in(session, now))


@transaction.atomic
def expire_in(session: Session, now: datetime) -> int:
    """A seat whose payment is still open stays until the provider has cancelled that: the money may be on its way."""
    session = lock(session)
    overdue = of(session, session.registrations.filter(status__in=HELD, held_until__lte=now))
    tries = open_payments(overdue)
    paying = {each.registration_id for each in tries if not each.problem}
    late = [each for each in overdue if each.pk not in paying or each.status != Status.PENDING_PAYMENT]
    if late:
        move(late, Status.EXPIRED, timezone.now())
        registrations_expired.send(sender=Registration, registrations=late)
        offer_free_seats(session)
    abandon(tries, timezone.now())
    return len(late)


@transaction.atomic
def mark_attendance(registrations: Sequence[Registration], attended: bool) -> int:
    """Note who came, or who did not; says for how many that is news. All of them, or none.

    Raises `ImpossibleMove`, and `SessionNotStarted` until two hours before the start.
    """
    status = Status.ATTENDED if attended else Status.NO_SHOW
    sessions = lock_all(registration.session_id for registration in registrations)
    if not all(is_door_open(session) for session in sessions):
        raise SessionNotStarted
    chosen = [registration.pk for registration in registrations]
    current = list(Registration.objects.filter(pk__in=chosen).select_related("session").order_by("pk"))
    for registration in current:
        expect(registration, SEATED)
    news = [registration for registration in current if registration.status != status]
    for registration in registrations:
        registration.status = status
    if news:
        move(news, status, timezone.now())
        registrations_attended.send(sender=Registration, registrations=news, attended=attended)
    return len(news)


@transaction.atomic
def update_registration(registration: Registration, details: Mapping[str, str]) -> bool:
    """Correct what the person told; says whether anything is different now. Raises `ImpossibleMove`."""
    if unknown := details.keys() - EDITABLE:
        raise ValueError(f"Not details of a registration: {', '.join(sorted(unknown))}")
    expect(locked(registration), set(Status) - OVER)
    changed = [field for field, value in details.items() if getattr(registration, field) != value]
    if not changed or registration.is_forgotten:
        return False
    for field in changed:
        setattr(registration, field, details[field])
    registration.save(update_fields=[*changed, "updated_at"])
    registrations_changed.send(sender=Registration, registrations=[registration])
    return True


def give_up(registration: Registration) -> None:
    move([registration], Status.CANCELLED, timezone.now())
    registrations_cancelled.send(sender=Registration, registrations=[registration])
    offer_free_seats(registration.session)


def is_door_open(session: Session) -> bool:
    """Whether it can be known who comes."""
    return session.starts_at - DOOR <= timezone.now()


def lock_all(sessions: Iterable[int]) -> list[Session]:
    """The sessions with these ids, each once, locked in the one order in which everybody locks sessions."""
    return list(Session.objects.filter(pk__in=set(sessions)).order_by("pk").select_for_update(no_key=True))
