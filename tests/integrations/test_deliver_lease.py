"""Who holds a row, for how long, and what happens when he dies."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.db import OperationalError
from django.db import connection as database
from django.utils import timezone

from integrations import errors, outbox
from integrations.models import Connection, Delivery
from integrations.outbox import deliver
from integrations.outbox.lease import Settlement, claim, settle
from leads.models import Lead
from tests.postbox.sandbox import Answer, Postbox

from .promising import (
    CARDS,
    LETTERS,
    Handle,
    State,
    drain,
    kill_workers,
    promise,
    row,
    states,
)

pytestmark = pytest.mark.django_db


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

    def test_a_suspect_that_is_given_back_stays_one(self, connection: Connection) -> None:
        (lead,) = promise("a")
        Delivery.objects.update(crashes=2)
        lease = claim(connection, LETTERS.name, limit=1, seconds=60, suspects=True)
        back = Settlement(lease.rows[0], State.PENDING, timezone.now(), 0)

        settle(lease, [back], started_at=timezone.now(), duration=0, tried=False)

        assert (row(lead).state, row(lead).crashes, row(lead).attempts) == (State.PENDING, 2, 0)

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
