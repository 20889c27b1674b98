"""What goes out together, and how it is written down."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import outbox
from integrations.models import Attempt, Connection, Delivery, IntegrationLog
from leads.models import Lead
from tests.factories import LeadFactory
from tests.postbox.sandbox import Postbox

from .conftest import change
from .promising import CARDS, LETTERS, Handle, State, drain, promise, row, states

pytestmark = pytest.mark.django_db


class TestBatches:
    def test_hundred_letters_are_one_call(self, connection: Connection, postbox: Postbox) -> None:
        leads = promise(*map(str, range(100)))

        tally = drain()

        assert postbox.bags == [sorted(lead.pk for lead in leads)]
        assert (tally.processed, tally.successful) == (100, 100)
        assert set(states()) == {State.DELIVERED}

    def test_batch_size_is_a_setting(self, connection: Connection, postbox: Postbox) -> None:
        change(connection, batch_size=2)
        promise("a", "b", "c")

        drain()

        assert [len(bag) for bag in postbox.bags] == [2, 1]

    def test_call_is_one_log_row_and_an_attempt_each(self, connection: Connection) -> None:
        promise("a", "b")

        drain()

        log = IntegrationLog.objects.get(operation="post_letters")
        assert (log.trigger, log.size) == ("delivery", 2)
        assert list(Attempt.objects.values_list("number", "outcome", "log")) == [(1, "delivered", log.pk)] * 2

    def test_number_of_queries_does_not_grow_with_the_batch(self, connection: Connection) -> None:
        promise("the first call of an hour")
        drain()
        counts = []

        for number in (2, 200):
            outbox.keep_in_sync(LETTERS, Lead.objects.bulk_create(LeadFactory.build_batch(number)))
            with CaptureQueriesContext(database) as queries:
                drain()
            counts.append(len(queries))

        assert counts[0] == counts[1]

    def test_deleted_subject_is_cancelled(self, connection: Connection, postbox: Postbox) -> None:
        gone, there = promise("a", "b")
        number = gone.pk
        gone.delete()

        drain()

        assert Delivery.objects.get(subject_id=number).state == State.CANCELLED
        assert Attempt.objects.get(delivery__subject_id=number).outcome == "obsolete"
        assert postbox.bags == [[there.pk]]

    def test_current_data_goes_out(self, connection: Connection, postbox: Postbox) -> None:
        (lead,) = promise("old")
        Lead.objects.update(name="new")

        drain()

        assert postbox.texts == ["Dear new"]
        assert row(lead).state == State.DELIVERED

    def test_change_during_the_call_goes_out_after_it(
        self, connection: Connection, handle: Callable[[Handle], None]
    ) -> None:
        (lead,) = promise("old")
        sent = []

        def handler(leads: Sequence[Lead]) -> Iterator[tuple[Sequence[Lead], Any]]:
            sent.append(leads[0].name)
            if len(sent) == 1:
                Lead.objects.update(name="new")
                outbox.keep_in_sync(LETTERS, leads)
            yield leads, None

        handle(handler)
        drain()

        assert sent == ["old", "new"]
        assert (row(lead).state, row(lead).version, row(lead).attempts) == (State.DELIVERED, 2, 2)

    def test_two_promises_about_one_subject_are_both_kept(self, connection: Connection, postbox: Postbox) -> None:
        (lead,) = promise("Ada")
        outbox.once(LETTERS, lead, "birthday")
        outbox.once(LETTERS, lead, "christmas")

        drain()

        assert states() == [State.DELIVERED] * 3
        assert postbox.bags == [[lead.pk]] * 3

    def test_higher_priority_goes_first(self, connection: Connection, postbox: Postbox) -> None:
        change(connection, batch_size=1)
        later, sooner = promise("a", "b")
        Delivery.objects.filter(subject_id=sooner.pk).update(priority=1)

        drain()

        assert postbox.bags == [[sooner.pk], [later.pk]]

    def test_row_waits_until_it_is_due(self, connection: Connection, postbox: Postbox) -> None:
        outbox.once(CARDS, LeadFactory(), due_at=timezone.now() + timedelta(hours=1))

        drain()
        assert postbox.requests == []
        with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
            drain()
        assert len(postbox.requests) == 1

    def test_row_past_its_time_expires_unsent(self, connection: Connection, postbox: Postbox) -> None:
        outbox.once(CARDS, LeadFactory(), expires_at=timezone.now() - timedelta(seconds=1))

        drain()

        assert (states(), postbox.requests) == ([State.EXPIRED], [])

    def test_cancelled_row_is_not_sent(self, connection: Connection, postbox: Postbox) -> None:
        promise("a")
        Delivery.objects.all().cancel()

        drain()

        assert (states(), postbox.requests) == ([State.CANCELLED], [])

    def test_replayed_row_is_sent_again_with_current_data(self, connection: Connection, postbox: Postbox) -> None:
        promise("old")
        drain()
        Lead.objects.update(name="new")

        Delivery.objects.all().replay()
        drain()

        assert postbox.texts == ["Dear old", "Dear new"]

    def test_sweep_asks_the_same_however_many_operations_are_idle(self, connection: Connection) -> None:
        with CaptureQueriesContext(database) as few:
            outbox.drain(integration="postbox")
        with CaptureQueriesContext(database) as all_of_them:
            outbox.drain()

        assert len(all_of_them) == len(few)
