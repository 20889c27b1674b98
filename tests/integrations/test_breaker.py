"""The breaker: on the row, so that all processes agree."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone

from integrations import breaker, errors, health, incidents, outbox
from integrations.models import Connection, Delivery, Incident
from tests.factories import LeadFactory
from tests.postbox.sandbox import Answer, Postbox
from tests.postbox.service import PostboxService

from .conftest import change, fresh, service

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DOWN = Answer(503)
TAKEN = Answer(body='{"refused": {}}')


def post() -> None:
    service().client.post("post_letters", [{"id": 1, "text": "Dear Ada"}])


def fail(times: int) -> None:
    for _ in range(times):
        with pytest.raises(errors.Unavailable):
            post()


@pytest.mark.django_db
@time_machine.travel(NOON, tick=False)
def test_fifth_failure_in_a_row_pauses_for_a_minute(connection: Connection, postbox: Postbox) -> None:
    postbox.always = DOWN

    fail(4)
    assert breaker.paused_until(fresh()) is None
    fail(1)

    assert breaker.paused_until(fresh()) == NOON + timedelta(minutes=1)
    assert (fresh().status, Incident.objects.filter(closed_at=None).count()) == ("failing", 1)


@pytest.mark.django_db
def test_success_between_failures_starts_the_count_anew(connection: Connection, postbox: Postbox) -> None:
    postbox.script.extend([DOWN] * 4 + [TAKEN] + [DOWN] * 4)

    fail(4)
    post()
    fail(4)

    assert breaker.paused_until(fresh()) is None


@pytest.mark.django_db
def test_nobody_calls_during_a_pause(connection: Connection, postbox: Postbox) -> None:
    postbox.always = DOWN
    fail(5)

    with pytest.raises(errors.Paused):
        post()

    assert len(postbox.requests) == 5


@pytest.mark.django_db
def test_pause_doubles_up_to_fifteen_minutes(connection: Connection, postbox: Postbox) -> None:
    postbox.always = DOWN
    pauses = []

    with time_machine.travel(NOON, tick=False) as clock:
        fail(4)
        for _ in range(6):
            fail(1)
            until = fresh().paused_until
            assert until is not None
            pauses.append((until - timezone.now()).total_seconds())
            clock.move_to(until)

    assert pauses == [60, 120, 240, 480, 900, 900]


@pytest.mark.django_db
def test_probe_that_succeeds_closes_and_releases_the_rows(connection: Connection, postbox: Postbox) -> None:
    outbox.keep_in_sync(PostboxService.post_letters, [LeadFactory()])
    Delivery.objects.update(due_at=timezone.now() + timedelta(hours=1), error_kind="unavailable")
    postbox.script.extend([DOWN] * 5)
    fail(5)

    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        post()
        due_in = Delivery.objects.get().due_at - timezone.now()

    assert timedelta(0) <= due_in <= timedelta(seconds=5)
    assert (fresh().failures, fresh().paused_until, fresh().status) == (0, None, "healthy")
    assert Incident.objects.get().closed_at is not None


@pytest.mark.django_db
def test_success_leaves_rows_alone_that_wait_for_their_own_sake(connection: Connection, postbox: Postbox) -> None:
    outbox.keep_in_sync(PostboxService.post_letters, [LeadFactory()])
    later = timezone.now() + timedelta(hours=1)
    Delivery.objects.update(due_at=later, error_kind="conflict")
    Connection.objects.update(failures=1)

    post()

    assert Delivery.objects.get().due_at == later


@pytest.mark.django_db
@time_machine.travel(NOON, tick=False)
def test_too_fast_pauses_as_long_as_they_say_without_failure(connection: Connection, postbox: Postbox) -> None:
    postbox.script.append(Answer(429, headers={"Retry-After": "90"}))

    with pytest.raises(errors.RateLimited):
        post()

    assert (fresh().failures, fresh().paused_until) == (0, NOON + timedelta(seconds=90))
    assert Incident.objects.count() == 0


@pytest.mark.django_db
@time_machine.travel(NOON, tick=False)
def test_late_success_of_another_call_does_not_cut_a_rest_short(connection: Connection) -> None:
    Connection.objects.update(failures=2)
    breaker.limited(connection, errors.RateLimited(retry_after=90))

    breaker.succeeded(connection)

    assert fresh().paused_until == NOON + timedelta(seconds=90)


@pytest.mark.django_db
def test_failures_of_calls_that_were_under_way_do_not_lengthen_the_pause(connection: Connection) -> None:
    settings = service().settings
    for _ in range(9):
        breaker.failed(connection, errors.Unavailable("down"), settings, probing=False)

    assert fresh().failures == 5


@pytest.mark.django_db
@pytest.mark.parametrize(("operation", "blocked"), [(None, ["*"]), ("post_letters", ["post_letters"])])
def test_misconfigured_bars_what_it_names_until_the_test_is_green(
    connection: Connection, postbox: Postbox, operation: str | None, blocked: list[str]
) -> None:
    postbox.script.append(Answer(403 if operation else 401, "No."))
    with pytest.raises(errors.Misconfigured):
        post()

    assert (fresh().blocked, fresh().status) == (blocked, "misconfigured")
    assert fresh().is_blocked("post_letters")
    assert fresh().is_blocked("post_cards") is (operation is None)
    assert health.test(fresh()).ok
    assert (fresh().blocked, fresh().status) == ([], "healthy")


@pytest.mark.django_db
def test_status_since_moves_only_with_the_status(connection: Connection, postbox: Postbox) -> None:
    with time_machine.travel(NOON, tick=False):
        post()
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        post()

    assert fresh().status_since == NOON
    assert fresh().last_success_at == NOON + timedelta(hours=1)


@pytest.mark.django_db
def test_success_of_one_operation_keeps_the_light_red_for_the_other(connection: Connection, postbox: Postbox) -> None:
    breaker.barred(connection, errors.Misconfigured("no right", operation="post_letters"))

    service().client.post("post_cards", [{"id": 1, "text": ""}])

    assert (fresh().status, fresh().blocked) == ("misconfigured", ["post_letters"])


@pytest.mark.django_db
def test_outage_is_one_incident_however_often_it_is_noticed(connection: Connection) -> None:
    for _ in range(3):
        incidents.report(connection, "outage", None, "down")

    assert Incident.objects.count() == 1


@pytest.mark.django_db
def test_thresholds_are_settings(connection: Connection, postbox: Postbox) -> None:
    change(connection, breaker_failures=2, breaker_pause=10, breaker_longest_pause=15)
    postbox.always = DOWN

    with time_machine.travel(NOON, tick=False) as clock:
        fail(2)
        assert fresh().paused_until == NOON + timedelta(seconds=10)
        clock.shift(10)
        fail(1)
        assert fresh().paused_until == NOON + timedelta(seconds=10 + 15)


@pytest.mark.django_db(transaction=True)
def test_threads_agree_on_one_probe(connection: Connection, postbox: Postbox) -> None:
    Connection.objects.update(failures=5, paused_until=timezone.now())
    postbox.always = Answer(503, json.dumps({}))
    start = Barrier(6)

    def work(number: int) -> str:
        mine = service()
        start.wait(10)
        try:
            mine.client.post("post_letters", [])
        except errors.IntegrationError as error:
            return error.kind
        finally:
            database.close()
        return ""

    with ThreadPoolExecutor(6) as pool:
        kinds = sorted(pool.map(work, range(6)))

    assert kinds == ["paused"] * 5 + ["unavailable"]
    assert (len(postbox.requests), fresh().failures) == (1, 6)


@pytest.mark.django_db(transaction=True)
def test_threads_that_fail_at_once_are_all_counted(connection: Connection, postbox: Postbox) -> None:
    start = Barrier(4)

    def work(number: int) -> None:
        mine = service()
        start.wait(10)
        breaker.failed(mine.connection, errors.Unavailable("down"), mine.settings, probing=False)
        database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert fresh().failures == 4
