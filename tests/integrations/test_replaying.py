"""Everything dead in a range of time or of an incident: promised again at a rate, watched, stopped, or given up."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations import outbox, replaying, retention, runs, trigger
from integrations.models import Connection, Delivery, Incident, Integration, IntegrationLog, Replayed, Run
from integrations.replaying import Choice, verbs
from tests.factories import LeadFactory
from tests.postbox.sandbox import Postbox

from .promising import CARDS, LETTERS, NOON, drain, promise, states

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
RANGE = Choice(since=NOON, until=NOON + 24 * HOUR)


@pytest.fixture
def settled(connection: Connection) -> list[int]:
    """Five letters: dead an hour after the other, from noon; the second without an answer, the last is delivered."""
    promise(*"abcde")
    ids = list(Delivery.objects.order_by("pk").values_list("pk", flat=True))
    for number, pk in enumerate(ids):
        Delivery.objects.filter(pk=pk).update(
            state="delivered" if number == 4 else "dead",
            error_kind={1: "ambiguous", 4: ""}.get(number, "rejected"),
            settled_at=NOON + number * HOUR,
        )
    return ids


def found(**choice: Any) -> list[int]:
    return list(Choice(**choice).rows().order_by("pk").values_list("pk", flat=True))


def perform(choice: Choice = RANGE, what: str = "replay", **how: Any) -> Run:
    """As a worker would."""
    return runs.perform(replaying.start(what, choice, **how))


def ends(run: Run) -> dict[str, Any]:
    """What became of it, once that is written down."""
    replaying.close_ended()
    run.refresh_from_db()
    return dict(run.result.get("outcome", {}))


class TestChoice:
    def test_range_holds_what_died_from_its_beginning_to_just_before_its_end(self, settled: list[int]) -> None:
        assert found(since=NOON + HOUR, until=NOON + 3 * HOUR) == settled[1:3]
        assert found() == settled[:4]

    def test_is_narrowed_by_integration_operations_and_kinds(self, settled: list[int]) -> None:
        Delivery.objects.filter(pk=settled[0]).update(operation=CARDS.name)

        assert found(kinds=("ambiguous",)) == [settled[1]]
        assert found(kinds=("ambiguous", "rejected")) == settled[:4]
        assert found(operations=("post_cards",)) == [settled[0]]
        assert found(integration="odoo") == []

    def test_leaves_out_what_may_have_arrived(self, settled: list[int]) -> None:
        """Nobody answered, or the worker died over it."""
        Delivery.objects.filter(pk=settled[2]).update(error_kind="bug", crashes=6)

        assert found(without_ambiguous=True) == [settled[0], settled[3]]

    def test_outage_is_its_time_from_the_last_call_that_went_well(
        self, settled: list[int], connection: Connection
    ) -> None:
        incident = an_incident(connection, opened=1.5, closed=3)
        for minutes in (-20, -10):
            at = incident.opened_at + timedelta(minutes=minutes)
            a_call(connection, at)

        chosen = Choice.of_incident(incident)

        assert (chosen.since, chosen.until) == (incident.opened_at - timedelta(minutes=10), incident.closed_at)
        assert list(chosen.rows()) == list(Delivery.objects.filter(pk=settled[2]))

    def test_outage_that_goes_on_has_what_died_till_now(self, settled: list[int], connection: Connection) -> None:
        with time_machine.travel(NOON + 2.5 * HOUR):
            chosen = Choice.of_incident(an_incident(connection, opened=1.5, closed=None))

        assert chosen.since == NOON + 0.5 * HOUR
        assert list(chosen.rows().order_by("pk").values_list("pk", flat=True)) == settled[1:3]

    def test_matter_is_what_died_of_its_subject(self, settled: list[int], connection: Connection) -> None:
        chosen = Delivery.objects.get(pk=settled[0])
        incident = an_incident(connection, opened=9, closed=None, kind="dispute", subject_id=chosen.subject_id)

        assert list(Choice.of_incident(incident).rows()) == [chosen]

    def test_incident_that_is_gone_is_not_taken_for_everything(self, settled: list[int]) -> None:
        with pytest.raises(Incident.DoesNotExist):
            replaying.start("replay", Choice(incident=999))

    def test_survives_the_run_that_it_is_written_to(self, settled: list[int], connection: Connection) -> None:
        incident = an_incident(connection, opened=1, closed=2)
        choice = Choice.narrowed(incident, kinds=("bug", "rejected"), without_ambiguous=True)

        assert Choice.of_run(Run.objects.get(pk=replaying.start("replay", choice).pk)) == choice


def an_incident(connection: Connection, *, opened: float, closed: float | None, **columns: Any) -> Incident:
    """Of so many hours after noon."""
    subject_type = "leads.lead" if columns else ""
    times = {"opened_at": NOON + opened * HOUR, "closed_at": None if closed is None else NOON + closed * HOUR}
    return Incident.objects.create(connection=connection, summary="down", subject_type=subject_type, **times, **columns)


def a_call(connection: Connection, at: Any) -> None:
    IntegrationLog.objects.create(
        integration=connection.integration,
        connection=connection,
        operation="post_letters",
        status="ok",
        trigger="delivery",
        started_at=at,
    )


class TestReplay:
    def test_goes_in_bites_and_tells_how_far_it_is(self, settled: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verbs, "BITE", 3)

        run = perform()

        assert (run.state, run.result, run.total) == (Run.State.DONE, {"replayed": 4}, 4)
        assert states() == ["pending"] * 4 + ["delivered"]
        assert list(IntegrationLog.objects.filter(operation="replayed").values_list("size", flat=True)) == [1, 3]

    def test_is_logged_as_set_off_by_who_asked(self, settled: list[int], django_user_model: Any) -> None:
        ada = django_user_model.objects.create_user("ada")
        with trigger.triggered("admin", ada.pk):
            run = replaying.start("replay", RANGE)

        runs.perform(run)

        row = IntegrationLog.objects.get(operation="replayed")
        assert (row.trigger, row.actor, row.metadata) == ("admin", ada, {"operation": "post_letters"})

    def test_takes_only_what_was_chosen(self, settled: list[int]) -> None:
        perform(Choice(kinds=("ambiguous",)))

        assert states() == ["dead", "pending", "dead", "dead", "delivered"]

    def test_delivers_with_current_data(self, settled: list[int], postbox: Postbox) -> None:
        lead = LeadFactory._meta.model.objects.order_by("pk").first()
        LeadFactory._meta.model.objects.filter(pk=lead.pk).update(name="Ada Byron")
        perform()

        drain()

        assert states() == ["delivered"] * 5
        assert sorted(postbox.texts) == ["Dear Ada Byron", "Dear b", "Dear c", "Dear d"]

    def test_what_dies_again_meanwhile_is_not_replayed_twice(
        self, settled: list[int], postbox: Postbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A worker is at it while we are: each bite is refused before the next is taken."""
        monkeypatch.setattr(verbs, "BITE", 1)
        postbox.refuses = "Dear"
        monkeypatch.setattr(verbs.progress, "report", lambda done, total=None: drain())

        with time_machine.travel(NOON + 5 * HOUR):
            perform()

        assert states() == ["dead"] * 4 + ["delivered"]
        assert set(Delivery.objects.filter(state="dead").values_list("version", flat=True)) == {2}

    def test_operation_that_is_gone_leaves_it_waiting(self, settled: list[int]) -> None:
        Delivery.objects.update(operation="send_telegrams")

        perform()

        assert states() == ["pending"] * 4 + ["delivered"]

    def test_unknown_integration_is_not_taken_for_all_of_them(self, settled: list[int]) -> None:
        with pytest.raises(Integration.DoesNotExist):
            replaying.start("replay", Choice(integration="nobody"))

        assert Run.objects.count() == 0

    @pytest.mark.parametrize("length", [0, -1])
    def test_range_that_holds_nothing_is_refused(self, connection: Connection, length: int) -> None:
        with pytest.raises(ValueError, match="ends before"):
            replaying.start("replay", Choice(since=NOON, until=NOON + length * HOUR))

    @pytest.mark.parametrize("rate", [0, -1, 100_001])
    def test_rate_that_cannot_be_is_refused(self, connection: Connection, rate: int) -> None:
        with pytest.raises(ValueError, match="rate"):
            replaying.start("replay", RANGE, rate=rate)

    def test_same_token_is_one_replay_also_when_the_first_is_done(self, settled: list[int]) -> None:
        first = perform(token="of one page")
        Delivery.objects.update(state="dead", settled_at=NOON)

        assert replaying.start("replay", RANGE, token="of one page") == first
        assert Run.objects.count() == 1

    def test_takes_as_many_statements_for_many_as_for_few(self, connection: Connection) -> None:
        def statements(number: int) -> int:
            Delivery.objects.all().delete()
            outbox.keep_in_sync(LETTERS, LeadFactory._meta.model.objects.order_by("pk")[:number])
            Delivery.objects.update(state="dead", error_kind="rejected", settled_at=NOON)
            replaying.outlook(RANGE)  # warm
            with CaptureQueriesContext(database) as told:
                assert replaying.outlook(RANGE).total == number
                assert perform(rate=60).result == {"replayed": number}
            with CaptureQueriesContext(database) as counted:
                assert replaying.outcome(Run.objects.latest("pk")).waiting == number
            ours = [query["sql"] for query in [*told, *counted] if 'UPDATE "integrations_run"' not in query["sql"]]
            return len(ours)  # how far it is is written down by the clock

        LeadFactory._meta.model.objects.bulk_create(LeadFactory.build_batch(2000))

        assert statements(10) == statements(2000)


class TestRate:
    def test_gives_each_its_turn_over_all_bites(self, settled: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verbs, "BITE", 3)
        with time_machine.travel(NOON + 9 * HOUR, tick=False):
            perform(rate=120)

        due = list(Delivery.objects.filter(state="pending").order_by("pk").values_list("due_at", flat=True))
        assert due == [NOON + 9 * HOUR + timedelta(seconds=0.5 * place) for place in range(4)]

    def test_without_one_all_are_due_at_once(self, settled: list[int]) -> None:
        with time_machine.travel(NOON + 9 * HOUR, tick=False):
            perform()

        assert set(Delivery.objects.filter(state="pending").values_list("due_at", flat=True)) == {NOON + 9 * HOUR}

    def test_is_kept_when_the_connection_comes_back(self, settled: list[int], connection: Connection) -> None:
        """What has no turn yet does not wait for the connection, whatever it died of."""
        perform(rate=1)
        before = list(Delivery.objects.order_by("pk").values_list("due_at", flat=True))

        assert Delivery.objects.filter(connection=connection).release() == 0
        assert list(Delivery.objects.order_by("pk").values_list("due_at", flat=True)) == before

    def test_worker_sends_what_has_its_turn(self, settled: list[int], postbox: Postbox) -> None:
        with time_machine.travel(NOON + 9 * HOUR, tick=False) as clock:
            perform(rate=1)
            drain()
            clock.shift(timedelta(minutes=2))
            drain()

        assert states() == ["delivered"] * 3 + ["pending", "delivered"]


class TestOutcome:
    def test_is_told_while_it_goes_on_and_kept_when_it_is_over(self, settled: list[int], postbox: Postbox) -> None:
        postbox.refuses = "Dear b"
        with time_machine.travel(NOON + 9 * HOUR, tick=False) as clock:
            run = perform(rate=1)
            drain()
            told = replaying.outcome(run)
            assert (told.promised, told.delivered, told.waiting, told.in_turn) == (4, 1, 3, 3)
            assert (told.last_at, ends(run)) == (NOON + 9 * HOUR + timedelta(minutes=3), {})
            clock.shift(timedelta(minutes=3))
            drain()

        assert ends(run) == {**ended(delivered=3, dead=1), "errors": {"rejected": 1}}

    def test_stays_what_it_was_whatever_happens_later(self, settled: list[int], postbox: Postbox) -> None:
        run = perform()
        drain()
        kept = ends(run)

        promise("a")
        Delivery.objects.update(state="dead")

        run.refresh_from_db()
        assert replaying.outcome(run).delivered == kept["delivered"] == 4

    def test_goes_with_the_run_by_retention(self, settled: list[int], settings: Any) -> None:
        perform()
        Run.objects.update(created_at=NOON - timedelta(days=1000))

        assert retention.prune()["replayed"] == 4
        assert (Replayed.objects.count(), Run.objects.count(), Delivery.objects.count()) == (0, 0, 5)


def ended(**numbers: int) -> dict[str, Any]:
    return {"waiting": 0, "in_turn": 0, "cancelled": 0, "last_at": None, **numbers}


class TestStop:
    def test_leaves_what_has_no_turn_yet_as_it_was(self, settled: list[int], postbox: Postbox) -> None:
        before = list(Delivery.objects.order_by("pk").values("state", "settled_at", "error_kind"))
        with time_machine.travel(NOON + 9 * HOUR, tick=False) as clock:
            run = perform(rate=1)
            drain()

            assert replaying.stop(run) == 3
            clock.shift(timedelta(hours=1))
            drain()

        after = list(Delivery.objects.order_by("pk").values("state", "settled_at", "error_kind"))
        assert states() == ["delivered", "dead", "dead", "dead", "delivered"]
        assert after[1:] == before[1:]
        assert ends(run)["delivered"] == 1
        assert IntegrationLog.objects.get(operation="replay_stopped").size == 3

    def test_keeps_what_was_asked_for_again_since(self, settled: list[int]) -> None:
        run = perform(rate=1)
        row = Delivery.objects.get(pk=settled[3])
        outbox.keep_in_sync(LETTERS, LeadFactory._meta.model.objects.filter(pk=row.subject_id))

        replaying.stop(run)

        assert states() == ["pending", "dead", "dead", "pending", "delivered"]

    def test_before_it_began_nothing_is_replayed(self, settled: list[int]) -> None:
        run = replaying.start("replay", RANGE)

        assert replaying.stop(run) == 0
        assert runs.perform(run).result == {"replayed": 0}
        assert states() == ["dead"] * 4 + ["delivered"]

    def test_between_two_bites_the_rest_is_not_replayed(
        self, settled: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(verbs, "BITE", 1)
        run = replaying.start("replay", RANGE, rate=1)
        monkeypatch.setattr(verbs.progress, "report", lambda done, total=None: done == 2 and replaying.stop(run))

        assert runs.perform(run).result == {"replayed": 2}
        assert states() == ["pending", "dead", "dead", "dead", "delivered"]


class TestTwoOperators:
    @pytest.mark.django_db(transaction=True)
    def test_at_once_replay_each_delivery_once(self, settled: list[int]) -> None:
        """Both have seen the same rows when the first takes them."""
        begin, results = Barrier(2, timeout=20), []

        def press(token: str) -> None:
            try:
                run = replaying.start("replay", RANGE, token=token)
                begin.wait()
                results.append(runs.perform(run).result["replayed"])
            finally:
                database.close()

        threads = [Thread(target=press, args=(name,)) for name in ("ada", "bob")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sum(results) == 4
        assert set(Delivery.objects.filter(state="pending").values_list("version", flat=True)) == {2}
        assert Replayed.objects.count() == 4

    def test_second_finds_nothing_to_do(self, settled: list[int]) -> None:
        results = [perform(token=name).result for name in ("ada", "bob")]

        assert results == [{"replayed": 4}, {"replayed": 0}]


class TestVerbs:
    def test_giving_up_cancels_them(self, settled: list[int]) -> None:
        run = perform(what="give_up")

        assert run.result == {"cancelled": 4}
        assert states() == ["cancelled"] * 4 + ["delivered"]

    def test_what_was_wanted_once_and_is_delivered_is_not_repeated(
        self, connection: Connection, postbox: Postbox
    ) -> None:
        outbox.once(LETTERS, LeadFactory(), "a reminder")
        drain()

        assert replaying.replay(Delivery.objects.all()) == 0
        assert perform(Choice(only_dead=False)).result == {"replayed": 0}
        assert states() == ["delivered"]

    def test_what_was_wanted_once_and_is_dead_is_replayed(self, connection: Connection, postbox: Postbox) -> None:
        outbox.once(LETTERS, LeadFactory(), "a reminder")
        Delivery.objects.update(state="dead", settled_at=NOON)

        assert replaying.replay(Delivery.objects.all()) == 1

    def test_retry_leaves_alone_what_does_not_wait(self, settled: list[int]) -> None:
        outbox.once(LETTERS, LeadFactory(), due_at=NOON + 10_000 * HOUR)

        assert replaying.retry(Delivery.objects.all()) == 1


class TestOutlook:
    def test_counts_by_integration_operation_and_kind(self, settled: list[int]) -> None:
        told = replaying.outlook(RANGE)

        assert [(line.operation, line.error_kind, line.number, line.ambiguous) for line in told.lines] == [
            ("post_letters", "ambiguous", 1, 1),
            ("post_letters", "rejected", 3, 0),
        ]
        assert (told.oldest, told.newest, told.total, told.sent) == (NOON, NOON + 3 * HOUR, 4, 4)

    def test_of_nothing_is_empty(self, connection: Connection) -> None:
        told = replaying.outlook(RANGE)

        assert (told.lines, told.oldest, told.total) == ([], None, 0)

    def test_tells_whose_subject_is_gone_or_whose_time_is_over(self, settled: list[int]) -> None:
        Delivery.objects.filter(pk=settled[0]).update(subject_id=987_654)
        Delivery.objects.filter(pk=settled[2]).update(expires_at=NOON, subject_id=987_654)
        Delivery.objects.filter(pk=settled[3]).update(subject_type="leads.telegram")

        refused = replaying.outlook(RANGE).lines[1]

        assert (refused.number, refused.missing, refused.expired, refused.sent) == (3, 2, 1, 0)

    def test_changes_nothing(self, settled: list[int]) -> None:
        with CaptureQueriesContext(database) as told:
            replaying.outlook(RANGE)

        assert {query["sql"].split()[0] for query in told} == {"SELECT"}

    @pytest.mark.parametrize(
        ("hold", "reason"),
        [
            (lambda row: Integration.objects.filter(slug="postbox").update(enabled=False), "disabled"),
            (lambda row: Integration.objects.filter(slug="postbox").update(paused_at=NOON), "paused"),
            (lambda row: Connection.objects.filter(pk=row.pk).update(blocked=["post_letters"]), "blocked"),
            (lambda row: Connection.objects.filter(pk=row.pk).update(secrets={}), "incomplete"),
            (lambda row: Connection.objects.filter(pk=row.pk).update(book="elsewhere"), "moved"),
            (lambda row: Connection.objects.filter(pk=row.pk).update(paused_until=NOON + 10**6 * HOUR), "resting"),
            (lambda row: Delivery.objects.update(operation="send_telegrams"), "unknown"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_tells_what_they_would_wait_for(
        self, settled: list[int], connection: Connection, hold: Callable[[Connection], Any], reason: str
    ) -> None:
        hold(connection)

        told = replaying.outlook(RANGE)

        assert [dict(line.waits) for line in told.lines] == [{reason: 1}, {reason: 3}]

    def test_tells_that_an_account_is_gone(self, settled: list[int], connection: Connection) -> None:
        Connection.objects.filter(pk=connection.pk).update(removed_at=NOON)

        told = replaying.outlook(RANGE)

        assert ([line.removed for line in told.lines], told.sent) == ([1, 3], 0)
