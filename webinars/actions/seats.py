"""Whose turn it is: seats are counted and given away under the lock of their session only."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from webinars.errors import ImpossibleMove
from webinars.models import Registration, Session
from webinars.models.registration import TAKEN, Status
from webinars.signals import registrations_confirmed, seats_offered

HOLD = timedelta(minutes=30)  # for paying
SHORTEST_HOLD = timedelta(minutes=1)  # nobody pays in less
OFFER = timedelta(hours=24)  # for accepting a seat

# By hand, because everybody who registers waits for whoever counts: composing it anew took longer than the answer.
_ROOM = """
SELECT count(*) FILTER (WHERE status = ANY(%(taken)s)), count(*) FILTER (WHERE status = %(waiting)s),
    coalesce(max(number), 0)
FROM webinars_registration WHERE session_id = %(session)s
"""


@dataclass(frozen=True, slots=True)
class Room:
    """How full a session is."""

    capacity: int | None
    taken: int
    waiting: int
    last_number: int

    def free(self, most: int) -> int:
        """Seats that nobody has, `most` at most."""
        return most if self.capacity is None else min(most, max(0, self.capacity - self.taken))


def lock(session: Session) -> Session:
    """This object as its row is now, locked until the transaction ends."""
    locked = Session.objects.select_for_update(no_key=True).get(pk=session.pk)
    for field in Session._meta.concrete_fields:
        setattr(session, field.attname, getattr(locked, field.attname))
    return session


def locked(registration: Registration) -> Registration:
    """This object as its row is now, under the lock of its session."""
    session = lock(registration.session)
    registration.refresh_from_db()
    registration.session = session
    return registration


def room_in(session: Session) -> Room:
    with connection.cursor() as cursor:
        cursor.execute(_ROOM, {"session": session.pk, "taken": sorted(TAKEN), "waiting": Status.WAITLISTED})
        return Room(session.capacity, *cursor.fetchone())


@transaction.atomic
def offer_free_seats(session: Session) -> Sequence[Registration]:
    """Hold each free seat for the next in line; says for whom. Nothing is offered once registration has closed."""
    now = timezone.now()
    session = lock(session)
    if session.status != Session.Status.PUBLISHED or session.closes_at <= now:
        return []
    room = room_in(session)
    if not (number := room.free(room.waiting)):
        return []
    next_ones = of(session, session.registrations.filter(status=Status.WAITLISTED).order_by("number")[:number])
    move(next_ones, Status.OFFERED, now, held_until=min(now + OFFER, session.closes_at))
    seats_offered.send(sender=Registration, registrations=next_ones)
    return next_ones


def hold_for_paying(session: Session, now: datetime) -> datetime | None:
    """Until when a seat is held, at the latest until the session starts; None where that leaves no time to pay."""
    until = min(now + HOLD, session.starts_at)
    return until if until - now >= SHORTEST_HOLD else None


def confirm(registrations: Sequence[Registration], now: datetime) -> None:
    move(registrations, Status.CONFIRMED, now)
    registrations_confirmed.send(sender=Registration, registrations=registrations)


def move(
    registrations: Sequence[Registration], status: Status, now: datetime, *, held_until: datetime | None = None
) -> None:
    """Write that state, to the rows and to these objects. The caller holds the locks and has checked where from."""
    changes = {"status": status, "held_until": held_until, "updated_at": now}
    if status == Status.CONFIRMED:
        changes["confirmed_at"] = now
    for registration in registrations:
        for field, value in changes.items():
            setattr(registration, field, value)
    Registration.objects.filter(pk__in=[registration.pk for registration in registrations]).update(**changes)


def of(session: Session, registrations: Iterable[Registration]) -> list[Registration]:
    """As a list whose members know that session, without asking for it again."""
    found = list(registrations)
    for registration in found:
        registration.session = session
    return found


def expect(row: Registration | Session, allowed: Container[str]) -> None:
    """Raise `ImpossibleMove` unless it is in one of these states."""
    if row.status not in allowed:
        raise ImpossibleMove(row.get_status_display())
