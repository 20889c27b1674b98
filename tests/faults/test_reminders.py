"""Two beats and workers that are killed: who is to be reminded is, once for each rule, and nobody else."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from integrations.email.sandbox import MailSandbox
from integrations.models import Delivery
from tests.factories import RegistrationFactory, SessionFactory
from webinars.models import ReminderRule, Session

from .processes import BEAT, WORKER, broker, processes
from .test_chaos import all_delivered, hurry_beat, until
from .test_letters import THREADS, connect, kill_on_the_way

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[MailSandbox]:
    with MailSandbox(tmp_path, keep=100_000) as peer:
        yield peer


def hurry() -> None:
    """Everything that this is about is swept every second, by rules that were always there."""
    ReminderRule.objects.update(counts_from=LONG_AGO)
    hurry_beat()
    swept = PeriodicTask.objects.get(name="Deliver everything else").interval
    PeriodicTask.objects.filter(task="webinars.tasks.send_webinar_reminders").update(interval=swept)


def people_of(session: Session, number: int, *, since: datetime) -> list[str]:
    """So many who have had a seat since then; their addresses."""
    people = RegistrationFactory.create_batch(number, session=session, registered_at=since, confirmed_at=since)
    return [person.email for person in people]


@pytest.mark.parametrize(("number", "kills"), [(40, 2), pytest.param(2000, 10, marks=pytest.mark.soak)])
def test_everybody_is_reminded_once_for_each_rule(peer: MailSandbox, number: int, kills: int) -> None:
    hurry()
    connect(peer)
    now = timezone.now()
    soon = SessionFactory(starts_at=now + timedelta(days=1))  # both reminders are overdue
    later = SessionFactory(starts_at=now + timedelta(days=6))  # the first one is
    twice = people_of(soon, number, since=LONG_AGO)
    once = people_of(later, number, since=LONG_AGO) + people_of(soon, 5, since=now - timedelta(days=2))
    people_of(later, 5, since=now)  # too late for the first reminder

    with broker() as redis_url, processes(redis_url, WORKER, WORKER, BEAT, BEAT) as (first, second, *_beats):
        kill_on_the_way([first, second], peer, 3 * number + 5, kills=kills)
        until(lambda: Delivery.objects.count() == 3 * number + 5 and all_delivered(), 60 + number / 10)

    ids = {letter.id: letter.recipients[0] for letter in peer.letters}  # which a mail program shows once
    print(f"{len(ids)} reminders, {kills} kills: {len(peer.letters) - len(ids)} of them again")  # noqa: T201
    assert Counter(ids.values()) == Counter({**dict.fromkeys(twice, 2), **dict.fromkeys(once, 1)})
    assert len(peer.letters) - len(ids) <= kills * THREADS
