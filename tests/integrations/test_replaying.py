"""Everything dead in a range of time: counted, then delivered again or given up by a worker, in bites."""

from datetime import timedelta

import pytest
import time_machine

from integrations import outbox, replaying, runs, trigger
from integrations.models import Connection, Delivery, Integration, IntegrationLog, Run
from tests.factories import LeadFactory
from tests.postbox.sandbox import Postbox

from .promising import CARDS, LETTERS, NOON, drain, promise, states

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
RANGE = {"since": NOON, "until": NOON + 24 * HOUR}


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


def found(**choice: object) -> list[int]:
    return list(replaying.dead(**choice).order_by("pk").values_list("pk", flat=True))


def test_range_holds_what_died_from_its_beginning_to_just_before_its_end(settled: list[int]) -> None:
    assert found(since=NOON + HOUR, until=NOON + 3 * HOUR) == settled[1:3]
    assert found() == settled[:4]


def test_dead_are_narrowed_by_integration_operation_and_kind(settled: list[int]) -> None:
    Delivery.objects.filter(pk=settled[0]).update(operation=CARDS.name)

    assert found(kind="ambiguous") == [settled[1]]
    assert found(operation="post_cards") == [settled[0]]
    assert found(integration="odoo") == []


def test_breakdown_counts_by_integration_operation_and_kind(settled: list[int]) -> None:
    row = {"integration": "postbox", "operation": "post_letters"}

    assert replaying.breakdown(replaying.dead(**RANGE)) == [
        {**row, "error_kind": "ambiguous", "number": 1},
        {**row, "error_kind": "rejected", "number": 3},
    ]


def test_run_replays_in_bites_and_tells_how_far_it_is(settled: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "BITE", 3)

    run = runs.perform(replaying.start("replay", **RANGE))

    assert (run.state, run.result, run.total) == (Run.State.DONE, {"replayed": 4}, 4)
    assert states() == ["pending"] * 4 + ["delivered"]
    assert list(IntegrationLog.objects.filter(operation="replayed").values_list("size", flat=True)) == [1, 3]


def test_run_is_logged_as_set_off_by_who_asked(settled: list[int], django_user_model: type) -> None:
    ada = django_user_model.objects.create_user("ada")
    with trigger.triggered("admin", ada.pk):
        run = replaying.start("replay", integration="postbox", **RANGE)

    runs.perform(run)

    row = IntegrationLog.objects.get(operation="replayed")
    assert (row.trigger, row.actor, row.metadata) == ("admin", ada, {"operation": "post_letters"})


def test_run_takes_only_what_was_chosen(settled: list[int]) -> None:
    runs.perform(replaying.start("replay", kind="ambiguous", **RANGE))

    assert states() == ["dead", "pending", "dead", "dead", "delivered"]


def test_replay_delivers_with_current_data(settled: list[int], postbox: Postbox) -> None:
    runs.perform(replaying.start("replay", **RANGE))

    drain()

    assert states() == ["delivered"] * 5


def test_what_dies_again_meanwhile_is_not_replayed_twice(
    settled: list[int], postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker is at it while we are: each bite is refused before the next is taken."""
    monkeypatch.setattr(replaying, "BITE", 1)
    postbox.refuses = "Dear"
    monkeypatch.setattr(replaying.progress, "report", lambda done, total=None: drain())

    with time_machine.travel(NOON + 5 * HOUR):
        runs.perform(replaying.start("replay", **RANGE))

    assert states() == ["dead"] * 4 + ["delivered"]
    assert set(Delivery.objects.filter(state="dead").values_list("version", flat=True)) == {2}


def test_giving_up_cancels_them(settled: list[int]) -> None:
    run = runs.perform(replaying.start("give_up", **RANGE))

    assert run.result == {"cancelled": 4}
    assert states() == ["cancelled"] * 4 + ["delivered"]


@pytest.mark.parametrize("length", [0, -1])
def test_range_that_holds_nothing_is_refused(connection: Connection, length: int) -> None:
    with pytest.raises(ValueError, match="ends before"):
        replaying.start("replay", since=NOON, until=NOON + length * HOUR)


def test_replaying_an_operation_that_is_gone_leaves_it_waiting(settled: list[int]) -> None:
    Delivery.objects.update(operation="send_telegrams")

    runs.perform(replaying.start("replay", **RANGE))

    assert states() == ["pending"] * 4 + ["delivered"]


def test_unknown_integration_is_not_taken_for_all_of_them(settled: list[int]) -> None:
    with pytest.raises(Integration.DoesNotExist):
        replaying.start("replay", integration="nobody", **RANGE)

    assert Run.objects.count() == 0


def test_what_was_wanted_once_and_is_delivered_is_not_repeated(connection: Connection, postbox: Postbox) -> None:
    outbox.once(LETTERS, LeadFactory(), "a reminder")
    drain()

    assert replaying.replay(Delivery.objects.all()) == 0
    assert states() == ["delivered"]


def test_what_was_wanted_once_and_is_dead_is_replayed(connection: Connection, postbox: Postbox) -> None:
    outbox.once(LETTERS, LeadFactory(), "a reminder")
    Delivery.objects.update(state="dead", settled_at=NOON)

    assert replaying.replay(Delivery.objects.all()) == 1


def test_retry_leaves_alone_what_does_not_wait(settled: list[int]) -> None:
    outbox.once(LETTERS, LeadFactory(), due_at=NOON + 10_000 * HOUR)

    assert replaying.retry(Delivery.objects.all()) == 1
