"""Many at once: no deadlock, nobody twice."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from leads.actions import capture, forget
from leads.models import Lead, Touchpoint
from tests.factories import a_capture

THREADS, PEOPLE, ROUNDS = 8, 20, 5
ADDRESSES = [f"person-{n}@client.example" for n in range(PEOPLE)]

pytestmark = pytest.mark.django_db(transaction=True)


def test_threads_capturing_the_same_people_in_any_order_make_one_lead_each() -> None:
    start = Barrier(THREADS)

    def work(number: int) -> None:
        order = random.Random(number)
        start.wait(60)
        for turn in range(ROUNDS):
            key = f"{number}-{turn}"
            twice = order.sample(ADDRESSES, PEOPLE) + order.sample(ADDRESSES, 5)
            capture([a_capture(email, key=f"{key}-{n}") for n, email in enumerate(twice)])
        connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))

    assert sorted(Lead.objects.values_list("email", flat=True)) == sorted(ADDRESSES)
    assert Touchpoint.objects.count() == THREADS * ROUNDS * (PEOPLE + 5)


def test_same_touchpoint_captured_by_all_threads_at_once_is_one() -> None:
    start = Barrier(THREADS)

    def work(number: int) -> None:
        start.wait(60)
        capture([a_capture(name="Ada", marketing_consent=True)])
        connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))

    lead = Lead.objects.get()
    assert (lead.touchpoints.count(), lead.consents.count()) == (1, 1)


def test_forgetting_while_capturing_neither_deadlocks_nor_brings_anybody_back() -> None:
    capture([a_capture(email, name="SECRET") for email in ADDRESSES])
    known = list(Lead.objects.all())
    start = Barrier(2)

    def come_again() -> None:
        start.wait(60)
        for turn in range(ROUNDS):
            capture([a_capture(email, key=f"again-{turn}") for email in reversed(ADDRESSES)])
        connection.close()

    def forget_all() -> None:
        start.wait(60)
        forget(known)
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(come_again), pool.submit(forget_all)]:
            done.result(30)

    assert not Lead.objects.filter(name="SECRET").exists()
    assert Lead.objects.filter(status=Lead.Status.FORGOTTEN).count() == PEOPLE
