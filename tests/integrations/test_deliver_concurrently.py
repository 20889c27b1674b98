"""Several workers at once: nothing lost, nothing doubled."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection as database

from integrations import outbox
from integrations.models import Attempt, Connection, Delivery, HourlyStat, IntegrationLog
from leads.models import Lead
from tests.factories import LeadFactory
from tests.postbox.sandbox import Postbox
from tests.postbox.service import PostboxService

from .conftest import change

WORKERS, LETTERS = 4, 100

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def leads(connection: Connection) -> list[Lead]:
    change(connection, batch_size=7)
    leads = Lead.objects.bulk_create(LeadFactory.build_batch(LETTERS))
    outbox.keep_in_sync(PostboxService.post_letters, leads)
    return leads


def drain_together() -> list[outbox.Tally]:
    start = Barrier(WORKERS)

    def work(number: int) -> outbox.Tally:
        start.wait(60)
        try:
            return outbox.drain(integration="postbox")
        finally:
            database.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, range(WORKERS)))


def test_each_letter_is_posted_once(leads: list[Lead], postbox: Postbox) -> None:
    tallies = drain_together()

    posted = Counter(number for bag in postbox.bags for number in bag)
    assert posted == dict.fromkeys((lead.pk for lead in leads), 1)
    assert sum(tally.successful for tally in tallies) == LETTERS
    assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.DELIVERED}


def test_each_call_is_counted_once(leads: list[Lead], postbox: Postbox) -> None:
    drain_together()

    calls = HourlyStat.objects.get(operation="post_letters").calls
    assert calls == len(postbox.requests) == IntegrationLog.objects.filter(operation="post_letters").count()
    assert Attempt.objects.count() == LETTERS


def test_refused_letter_does_not_disturb_the_other_workers(leads: list[Lead], postbox: Postbox) -> None:
    Lead.objects.filter(pk=leads[50].pk).update(name="POISON")
    postbox.chokes_on = "POISON"

    drain_together()

    dead = Delivery.objects.dead().values_list("subject_id", flat=True)
    assert list(dead) == [leads[50].pk]
    assert Delivery.objects.filter(state=Delivery.State.DELIVERED).count() == LETTERS - 1
