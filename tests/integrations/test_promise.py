"""The two verbs: what a promise writes, and when."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from celery import current_app
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from integrations import outbox
from integrations.models import Connection, Delivery
from integrations.outbox import wake
from leads.models import Lead
from tests.factories import LeadFactory
from tests.postbox.service import PostboxService
from tests.timing import in_time

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
State = Delivery.State
LETTERS, CARDS = PostboxService.post_letters, PostboxService.post_cards


@pytest.mark.django_db
class TestHurry:
    def later(self, *leads: Lead) -> datetime:
        due_at = timezone.now() + timedelta(minutes=5)
        outbox.once(LETTERS, leads, due_at=due_at)
        return due_at

    def test_what_waits_for_its_hour_is_due_now(self, connection: Connection) -> None:
        ada, bob, eve = LeadFactory.create_batch(3)
        due_at = self.later(ada, eve)
        outbox.once(CARDS, [bob], due_at=due_at)

        assert outbox.hurry([LETTERS], [ada, bob]) == {ada.pk}

        assert Delivery.objects.get(subject_id=ada.pk).due_at <= timezone.now()
        assert set(Delivery.objects.exclude(subject_id=ada.pk).values_list("due_at", flat=True)) == {due_at}

    @pytest.mark.parametrize("state", [State.IN_FLIGHT, State.DELIVERED, State.DEAD, State.CANCELLED, State.EXPIRED])
    def test_what_waits_no_more_stays_as_it_is(self, connection: Connection, state: str) -> None:
        lead = LeadFactory()
        due_at = self.later(lead)
        Delivery.objects.update(state=state)

        assert outbox.hurry([LETTERS], [lead]) == set()
        assert Delivery.objects.get().due_at == due_at

    def test_what_failed_before_keeps_to_its_pause(self, connection: Connection) -> None:
        lead = LeadFactory()
        due_at = self.later(lead)
        Delivery.objects.update(attempts=1, failures=1)

        assert outbox.hurry([LETTERS], [lead]) == {lead.pk}
        assert Delivery.objects.get().due_at == due_at


@pytest.mark.django_db
class TestKeepInSync:
    def test_first_time_makes_a_row_that_is_due(self, connection: Connection) -> None:
        lead = LeadFactory()

        assert outbox.keep_in_sync(LETTERS, [lead]) == 1

        row = Delivery.objects.get()
        assert (row.state, row.version, row.priority) == (State.PENDING, 1, 10)
        assert (row.connection, row.integration) == (connection, connection.integration)
        assert (row.operation, row.subject_type, row.subject_id) == ("post_letters", "leads.lead", lead.pk)
        assert row.due_at <= timezone.now()

    @pytest.mark.parametrize("state", [State.PENDING, State.DELIVERED, State.DEAD, State.EXPIRED, State.CANCELLED])
    def test_again_reopens_the_same_row(self, connection: Connection, state: str) -> None:
        lead = LeadFactory()
        outbox.keep_in_sync(LETTERS, [lead])
        later = timezone.now() + timedelta(hours=5)
        Delivery.objects.update(state=state, failures=4, due_at=later, settled_at=timezone.now())

        outbox.keep_in_sync(LETTERS, [lead])

        row = Delivery.objects.get()
        assert (row.state, row.version, row.failures, row.settled_at) == (State.PENDING, 2, 0, None)
        assert row.due_at <= timezone.now()

    @pytest.mark.parametrize(("state", "anew"), [("delivered", True), ("dead", True), ("pending", False)])
    def test_waiting_counts_from_the_promise_that_is_open(self, connection: Connection, state: str, anew: bool) -> None:
        lead = LeadFactory()
        outbox.keep_in_sync(PostboxService.post_letters, [lead])
        first = timezone.now() - timedelta(days=3)
        Delivery.objects.update(state=state, created_at=first)

        outbox.keep_in_sync(PostboxService.post_letters, [lead])

        assert (Delivery.objects.get().created_at > first) is anew

    def test_again_while_in_flight_only_raises_the_version(self, connection: Connection) -> None:
        lead = LeadFactory()
        outbox.keep_in_sync(LETTERS, [lead])
        Delivery.objects.update(state=State.IN_FLIGHT, leased_until=NOON, failures=2)

        outbox.keep_in_sync(LETTERS, [lead])

        row = Delivery.objects.get()
        assert (row.state, row.version, row.leased_until, row.failures) == (State.IN_FLIGHT, 2, NOON, 2)

    def test_subject_given_twice_is_promised_once(self, connection: Connection) -> None:
        lead = LeadFactory()

        assert outbox.keep_in_sync(LETTERS, [lead, lead]) == 1
        assert Delivery.objects.get().version == 1

    def test_subjects_of_several_models(self, connection: Connection, admin_user: Any) -> None:
        assert outbox.keep_in_sync(LETTERS, [LeadFactory(), admin_user]) == 2
        assert {row.subject_type for row in Delivery.objects.all()} == {"leads.lead", "auth.user"}

    def test_operations_have_rows_of_their_own(self, connection: Connection) -> None:
        lead = LeadFactory()
        outbox.keep_in_sync(LETTERS, [lead])
        outbox.keep_in_sync(CARDS, [lead])

        assert sorted(Delivery.objects.values_list("operation", "priority")) == [
            ("post_cards", 1),
            ("post_letters", 10),
        ]

    def test_nobody_is_one_promise_less(self, connection: Connection) -> None:
        assert outbox.keep_in_sync(LETTERS, []) == 0

    def test_owner_picks_the_connection(self, connection: Connection) -> None:
        other = Connection.objects.create(integration=connection.integration, owner="consultant:1")

        outbox.keep_in_sync(LETTERS, [LeadFactory()], owner="consultant:1")

        assert Delivery.objects.get().connection == other

    def test_unknown_owner_is_an_error(self, connection: Connection) -> None:
        with pytest.raises(LookupError, match="nobody"):
            outbox.keep_in_sync(LETTERS, [LeadFactory()], owner="nobody")

    @pytest.mark.parametrize("number", [2, 200])
    def test_is_one_statement_for_any_number(
        self, connection: Connection, number: int, django_assert_num_queries: Any
    ) -> None:
        leads = Lead.objects.bulk_create(LeadFactory.build_batch(number))

        with django_assert_num_queries(1):
            outbox.keep_in_sync(LETTERS, leads)

    def test_disabled_integration_keeps_the_promise(self, registered: Any) -> None:
        outbox.keep_in_sync(LETTERS, [LeadFactory()])

        outbox.drain()

        assert Delivery.objects.get().state == State.PENDING


@pytest.mark.django_db
class TestOnce:
    def test_same_occasion_is_promised_once(self, connection: Connection) -> None:
        lead = LeadFactory()
        outbox.once(CARDS, lead, "birthday", due_at=NOON)
        Delivery.objects.update(state=State.DELIVERED)

        outbox.once(CARDS, lead, "birthday", due_at=NOON + timedelta(days=1))

        row = Delivery.objects.get()
        assert (row.state, row.version, row.due_at) == (State.DELIVERED, 1, NOON)

    def test_each_occasion_is_a_promise(self, connection: Connection) -> None:
        lead = LeadFactory()
        outbox.once(CARDS, lead, "birthday")
        outbox.once(CARDS, lead, "christmas")
        outbox.keep_in_sync(CARDS, [lead])

        assert Delivery.objects.count() == 3

    def test_due_and_expiry_are_kept(self, connection: Connection) -> None:
        outbox.once(CARDS, LeadFactory(), due_at=NOON, expires_at=NOON + timedelta(hours=1))

        row = Delivery.objects.get()
        assert (row.due_at, row.expires_at) == (NOON, NOON + timedelta(hours=1))


@pytest.mark.django_db(transaction=True)
class TestTransactions:
    def test_promise_goes_with_its_transaction(self, connection: Connection) -> None:
        lead = LeadFactory()

        with transaction.atomic():
            outbox.keep_in_sync(LETTERS, [lead])
            transaction.set_rollback(True)

        assert Delivery.objects.count() == 0

    def test_threads_that_promise_deliver_and_replay_never_deadlock(self, connection: Connection) -> None:
        leads = LeadFactory.create_batch(20)
        start = Barrier(4)

        def promise(order: int) -> None:
            for _ in range(15):
                with transaction.atomic():
                    outbox.keep_in_sync(LETTERS, leads[::order])

        def deliver(order: int) -> None:
            for _ in range(15):
                outbox.drain(integration="postbox")

        def disturb(order: int) -> None:
            for _ in range(15):
                Delivery.objects.order_by("-pk").replay()
                Delivery.objects.filter(connection=connection).cancel()

        def work(what: Any, order: int) -> None:
            start.wait(10)
            try:
                what(order)
            finally:
                database.close()

        with ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(work, *job) for job in [(promise, 1), (promise, -1), (deliver, 1), (disturb, 1)]]
            for job in jobs:
                job.result(30)
        outbox.keep_in_sync(LETTERS, leads)
        outbox.drain(integration="postbox")

        assert set(Delivery.objects.values_list("state", flat=True)) == {State.DELIVERED}


@pytest.fixture
def hanging_broker() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, dict[str, Any]]]:
    """What was published: the broker is the border of the system."""
    found: list[tuple[str, Any, dict[str, Any]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **options: found.append((name, args[0], options)))
    return found


@pytest.mark.django_db
class TestWake:
    def test_comes_after_the_commit_on_the_operations_queue(
        self, connection: Connection, sent: list[Any], django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            outbox.keep_in_sync(CARDS, [LeadFactory()])
            assert sent == []

        ((task, operation, options),) = sent
        assert (task, operation, options["queue"]) == ("integrations.tasks.wake", "postbox.post_cards", "fast")

    def test_is_sent_once_a_second_per_operation(self, connection: Connection, sent: list[Any]) -> None:
        for _ in range(3):
            wake.wake(LETTERS)
            wake.wake(CARDS)

        assert [operation for _, operation, _ in sent] == ["postbox.post_letters", "postbox.post_cards"]

    def test_starts_late_enough_for_all_that_was_promised_in_its_second(
        self, connection: Connection, sent: list[Any]
    ) -> None:
        wake.wake(LETTERS)

        assert sent[0][2]["countdown"] >= wake.INTERVAL

    @pytest.mark.parametrize("broker", ["hanging", "dead"])
    def test_broker_in_trouble_costs_less_than_a_second_and_then_nothing(
        self, connection: Connection, hanging_broker: str, broker: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = hanging_broker if broker == "hanging" else "redis://127.0.0.1:1/0"
        monkeypatch.setattr(current_app.conf, "broker_write_url", url)

        def try_anew() -> None:
            monkeypatch.setattr(wake, "_silent_until", 0.0)
            monkeypatch.setattr(wake, "_last", {})
            wake.wake(LETTERS)

        begun = time.monotonic()
        in_time(1, try_anew)

        assert wake._silent_until > begun
        in_time(0.05, lambda: wake.wake(CARDS))
