"""Keeping promises: who is to blame decides whether a row waits, tries again or is dead."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.db import OperationalError
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import breaker, errors, outbox, tasks
from integrations.models import Attempt, Connection, Delivery, Installation, Integration, IntegrationLog
from integrations.outbox import deliver
from integrations.outbox.lease import claim, settle
from leads.models import Lead
from tests.factories import LeadFactory
from tests.postbox.sandbox import Answer, Postbox
from tests.postbox.service import PostboxService

from .conftest import change, fresh

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
State = Delivery.State
LETTERS, CARDS = PostboxService.post_letters, PostboxService.post_cards
SCHEDULE = [10, 60, 300, 1800, 7200, 18000, 36000, 36000]


def promise(*names: str, operation: Any = LETTERS) -> list[Lead]:
    leads = [LeadFactory(name=name) for name in names]
    outbox.keep_in_sync(operation, leads)
    return leads


def drain() -> outbox.Tally:
    return outbox.drain(integration="postbox")


def row(lead: Lead) -> Delivery:
    return Delivery.objects.get(subject_id=lead.pk)


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def make_due() -> None:
    Delivery.objects.filter(state=State.PENDING).update(due_at=timezone.now())


def kill_workers() -> None:
    """Whoever holds rows now is never heard of again."""
    Delivery.objects.filter(state=State.IN_FLIGHT).update(leased_until=timezone.now() - timedelta(seconds=1))
    outbox.reap()
    make_due()


Handle = Callable[[Sequence[Lead]], Iterator[tuple[Sequence[Lead], Any]]]


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Callable[[Handle], None]:
    """Put another handler behind `post_letters`."""

    def replace(handler: Handle) -> None:
        monkeypatch.setattr(LETTERS, "handler", lambda self, leads: handler(leads))

    return replace


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


class TestHolding:
    @pytest.fixture(params=["drain", "wake"])
    def run(self, request: pytest.FixtureRequest) -> Callable[[], Any]:
        return drain if request.param == "drain" else lambda: tasks.wake("postbox.post_letters")

    @pytest.mark.parametrize(
        "hold",
        [
            lambda: Integration.objects.update(enabled=False),
            lambda: Integration.objects.update(paused_at=timezone.now()),
            lambda: Integration.objects.update(settings={}),
            lambda: Connection.objects.update(blocked=["*"]),
            lambda: Connection.objects.update(blocked=["post_letters"]),
            lambda: Connection.objects.update(secrets={}),
            lambda: Connection.objects.update(paused_until=timezone.now() + timedelta(minutes=1)),
            lambda: Installation.objects.update(site_url="https://production.example"),
        ],
        ids=["disabled", "paused", "incomplete", "blocked", "operation", "no secret", "breaker", "copy"],
    )
    def test_held_rows_wait_unharmed(
        self, connection: Connection, postbox: Postbox, run: Callable[[], Any], hold: Callable[[], Any]
    ) -> None:
        (lead,) = promise("a")
        hold()

        run()

        assert postbox.requests == []
        assert (row(lead).state, row(lead).attempts, row(lead).failures) == (State.PENDING, 0, 0)

    def test_unreadable_secrets_hold_rows(
        self, connection: Connection, postbox: Postbox, settings: LazySettings, run: Callable[[], Any]
    ) -> None:
        promise("a")
        settings.FERNET_KEYS = ["another-key-for-tests-of-32-chars"]

        run()

        assert (postbox.requests, states()) == ([], [State.PENDING])

    def test_confirmed_copy_delivers(self, connection: Connection, postbox: Postbox, settings: LazySettings) -> None:
        promise("a")
        settings.SITE_URL = "https://staging.example"
        drain()
        assert postbox.requests == []

        Installation.settle_here()
        drain()

        assert states() == [State.DELIVERED]

    def test_other_operations_go_on_while_one_is_blocked(self, connection: Connection, postbox: Postbox) -> None:
        promise("a")
        promise("b", operation=CARDS)
        breaker.barred(connection, errors.Misconfigured("no right", operation="post_letters"))

        drain()

        assert states() == [State.PENDING, State.DELIVERED]

    def test_other_connections_go_on_while_one_fails(
        self, connection: Connection, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = Connection.objects.create(integration=connection.integration, owner="other", secrets=connection.secrets)
        outbox.keep_in_sync(LETTERS, [LeadFactory()])
        outbox.keep_in_sync(LETTERS, [LeadFactory()], owner="other")
        original = deliver.claim

        def broken(where: Connection, *args: Any, **kwargs: Any) -> Any:
            if where.pk != other.pk:
                raise OperationalError("canceled")
            return original(where, *args, **kwargs)

        monkeypatch.setattr(deliver, "claim", broken)
        drain()

        assert states() == [State.PENDING, State.DELIVERED]

    def test_changed_secret_is_used_at_once(self, connection: Connection, postbox: Postbox) -> None:
        promise("a")
        change(connection, token="another-token")

        drain()

        assert postbox.headers[-1]["Authorization"] == "Bearer another-token"

    def test_full_rate_makes_rows_wait_and_not_fail(self, connection: Connection, postbox: Postbox) -> None:
        change(connection, rate="2/minute")
        leads = promise("a", "b", "c", operation=CARDS)

        drain()

        assert [row(lead).state for lead in leads].count(State.DELIVERED) == 2
        left = Delivery.objects.get(state=State.PENDING)
        assert (left.failures, left.error_kind) == (0, "paused")
        assert left.due_at > timezone.now() + timedelta(seconds=30)


class TestBlame:
    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (Answer(503), "unavailable"),
            (Answer(429, headers={"Retry-After": "60"}), "rate_limited"),
            (Answer(401), "misconfigured"),
        ],
    )
    def test_fault_of_the_connection_never_counts_against_a_row(
        self, connection: Connection, postbox: Postbox, answer: Answer, kind: str
    ) -> None:
        (lead,) = promise("a")
        postbox.always = answer

        for _ in range(12):
            drain()
            make_due()
            Connection.objects.update(paused_until=None, blocked=[])

        found = row(lead)
        assert (found.state, found.failures, found.error_kind) == (State.PENDING, 0, kind)

    def test_down_stops_the_drain_after_one_batch(self, connection: Connection, postbox: Postbox) -> None:
        change(connection, batch_size=1)
        promise("a", "b", "c")
        postbox.always = Answer(503)

        drain()

        assert len(postbox.requests) == 1

    def test_asked_to_rest_rows_wait_as_long(self, connection: Connection, postbox: Postbox) -> None:
        (lead,) = promise("a")
        postbox.script.append(Answer(429, headers={"Retry-After": "90"}))

        with time_machine.travel(NOON + timedelta(days=300), tick=False):
            make_due()
            drain()
            assert row(lead).due_at - timezone.now() == timedelta(seconds=90)

    @pytest.mark.parametrize("answer", [Answer(409, "busy"), Answer(fault="cut")], ids=["conflict", "ambiguous"])
    def test_fault_of_the_row_waits_on_the_schedule_with_jitter_and_is_dead_after_it(
        self, connection: Connection, postbox: Postbox, answer: Answer
    ) -> None:
        change(connection, breaker_failures=100)
        (lead,) = promise("a")
        postbox.always = answer

        with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False) as clock:
            for number, longest in enumerate(SCHEDULE, start=1):
                drain()
                found = row(lead)
                assert (found.state, found.failures) == (State.PENDING, number)
                assert timedelta(0) <= found.due_at - timezone.now() <= timedelta(seconds=longest)
                clock.move_to(found.due_at + timedelta(seconds=1))
            drain()

        assert (row(lead).state, row(lead).attempts) == (State.DEAD, len(SCHEDULE) + 1)

    def test_jitter_spreads_over_the_whole_step(self, connection: Connection, postbox: Postbox) -> None:
        promise(*map(str, range(100)))
        postbox.script.append(Answer(409))

        with time_machine.travel(timezone.now(), tick=False):
            drain()
            waits = [(found.due_at - timezone.now()).total_seconds() for found in Delivery.objects.all()]

        assert min(waits) < 2
        assert max(waits) > 8

    def test_schedule_is_a_setting(self, connection: Connection, postbox: Postbox) -> None:
        change(connection, retry_schedule=[1])
        (lead,) = promise("a")
        postbox.always = Answer(409)

        drain()
        make_due()
        drain()

        assert row(lead).state == State.DEAD

    def test_silence_does_not_count_against_rows_while_the_breaker_is_open(
        self, connection: Connection, postbox: Postbox
    ) -> None:
        (lead,) = promise("a")
        postbox.always = Answer(fault="cut")

        for _ in range(20):
            drain()
            make_due()
            Connection.objects.update(paused_until=timezone.now())

        assert (row(lead).state, row(lead).failures) == (State.PENDING, 4)

    def test_refused_letters_are_dead_with_their_reason_and_the_others_delivered(
        self, connection: Connection, postbox: Postbox
    ) -> None:
        good, bad = promise("Ada", "SPAM")
        postbox.refuses = "SPAM"

        drain()

        assert row(good).state == State.DELIVERED
        assert (row(bad).state, row(bad).error_kind, row(bad).error) == (State.DEAD, "rejected", "unwanted")

    def test_deleted_there_is_delivered_and_says_so(self, connection: Connection, postbox: Postbox) -> None:
        (lead,) = promise("a")
        postbox.script.append(Answer(410, "deleted"))

        drain()

        assert (row(lead).state, row(lead).error_kind) == (State.DELIVERED, "gone")

    def test_reason_on_row_and_attempt_names_no_secret_and_no_person(
        self, connection: Connection, postbox: Postbox
    ) -> None:
        (lead,) = promise("a")
        postbox.always = Answer(422, f"{connection.secrets['token']} may not write to ada@client.example")

        drain()

        told = "[secret] may not write to [address]"
        assert (row(lead).error, Attempt.objects.get().error) == (told, told)

    def test_reason_of_a_yielded_outcome_names_nobody_either(
        self, connection: Connection, handle: Callable[[Handle], None]
    ) -> None:
        (lead,) = promise("a")
        handle(lambda leads: iter([(leads, errors.Rejected("no ada@client.example here"))]))

        drain()

        assert row(lead).error == "no [address] here"

    def test_yielded_misconfigured_bars_the_operation(
        self, connection: Connection, handle: Callable[[Handle], None]
    ) -> None:
        (lead,) = promise("a")
        handle(lambda leads: iter([(leads, errors.Misconfigured("no right", operation="post_letters"))]))

        drain()

        assert (fresh().blocked, row(lead).state) == (["post_letters"], State.PENDING)

    def test_rows_are_due_again_when_the_connection_is_back(self, connection: Connection, postbox: Postbox) -> None:
        leads = promise("a", "b", "c")
        postbox.script.extend([Answer(503)] * 5)
        for _ in range(5):
            drain()
            make_due()
        assert breaker.paused_until(fresh()) is not None

        with time_machine.travel(timezone.now() + timedelta(seconds=61)) as clock:
            drain()
            assert len(postbox.bags[-1]) == 1
            clock.shift(6)
            drain()

        assert [row(lead).state for lead in leads] == [State.DELIVERED] * 3

    def test_open_breaker_lets_one_row_probe(self, connection: Connection, postbox: Postbox) -> None:
        promise("a", "b", "c")
        Connection.objects.update(failures=5, paused_until=timezone.now())
        postbox.always = Answer(503)

        drain()

        assert [len(bag) for bag in postbox.bags] == [1]


class TestPoison:
    def test_refusal_that_names_no_row_is_halved_until_it_does(self, connection: Connection, postbox: Postbox) -> None:
        leads = promise("a", "b", "c", "POISON", "e", "f", "g", "h")
        postbox.chokes_on = "POISON"

        drain()

        assert [row(lead).state for lead in leads].count(State.DEAD) == 1
        assert row(leads[3]).error == "Something in this bag is wrong."
        assert len(postbox.requests) <= 2 + 2 * 3

    def test_what_is_remembered_of_them_is_refreshed_once_before_halving(
        self, connection: Connection, postbox: Postbox
    ) -> None:
        promise("a", "b", "c", "d")
        Connection.objects.update(memory={"tag": 7})
        postbox.script.append(Answer(422, "No such tag."))

        drain()

        assert fresh().memory == {}
        assert [len(bag) for bag in postbox.bags] == [4, 4]
        assert set(states()) == {State.DELIVERED}

    def test_row_that_cannot_be_printed_dies_alone(self, connection: Connection, postbox: Postbox) -> None:
        good, bad, other = promise("Ada", "UNPRINTABLE", "Grace")

        drain()

        assert [row(lead).state for lead in (good, bad, other)] == [State.DELIVERED, State.DEAD, State.DELIVERED]
        assert (row(bad).error_kind, row(bad).error) == ("bug", "ValueError: This name cannot be printed.")

    def test_silence_about_a_row_is_a_bug(self, connection: Connection, handle: Callable[[Handle], None]) -> None:
        leads = promise("a", "b")
        handle(lambda found: iter([([one for one in found if one.pk == leads[0].pk], None)]))

        drain()

        assert (row(leads[0]).state, row(leads[1]).state) == (State.DELIVERED, State.DEAD)
        assert "said nothing" in row(leads[1]).error

    def test_outcome_told_twice_or_about_a_stranger_counts_once(
        self, connection: Connection, handle: Callable[[Handle], None]
    ) -> None:
        (lead,) = promise("a")
        stranger = LeadFactory()
        handle(lambda leads: iter([([*leads, *leads, stranger], None), (leads, errors.Rejected("no"))]))

        tally = drain()

        assert tally.outcomes == {"delivered": 1}
        assert (row(lead).state, Attempt.objects.count()) == (State.DELIVERED, 1)

    def test_crash_makes_rows_suspects_that_go_alone(self, connection: Connection, postbox: Postbox) -> None:
        first, second, innocent = promise("a", "b", "c")
        claim(connection, "post_letters", limit=2, seconds=300)
        kill_workers()

        drain()

        assert sorted(postbox.bags, key=lambda bag: bag[0]) == [[first.pk], [second.pk], [innocent.pk]]
        assert set(states()) == {State.DELIVERED}
        assert row(first).crashes == 0

    def test_fifth_crash_alone_is_death_as_a_bug(self, connection: Connection) -> None:
        (lead,) = promise("a")
        claim(connection, "post_letters", limit=200, seconds=300)
        kill_workers()

        for _ in range(4):
            claim(connection, "post_letters", limit=200, seconds=300, suspects=True)
            kill_workers()
        assert (row(lead).state, row(lead).crashes) == (State.PENDING, 5)
        claim(connection, "post_letters", limit=200, seconds=300, suspects=True)
        kill_workers()

        assert (row(lead).state, row(lead).error_kind, row(lead).attempts) == (State.DEAD, "bug", 6)

    def test_replay_of_what_crashed_workers_starts_afresh(self, connection: Connection) -> None:
        (lead,) = promise("a")
        Delivery.objects.update(state=State.DEAD, crashes=6)

        Delivery.objects.dead().replay()
        drain()

        assert row(lead).state == State.DELIVERED


class TestLease:
    def test_running_lease_is_left_alone(self, connection: Connection) -> None:
        promise("a")
        claim(connection, "post_letters", limit=200, seconds=300)

        outbox.reap()

        assert states() == [State.IN_FLIGHT]

    def test_claimed_row_is_claimed_by_nobody_else(self, connection: Connection) -> None:
        promise("a", "b")

        assert len(claim(connection, "post_letters", limit=1, seconds=300).rows) == 1
        assert len(claim(connection, "post_letters", limit=9, seconds=300).rows) == 1
        assert claim(connection, "post_letters", limit=9, seconds=300).rows == []

    def test_claim_takes_no_more_than_its_limit_whatever_the_plan(self, connection: Connection) -> None:
        """A LIMIT in a sub-select is applied once per look at it, and a nested loop looks many times."""
        promise(*"abcdefgh")
        with database.cursor() as cursor:
            for way in ("hashjoin", "mergejoin", "hashagg", "sort", "material", "bitmapscan"):
                cursor.execute(f"SET LOCAL enable_{way} = off")

        assert len(claim(connection, "post_letters", limit=2, seconds=300).rows) == 2

    def test_who_lost_the_lease_settles_nothing(self, connection: Connection) -> None:
        (lead,) = promise("a")
        lost = claim(connection, "post_letters", limit=1, seconds=300)
        kill_workers()
        claim(connection, "post_letters", limit=1, seconds=300, suspects=True)

        outcome = deliver.Settlement(lost.rows[0], State.DEAD, timezone.now(), 1)
        settled = settle(lost, [outcome], started_at=timezone.now(), duration=0)

        assert (settled, row(lead).state) == (0, State.IN_FLIGHT)

    def test_settling_that_fails_is_no_fault_of_the_row_and_sends_nothing_twice(
        self, connection: Connection, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        promise("a", "b")

        def broken(*args: Any, **kwargs: Any) -> int:
            raise OperationalError("server closed the connection")

        monkeypatch.setattr(deliver, "settle", broken)
        drain()

        assert states() == [State.IN_FLIGHT] * 2
        assert len(postbox.requests) == 1

    def test_database_failing_under_the_handler_kills_no_row(
        self, connection: Connection, handle: Callable[[Handle], None]
    ) -> None:
        promise("a", "b")

        def handler(leads: Sequence[Lead]) -> Iterator[tuple[Sequence[Lead], Any]]:
            raise OperationalError("server closed the connection")
            yield leads, None

        handle(handler)
        drain()

        assert states() == [State.IN_FLIGHT] * 2

    def test_half_the_lease_over_gives_the_rest_back_untried(
        self, connection: Connection, handle: Callable[[Handle], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        promise("a", "b", "c")
        now, sent = [0.0], []
        monkeypatch.setattr(deliver.time, "monotonic", lambda: now[0])

        def handler(leads: Sequence[Lead]) -> Iterator[tuple[Sequence[Lead], Any]]:
            for lead in leads:
                sent.append(lead.pk)
                now[0] += 100
                yield [lead], None

        handle(handler)
        drain()

        assert len(sent) == len(set(sent)) == 3
        assert list(Delivery.objects.values_list("state", "attempts")) == [(State.DELIVERED, 1)] * 3

    def test_halving_stops_at_half_the_lease(
        self, connection: Connection, handle: Callable[[Handle], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        promise("a", "b", "c", "d")
        now, leases = [0.0], []
        monkeypatch.setattr(deliver.time, "monotonic", lambda: now[0])

        def handler(leads: Sequence[Lead]) -> Iterator[tuple[Sequence[Lead], Any]]:
            held = Delivery.objects.filter(subject_id__in=[lead.pk for lead in leads])
            leases.append((len(leads), held.get(subject_id=leads[0].pk).lease, now[0]))
            now[0] += 100
            raise errors.Rejected("no")
            yield leads, None

        handle(handler)
        for _ in range(3):
            deliver.deliver_batch(LETTERS, connection.pk, outbox.Tally())

        begun: dict[uuid.UUID | None, float] = {}
        assert all(at - begun.setdefault(lease, at) <= 150 for _, lease, at in leases)

    def test_cards_are_settled_as_they_go(self, connection: Connection, postbox: Postbox) -> None:
        leads = promise("a", "b", "c", operation=CARDS)
        postbox.script.extend([Answer(body='{"refused": {}}'), Answer(503)])

        drain()

        assert sorted(row(lead).state for lead in leads) == [State.DELIVERED, State.PENDING, State.PENDING]
        assert len(postbox.requests) == 2
