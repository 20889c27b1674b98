"""Two tabs, two people, one link: nothing is counted or told twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from leads.actions import MOST_DOWNLOADS, confirm_consent, forget, record_download, withdraw_consent
from leads.models import Consent, Lead, Touchpoint
from leads.signals import leads_changed
from tests.factories import ConsentFactory, TouchpointFactory, WhitepaperFactory
from tests.leads.listening import listen

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    start = Barrier(len(actions))

    def work(action: Callable[[], Any]) -> Any:
        try:
            start.wait(60)
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(work, actions))


def test_downloads_at_the_same_time_never_exceed_the_limit() -> None:
    touchpoint = TouchpointFactory(whitepaper=WhitepaperFactory(), downloads=MOST_DOWNLOADS - 3)

    allowed = at_once(*[lambda: record_download(touchpoint)] * THREADS)

    assert sum(allowed) == 3
    assert Touchpoint.objects.get().downloads == MOST_DOWNLOADS


def test_confirmations_at_the_same_time_are_told_once() -> None:
    pk = ConsentFactory().pk

    with listen(leads_changed) as told:
        confirmed = at_once(*[lambda: confirm_consent(Consent.objects.get(pk=pk))] * THREADS)

    assert confirmed == [True] * THREADS
    assert len(told) == 1


def test_confirming_while_withdrawing_ends_withdrawn() -> None:
    for _ in range(5):
        consent = ConsentFactory()
        withdraw = Lead.objects.get(pk=consent.lead.pk)

        at_once(lambda: confirm_consent(consent), lambda: withdraw_consent(withdraw))  # noqa: B023

    assert not Lead.objects.filter(marketing_consent=True).exists()
    assert not Consent.objects.filter(withdrawn_at=None).exists()


def test_following_links_while_being_forgotten_brings_nobody_back() -> None:
    for _ in range(5):
        consent = ConsentFactory()
        touchpoint = TouchpointFactory(whitepaper=WhitepaperFactory(), lead=consent.lead)
        lead = Lead.objects.get(pk=consent.lead.pk)

        at_once(
            lambda: confirm_consent(consent),  # noqa: B023
            lambda: record_download(touchpoint),  # noqa: B023
            lambda: forget([lead]),  # noqa: B023
        )

    assert set(Lead.objects.values_list("marketing_consent", "email_confirmed_at")) == {(False, None)}
