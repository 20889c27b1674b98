"""Reminding people of what they registered for.

The sweep asks how far each session is with each rule, not each registration: it costs the same however many come.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models.functions import Coalesce

from leads.reminding import SLACK
from leads.sweeping import one_by_one
from webinars.actions.seats import lock, of
from webinars.models import Registration, Reminded, ReminderRule, Session
from webinars.models.registration import Status
from webinars.signals import reminders_due


class Due(NamedTuple):
    rule: ReminderRule
    session: Session
    at: datetime


def send_reminders(now: datetime) -> int:
    """Tell of everybody who is to be reminded by now; says how many. Running twice at once does no harm.

    A transaction per session and rule: whoever is killed in the middle leaves nothing half done, and the next sweep
    goes on. What was missed is caught up with until the session starts, and never afterwards. Raises `ExceptionGroup`
    of the sessions that failed, when all the others had their turn.
    """
    return one_by_one("reminders", due(now), lambda each: remind(each.rule, each.session, now))


def due(now: datetime) -> list[Due]:
    """What no sweep has seen to yet, the next session first."""
    rules = list(ReminderRule.objects.filter(active=True))
    longest = max((rule.before for rule in rules), default=timedelta(0))
    sessions = Session.objects.upcoming(now).filter(starts_at__lte=now + longest + SLACK)
    own = {(rule.session_id, rule.before) for rule in ReminderRule.objects.exclude(session=None)}
    done = set(Reminded.objects.filter(starts_at__gt=now).values_list("session", "starts_at", "before"))
    return [
        Due(rule, session, rule.due_at(session))
        for session in sessions
        for rule in rules
        if rule.session_id == session.pk or (rule.session_id is None and (session.pk, rule.before) not in own)
        if is_due(rule, session, now) and (session.pk, session.starts_at, rule.before) not in done
    ]


def is_due(rule: ReminderRule, session: Session, now: datetime) -> bool:
    return rule.is_due(session.local_start, now, since=session.moved_at)


@transaction.atomic
def remind(rule: ReminderRule, session: Session, now: datetime) -> int:
    """Whoever has had a seat since before this reminder was due; says how many these are.

    Under the session's lock: nobody moves or cancels it meanwhile, and a second sweep finds that it is done.
    """
    session = lock(session)
    if session.status != Session.Status.PUBLISHED or not is_due(rule, session, now):
        return 0
    _, is_first = Reminded.objects.get_or_create(
        session=session, starts_at=session.starts_at, before=rule.before, defaults={"reminded_at": now}
    )
    seated = session.registrations.filter(status=Status.CONFIRMED).alias(
        since=Coalesce("confirmed_at", "registered_at")
    )
    people = of(session, seated.filter(since__lte=rule.due_at(session)).order_by("number")) if is_first else []
    if people:
        reminders_due.send(sender=Registration, registrations=people, rule=rule)
    return len(people)
