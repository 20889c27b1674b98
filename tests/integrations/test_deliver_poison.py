"""One bad row is dead, and the others are not."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from integrations import errors
from integrations.models import Attempt, Connection, Delivery
from integrations.outbox.lease import claim
from leads.models import Lead
from tests.factories import LeadFactory
from tests.postbox.sandbox import Answer, Postbox

from .conftest import fresh
from .promising import Handle, State, drain, kill_workers, promise, row, states

pytestmark = pytest.mark.django_db


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

    def test_that_one_record_is_gone_is_believed_of_one_row_only(
        self, connection: Connection, handle: Callable[[Handle], None]
    ) -> None:
        gone, *others = promise("a", "b", "c", "d")

        def find(found: Sequence[Lead]) -> Iterator[tuple[Sequence[Lead], None]]:
            if any(lead.pk == gone.pk for lead in found):
                raise errors.Gone("Deleted there.")
            yield found, None

        handle(find)
        drain()

        assert (row(gone).state, row(gone).error_kind) == (State.DELIVERED, "gone")
        assert [row(lead).error_kind for lead in others] == ["", "", ""]

    def test_words_that_the_database_cannot_keep_are_no_crash(
        self, connection: Connection, handle: Callable[[Handle], None]
    ) -> None:
        """They were: the row stayed in flight, and the rest of the queue with it."""
        (lead,) = promise("a")
        handle(lambda found: iter([(found, errors.Rejected("half \ud83d and \0 nothing"))]))

        drain()

        assert (row(lead).state, row(lead).error) == (State.DEAD, "half ? and  nothing")

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
