"""Two beats and workers that are killed: of each meeting client and consultant are reminded once, and of no other."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from bookings.actions import book, cancel
from bookings.models import Booking, Reminded, ReminderRule
from integrations.email.sandbox import MailSandbox
from integrations.models import Delivery
from tests.factories import ConsultantFactory, a_client

from .processes import BEAT, WORKER, broker, processes
from .test_chaos import all_delivered, hurry_beat, until
from .test_letters import THREADS, connect, kill_on_the_way
from .test_reminders import LONG_AGO

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[MailSandbox]:
    with MailSandbox(tmp_path, keep=100_000) as peer:
        yield peer


def hurry() -> None:
    """Everything that this is about is swept every second, by rules that were always there."""
    ReminderRule.objects.update(counts_from=LONG_AGO)
    hurry_beat()
    swept = PeriodicTask.objects.get(name="Deliver everything else").interval
    PeriodicTask.objects.filter(task="bookings.tasks.send_booking_reminders").update(interval=swept)


def meetings(number: int, start: datetime, *, agreed_at: datetime) -> list[Booking]:
    """As many, each of its own consultant; nothing else about them waits."""
    made = []
    for count in range(number):
        client = a_client(f"{start:%d%H%M}-{count}@client.example", meeting_type="phone", phone="1")
        made.append(book(ConsultantFactory(), start, 60, client, lenient=True))
    Booking.objects.filter(pk__in=[each.pk for each in made]).update(confirmed_at=agreed_at)
    return made


def both(bookings: list[Booking]) -> list[str]:
    return [address for each in bookings for address in (each.email, each.consultant.email)]


@pytest.mark.parametrize(("number", "kills"), [(15, 2), pytest.param(500, 10, marks=pytest.mark.soak)])
def test_everybody_is_reminded_once(peer: MailSandbox, number: int, kills: int) -> None:
    hurry()
    connect(peer)
    now = timezone.now()
    soon = meetings(number, now + timedelta(hours=1), agreed_at=LONG_AGO)  # both are overdue: one goes out
    tomorrow = meetings(number, now + timedelta(hours=20), agreed_at=LONG_AGO)
    meetings(3, now + timedelta(hours=10), agreed_at=now)  # too late for the first one
    meetings(3, now + timedelta(days=3), agreed_at=LONG_AGO)
    cancel(meetings(1, now + timedelta(hours=5), agreed_at=LONG_AGO)[0])
    Delivery.objects.all().delete()
    total = 4 * number

    with broker() as redis_url, processes(redis_url, WORKER, WORKER, BEAT, BEAT) as (first, second, *_beats):
        kill_on_the_way([first, second], peer, total, kills=kills)
        until(lambda: Delivery.objects.count() == total and all_delivered(), 60 + number / 5)

    ids = {letter.id: letter.recipients[0] for letter in peer.letters}  # which a mail program shows once
    print(f"{len(ids)} reminders, {kills} kills: {len(peer.letters) - len(ids)} of them again")  # noqa: T201
    assert Counter(ids.values()) == Counter(both(soon) + both(tomorrow))
    assert len(peer.letters) - len(ids) <= kills * THREADS
    assert Reminded.objects.count() == 3 * number
