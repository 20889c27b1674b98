"""What the clock sets off about people: the morning letter, and the round of every minute, in which what was left lying
is escalated and a monitor outside hears that we live.

`HEARTBEAT_URL` is asked after a good round only. Whoever watches it learns of what we cannot tell ourselves: that the
workers or beat are dead, or that something needs somebody and there was no way to say so.
"""

from datetime import datetime, time, timedelta

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from . import http, incidents, needs, situation
from .models import Heartbeat, Incident
from .signals import mornings_came

logger = structlog.get_logger(__name__)
PATIENCE = 5  # seconds to wait for the monitor: the next round is never far


def go_round() -> bool:
    """Says whether it was a good one. Called by a worker whom beat has asked."""
    incidents.escalate()
    found = faults()
    if found:
        logger.warning("no heartbeat is sent", faults=found)
    elif settings.HEARTBEAT_URL:
        ping(settings.HEARTBEAT_URL)
    return not found


def faults() -> list[str]:
    """What keeps this round from being a good one, as words for the log."""
    now = situation.Situation()
    dead = [name for name in (*Heartbeat.QUEUES, "beat") if not now.is_alive(name)]
    return [*dead, *(["untold incidents"] if Incident.objects.untold().exists() else [])]


def ping(url: str) -> None:
    """The address is a secret: whoever knows it can pretend that we live. So no log names it."""
    try:
        with http.get(url, timeout=PATIENCE, stream=True) as answer:
            if answer.status_code >= 300:
                logger.warning("the heartbeat was refused", status=answer.status_code)
    except Exception as error:  # named only: its text quotes the address
        logger.warning("the heartbeat did not arrive", error=type(error).__name__)


def say_good_morning() -> int:
    """Have the morning letter written to whoever asked for it and has something to read; returns to how many.

    Once a day, however often it is called: the day is the letters' occasion.
    """
    now = situation.Situation()
    staff = User.objects.filter(alerts__digest=True, is_active=True, is_staff=True).exclude(email="")
    users = [user for user in staff.order_by("pk") if needs.needs_you(user, now)]
    today = timezone.localdate()
    tomorrow = timezone.make_aware(datetime.combine(today + timedelta(days=1), time()))
    with transaction.atomic():
        mornings_came.send(sender=User, users=users, day=today, over_at=tomorrow)
    return len(users)
