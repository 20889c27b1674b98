"""Each measure by its threshold, the round that tells of them, and the command for monitoring."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from integrations import configuration, gate, incidents, tasks, verdicts
from integrations.health import HealthState
from integrations.models import Connection, Heartbeat, Incident, IntegrationLog
from integrations.models.incident import OUTAGE, UNHEALTHY
from integrations.situation import Situation
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import a_delivery, page, text
from tests.integrations.admin.conftest import operator as operator
from tests.postbox.sandbox import Answer, Postbox
from tests.postbox.service import PostboxService

from .conftest import change, fresh, service

LETTERS = PostboxService.post_letters


@pytest.fixture
def works(connection: Connection) -> Connection:
    """It was called just now, and all went well."""
    Connection.objects.filter(pk=connection.pk).update(status="healthy", last_success_at=timezone.now())
    return fresh()


def log(good: int, bad: int = 0, *, kind: str = "unavailable", **columns: Any) -> bool:
    """So many good calls, then so many bad ones."""
    for number in range(good + bad):
        gate.log(fresh(), "post_letters", error_kind=kind if number >= good else "", **columns)
    return True


def verdict() -> verdicts.Verdict:
    return verdicts.all_of(Situation())[fresh().integration_id]


def late(minutes: int) -> Callable[[], object]:
    due = timedelta(minutes=minutes)
    return lambda: a_delivery(fresh(), LeadFactory(), LETTERS, due_at=timezone.now() - due)


@pytest.mark.parametrize(("minutes", "state"), [(59, "healthy"), (61, "no_activity")])
def test_nobody_is_called_healthy_of_whom_nobody_has_heard(
    works: Connection, operator: Client, minutes: int, state: str
) -> None:
    """Green since Tuesday: the tests by the clock come every quarter of an hour."""
    Connection.objects.filter(pk=works.pk).update(last_success_at=timezone.now() - timedelta(minutes=minutes))

    assert verdict().state == state
    told = "nothing has been heard of it for a while" in text(operator.get(page(works.integration)))
    assert told == (state == "no_activity")


@pytest.mark.parametrize(
    ("happened", "state", "measures"),
    [
        (lambda: log(10), "healthy", []),
        (lambda: [log(0, 1), log(8)], "healthy", []),  # too few for a rate
        (lambda: [log(0, 1), log(9)], "healthy", []),  # a tenth is allowed
        (lambda: [log(0, 2), log(9)], "unhealthy", ["error_rate"]),
        (lambda: [log(0, 9, kind="rejected"), log(3)], "healthy", []),  # they answer: our data is at fault
        (lambda: log(1, 4), "healthy", []),
        (lambda: log(1, 5), "unhealthy", ["failures"]),
        (lambda: log(1, duration_ms=5000), "healthy", []),
        (lambda: log(1, duration_ms=5001), "unhealthy", ["p95"]),
        (lambda: log(20, 9, started_at=timezone.now() - timedelta(minutes=61)), "healthy", []),
        (late(14), "healthy", []),
        (late(16), "degraded", ["late"]),
        (late(61), "unhealthy", ["late"]),
        (late(-600), "healthy", []),  # wanted later
        (lambda: a_delivery(fresh(), LeadFactory(), LETTERS, state="dead"), "degraded", ["dead"]),
    ],
)
def test_state_follows_from_measures(
    works: Connection, happened: Callable[[], object], state: str, measures: list[str]
) -> None:
    happened()

    assert (verdict().state, [issue.measure for issue in verdict().issues]) == (state, measures)


def test_thresholds_are_settings_of_each_integration(works: Connection) -> None:
    log(1, 2)
    before = verdict().state

    change(works, health_failures=2)

    assert (before, [issue.measure for issue in verdict().issues]) == ("healthy", ["failures"])


@pytest.mark.parametrize("columns", [{"enabled": False}, {"paused_at": timezone.now()}], ids=["disabled", "paused"])
def test_what_is_held_is_not_judged_by_its_calls(works: Connection, columns: dict[str, Any]) -> None:
    log(0, 9)
    type(works.integration).objects.filter(pk=works.integration_id).update(**columns)

    assert verdict().state in (HealthState.DISABLED, HealthState.PAUSED)


def test_measures_cost_three_queries_whatever_there_is(works: Connection, django_assert_num_queries: Any) -> None:
    log(30, 3)
    now = Situation()
    assert now.services

    with django_assert_num_queries(3):
        verdicts.all_of(now)


class TestRound:
    def test_tells_once_of_what_is_unhealthy_and_closes_it_when_calm(self, works: Connection) -> None:
        log(0, 2)
        log(9)
        tasks.health_check_integrations()
        tasks.health_check_integrations()
        opened = Incident.objects.get()
        IntegrationLog.objects.all().delete()

        tasks.health_check_integrations()
        at_once = Incident.objects.get().closed_at
        Incident.objects.update(opened_at=timezone.now() - timedelta(minutes=6))
        Connection.objects.update(last_error_at=timezone.now() - timedelta(minutes=4))
        tasks.health_check_integrations()
        too_soon = Incident.objects.get().closed_at
        Connection.objects.update(last_error_at=timezone.now() - timedelta(minutes=6))
        tasks.health_check_integrations()

        assert (opened.kind, opened.summary) == (UNHEALTHY, "High error rate: 18.2 %")
        assert (at_once, too_soon) == (None, None)
        assert Incident.objects.get().closed_at

    def test_leaves_to_an_outage_what_it_tells_already(self, works: Connection) -> None:
        incidents.report(works, OUTAGE, None, "Nobody is there.")
        log(0, 9)

        tasks.health_check_integrations()

        assert Incident.objects.get().kind == OUTAGE

    def test_failures_of_an_outage_that_is_over_count_no_more_and_of_the_second_in_an_hour_do(
        self, works: Connection
    ) -> None:
        log(1, 9, started_at=timezone.now() - timedelta(minutes=9))
        incidents.report(works, OUTAGE, None, "Nobody is there.")
        incidents.close_outage(works)
        after_one = verdict().state
        incidents.report(works, OUTAGE, None, "Nobody is there again.")
        incidents.close_outage(works)

        assert (after_one, verdict().state) == ("healthy", "unhealthy")

    def test_taking_note_does_not_end_it(self, works: Connection) -> None:
        incidents.report(works, UNHEALTHY, None, "High error rate: 18.2 %")

        incidents.acknowledge(Incident.objects.all(), None)

        assert Incident.objects.get().closed_at is None


class TestProbe:
    def test_is_made_of_what_nobody_has_called_for_a_while(self, works: Connection) -> None:
        at_once = verdicts.is_quiet(works)
        works.last_success_at = timezone.now() - timedelta(minutes=16)
        later = verdicts.is_quiet(works)
        configuration.pause(works.integration)

        assert (at_once, later, verdicts.is_quiet(fresh())) == (False, True, False)

    def test_finds_out_that_it_is_dead_and_that_it_is_back_without_any_traffic(
        self, works: Connection, postbox: Postbox
    ) -> None:
        postbox.always = Answer(503)
        for _ in range(5):
            tasks.probe(str(works.pk))
        dead = verdict().state, Incident.objects.open().get().kind
        postbox.always = None
        tasks.probe(str(works.pk))

        assert dead == ("unhealthy", OUTAGE)
        assert (verdict().state, Incident.objects.open().count()) == ("healthy", 0)


class TestCommand:
    def outcome(self) -> tuple[int, dict[str, Any]]:
        out, code = StringIO(), 0
        try:
            call_command("check_health", "--json", stdout=out)
        except SystemExit as left:
            code = int(str(left.code))
        return code, json.loads(out.getvalue())

    def test_tells_monitoring_by_its_exit_code(self, works: Connection) -> None:
        nobody = self.outcome()
        Heartbeat.beat(*Heartbeat.QUEUES, "beat")
        fine = self.outcome()
        late(16)()
        degraded = self.outcome()
        log(0, 5)
        unhealthy = self.outcome()

        assert (nobody[0], nobody[1]["silent"]) == (2, ["fast", "bulk", "beat"])
        assert [code for code, _found in (fine, degraded, unhealthy)] == [0, 1, 2]
        assert unhealthy[1]["integrations"]["postbox"]["said"].startswith("unhealthy: Failures in a row: 5")


def test_page_says_the_state_its_measure_and_the_next_step(operator: Client, works: Connection) -> None:
    log(1, 6)

    shown = text(operator.get(page(works.integration)))

    assert "unhealthy" in shown
    assert "Failures in a row: 6." in shown
    assert "Look at the calls and deliveries below." in shown
    assert service().settings.health_failures == 5
