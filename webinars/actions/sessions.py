"""Announcing, moving and ending sessions."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from webinars.actions.following import abandon
from webinars.actions.seats import confirm, expect, lock, move, of, offer_free_seats, room_in
from webinars.actions.settling import due_in_full, open_payments, settle_up
from webinars.errors import (
    CapacityBelowTaken,
    SessionInThePast,
    SessionNotStarted,
    SessionOver,
)
from webinars.models import Refund, Registration, ReminderRule, Session
from webinars.models.registration import OPEN, Status
from webinars.signals import registrations_cancelled, sessions_cancelled, sessions_changed, sessions_published

TIMES = ("starts_at", "duration_minutes")
PRICE = ("price", "currency")
OPENING = ("registration_opens_at", "registration_closes_at")
SHOWN_IN_CALENDARS = frozenset({*TIMES, "zone", "topic", "presenter", "meeting_url"})
REFUNDS = ("full_refund_days", "partial_refund_days", "partial_refund_percent")
COPIED = (
    "topic",
    "duration_minutes",
    "zone",
    "capacity",
    "waiting_list",
    *PRICE,
    "vat_rate",
    *REFUNDS,
    "languages",
    "presenter",
)
EDITABLE = frozenset({"slug", "starts_at", "meeting_url", *OPENING, *COPIED})
DATED = re.compile(r"-\d{4}-\d\d-\d\d(-\d+)?$")
AHEAD = frozenset({Session.Status.DRAFT, Session.Status.PUBLISHED})


@transaction.atomic
def create_session(details: Mapping[str, Any]) -> Session:
    """A draft, of fields as in `EDITABLE`. Without a slug it gets one of its topic and its day."""
    if unknown := details.keys() - EDITABLE:
        raise ValueError(f"Not editable in a session: {', '.join(sorted(unknown))}")
    session = Session(**details)
    session.slug = session.slug or free_slug(slugify(session.topic.title) or "webinar", session)
    session.save()
    return session


@transaction.atomic
def publish_session(session: Session) -> None:
    """Open a draft to the public. Raises `ImpossibleMove`, `SessionInThePast`."""
    expect(lock(session), {Session.Status.DRAFT})
    if session.starts_at <= timezone.now():
        raise SessionInThePast
    set_status(session, Session.Status.PUBLISHED)
    sessions_published.send(sender=Session, sessions=[session])


@transaction.atomic
def complete_session(session: Session) -> None:
    """It took place. Raises `ImpossibleMove`, `SessionNotStarted`."""
    expect(lock(session), {Session.Status.PUBLISHED})
    if session.starts_at > timezone.now():
        raise SessionNotStarted
    set_status(session, Session.Status.COMPLETED)


@transaction.atomic
def cancel_session(session: Session) -> None:
    """It does not take place, and nobody has a seat in it any more. Raises `ImpossibleMove`, `SessionOver`."""
    expect(lock(session), AHEAD)
    was_published = session.status == Session.Status.PUBLISHED
    if was_published and session.ends_at <= timezone.now():
        raise SessionOver
    session.sequence += 1
    set_status(session, Session.Status.CANCELLED)
    if was_published:
        sessions_cancelled.send(sender=Session, sessions=[session])
    if registrations := of(session, session.registrations.filter(status__in=OPEN).order_by("number")):
        due = due_in_full(registrations)
        move(registrations, Status.CANCELLED, timezone.now())
        registrations_cancelled.send(sender=Registration, registrations=registrations)
        settle_up(registrations, due, Refund.Reason.SESSION_CANCELLED)


@transaction.atomic
def change_session(session: Session, changes: Mapping[str, Any], *, confirmed: bool = False) -> bool:
    """Describe a session otherwise; says whether anything is different now. New seats go to those who wait.

    Raises `CapacityBelowTaken` unless `confirmed`, `SessionInThePast`, `ImpossibleMove`.
    """
    if unknown := changes.keys() - EDITABLE:
        raise ValueError(f"Not editable in a session: {', '.join(sorted(unknown))}")
    expect(lock(session), AHEAD)
    changed = {field for field, value in changes.items() if getattr(session, field) != value}
    if not changed:
        return False
    for field in changed:
        setattr(session, field, changes[field])
    check(session, changed, confirmed=confirmed)
    session.sequence += bool(changed & SHOWN_IN_CALENDARS)
    if "starts_at" in changed:
        session.moved_at = timezone.now()
    session.save(update_fields=[*changed, "sequence", "moved_at", "updated_at"])
    shorten_holds(session)
    if "price" in changed and session.is_free:
        give_seats_away(session)
    if session.status == Session.Status.PUBLISHED:
        sessions_changed.send(sender=Session, sessions=[session], moved=not changed.isdisjoint(TIMES))
    offer_free_seats(session)
    return True


@transaction.atomic
def clone_session(session: Session, starts_at: datetime) -> Session:
    """A draft of the same at another time, without people; its registration opens and closes as long before."""
    original = lock(session)
    clone = Session(starts_at=starts_at, **{field: getattr(original, field) for field in COPIED})
    for field in OPENING:
        setattr(clone, field, as_long_before(getattr(original, field), original, clone))
    clone.slug = free_slug(original.slug, clone)
    clone.save()
    rules = original.reminder_rules.all()
    ReminderRule.objects.bulk_create(
        [ReminderRule(session=clone, before=rule.before, active=rule.active) for rule in rules]
    )
    return clone


def check(session: Session, changed: set[str], *, confirmed: bool) -> None:
    """What people who have a seat already, or look for one, may be promised otherwise."""
    if "starts_at" in changed and session.status == Session.Status.PUBLISHED and session.starts_at <= timezone.now():
        raise SessionInThePast
    if "capacity" in changed and session.capacity is not None and not confirmed:
        taken = room_in(session).taken
        if session.capacity < taken:
            raise CapacityBelowTaken(taken)


def give_seats_away(session: Session) -> None:
    """Whoever was about to pay has nothing to pay any more."""
    pending = of(session, session.registrations.filter(status=Status.PENDING_PAYMENT).order_by("number"))
    if pending:
        confirm(pending, timezone.now())
        abandon(open_payments(pending), timezone.now())


def shorten_holds(session: Session) -> None:
    """No offer outlasts registration, and nobody pays for a seat after the start."""
    for status, end in ((Status.OFFERED, session.closes_at), (Status.PENDING_PAYMENT, session.starts_at)):
        session.registrations.filter(status=status, held_until__gt=end).update(held_until=end)


def as_long_before(moment: datetime | None, original: Session, clone: Session) -> datetime | None:
    """Moved with the start, by the clock on the wall: what closed at noon closes at noon, summer time or not."""
    if moment is None:
        return None
    zone = ZoneInfo(original.zone)
    distance = clone.local_start.replace(tzinfo=None) - original.local_start.replace(tzinfo=None)
    return (moment.astimezone(zone) + distance).astimezone(ZoneInfo("UTC"))


def free_slug(name: str, session: Session) -> str:
    """`data-strategy` -> `data-strategy-2026-11-24`, in place of an older date; with a number where that is taken."""
    slug = f"{DATED.sub('', name)[:80]}-{session.local_start:%Y-%m-%d}"
    taken = set(Session.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    names = [slug, *(f"{slug}-{number}" for number in range(2, len(taken) + 2))]
    return next(name for name in names if name not in taken)


def set_status(session: Session, status: Session.Status) -> None:
    session.status = status
    session.save(update_fields=["status", "sequence", "updated_at"])
