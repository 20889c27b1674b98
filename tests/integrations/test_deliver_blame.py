"""Who is to blame decides whether a row waits, tries again or is dead."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from integrations import breaker, errors
from integrations.models import Attempt, Connection, Delivery
from tests.postbox.sandbox import Answer, Postbox

from .conftest import change, fresh
from .promising import NOON, SCHEDULE, Handle, State, drain, make_due, promise, row

pytestmark = pytest.mark.django_db


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

    def test_what_nobody_wants_any_more_is_cancelled_with_the_reason(
        self, connection: Connection, handle: Callable[[Handle], None]
    ) -> None:
        late, other = promise("a", "b")
        handle(lambda leads: iter([([late], errors.Obsolete("The event is over.")), ([other], None)]))

        drain()

        found = row(late)
        assert (found.state, found.error_kind, found.error) == (State.CANCELLED, "obsolete", "The event is over.")
        assert row(other).state == State.DELIVERED

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
