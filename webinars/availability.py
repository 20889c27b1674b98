"""What a visitor can do about a session right now. Counted without a lock: the action decides, this only tells."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, TextChoices
from django.utils.translation import gettext_lazy as _

from webinars.errors import PaymentsUnavailable
from webinars.models import Registration, Session
from webinars.models.registration import TAKEN, Status
from webinars.models.session import SessionQuerySet
from webinars.ports import payments


class State(TextChoices):
    OPEN = "open", _("Open for registration")
    WAITING_LIST = "waiting_list", _("Full, with a waiting list")
    FULL = "full", _("Full")
    NOT_YET = "not_yet", _("Registration has not opened yet")
    CLOSED = "closed", _("Registration has closed")
    CANCELLED = "cancelled", _("Cancelled")
    PAST = "past", _("Over")
    NOT_PAYABLE = "not_payable", _("Cannot be paid here yet")


@dataclass(frozen=True, slots=True)
class Availability:
    state: State
    free: int | None  # seats that nobody has; None: no limit

    @property
    def seats_left(self) -> int | None:
        """For a newcomer: what is free belongs to who waits."""
        return 0 if self.state in (State.WAITING_LIST, State.FULL) else self.free

    @property
    def takes_registrations(self) -> bool:
        return self.state in (State.OPEN, State.WAITING_LIST)


def counted(sessions: SessionQuerySet) -> SessionQuerySet:
    """With `taken` and `waiting` on each session, and its topic: what `of` needs, in the same query."""
    return sessions.select_related("topic").annotate(
        taken=Count("registrations", filter=Q(registrations__status__in=TAKEN)),
        waiting=Count("registrations", filter=Q(registrations__status=Status.WAITLISTED)),
    )


def visible() -> SessionQuerySet:
    """Every session that has been announced, whatever became of it."""
    return Session.objects.exclude(status=Session.Status.DRAFT)


def of(session: Session, now: datetime) -> Availability:
    """Of a session that came out of `counted`."""
    counts: Any = session
    left = None if session.capacity is None else max(0, session.capacity - counts.taken)
    return Availability(by_time(session, now) or by_seats(session, left, counts.waiting), left)


def by_time(session: Session, now: datetime) -> State | None:
    if session.status == Session.Status.CANCELLED:
        return State.CANCELLED
    if session.status == Session.Status.COMPLETED or session.starts_at <= now:
        return State.PAST
    if session.closes_at <= now:
        return State.CLOSED
    return None if session.is_open(now) else State.NOT_YET


def by_seats(session: Session, left: int | None, waiting: int) -> State:
    """A newcomer queues up behind who waits, even if a seat is free."""
    full = waiting > 0 or left == 0
    if full and not session.waiting_list:
        return State.FULL
    if not (session.is_free or can_be_paid()):
        return State.NOT_PAYABLE
    return State.WAITING_LIST if full else State.OPEN


def can_be_paid() -> bool:
    try:
        payments().check()
    except PaymentsUnavailable:
        return False
    return True


def of_newcomer(session: Session, availability: Availability) -> Registration.Status:
    """What somebody who registers now would get."""
    if availability.state == State.WAITING_LIST:
        return Status.WAITLISTED
    return Status.CONFIRMED if session.is_free else Status.PENDING_PAYMENT
