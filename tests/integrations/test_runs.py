"""Work that a person sets off and a worker does."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.utils import timezone, translation

from integrations import errors, progress, runs, tasks, trigger
from integrations.models import Connection, Integration, IntegrationLog, Run
from integrations.runs import FailedRun
from tests.factories import LeadFactory
from tests.postbox.sandbox import Postbox

Work = Callable[[Run], dict[str, Any]]


@pytest.fixture
def kind() -> Iterator[Callable[[Work], None]]:
    """Declare work of the kind "errand" for one test."""

    def declare(work: Work) -> None:
        runs.kind("errand")(work)

    yield declare
    runs.KINDS.pop("errand", None)


def performed(**columns: Any) -> dict[str, Any]:
    """Start an errand, do it, and return what became of it."""
    run = runs.perform(runs.start("errand"))
    return {name: getattr(run, name) for name in columns or ("state", "message", "result")}


@pytest.mark.django_db
class TestPerform:
    def test_result_is_kept(self, kind: Callable[[Work], None]) -> None:
        kind(lambda run: {"found": 7})

        assert performed() == {"state": "done", "message": "", "result": {"found": 7}}

    def test_failure_tells_its_reason_and_shows_what_there_is(self, kind: Callable[[Work], None]) -> None:
        def fail(run: Run) -> dict[str, Any]:
            raise FailedRun("Half of it is missing.", {"found": 3})

        kind(fail)

        assert performed() == {"state": "failed", "message": "Half of it is missing.", "result": {"found": 3}}

    def test_what_the_other_side_refuses_is_told(self, kind: Callable[[Work], None]) -> None:
        def refuse(run: Run) -> dict[str, Any]:
            raise errors.Rejected("They do not want ann@client.example")

        kind(refuse)

        assert performed() == {"state": "failed", "message": "They do not want [address]", "result": {}}

    def test_bug_is_named_only(self, kind: Callable[[Work], None]) -> None:
        def stumble(run: Run) -> dict[str, Any]:
            raise ValueError("secret")

        kind(stumble)

        assert performed()["message"] == "ValueError"

    def test_second_performer_does_nothing(self, kind: Callable[[Work], None]) -> None:
        done = []
        kind(lambda run: {"times": done.append(1) or len(done)})
        run = runs.start("errand")

        for _performer in range(2):
            runs.perform(run)

        assert run.result == {"times": 1}

    def test_progress_is_written(self, kind: Callable[[Work], None]) -> None:
        def walk(run: Run) -> dict[str, Any]:
            progress.report(0, 200)
            progress.report(120, 200)
            return {"seen": Run.objects.values_list("done", "total").get(pk=run.pk)}

        kind(walk)

        assert performed()["result"] == {"seen": [120, 200]}

    def test_words_are_in_the_language_of_who_asked(self, registered: Integration) -> None:
        with translation.override("de"):
            run = runs.start("job", integration=registered, job="post_greetings")

        assert runs.perform(run).message.startswith("Die Einstellungen sind unvollständig.")


class TestStart:
    def test_same_request_is_not_done_twice_at_a_time(self, registered: Integration) -> None:
        first = runs.start("job", integration=registered, job="post_greetings")

        assert runs.start("job", integration=registered, job="post_greetings") == first
        assert runs.start("job", integration=registered, job="post_greetings", dry_run=True) != first
        assert runs.start("test", integration=registered) != first

    def test_it_is_done_again_when_it_is_over(self, connection: Connection) -> None:
        first = runs.perform(runs.start("test", integration=connection.integration))

        assert runs.start("test", integration=connection.integration) != first

    @pytest.mark.django_db(transaction=True)
    def test_clicks_at_the_same_moment_start_one_run(self) -> None:
        together = Barrier(4)

        def click(number: int) -> int:
            database.ensure_connection()
            together.wait(60)
            try:
                return int(runs.start("replay", since="", until="").pk)
            finally:
                database.close()

        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(click, range(4)))) == 1

    def test_whose_performer_has_died_is_no_hindrance(self, registered: Integration) -> None:
        dead = runs.start("test", integration=registered)
        silent(dead)

        assert runs.start("test", integration=registered) != dead


def silent(run: Run) -> None:
    """As if its worker had been killed a while ago."""
    long_ago = timezone.now() - runs.SILENT_FOR - timedelta(seconds=1)
    Run.objects.filter(pk=run.pk).update(state="running", started_at=long_ago, seen_at=long_ago)


@pytest.mark.django_db
class TestSweeping:
    def test_takes_what_no_message_announced(self, kind: Callable[[Work], None]) -> None:
        kind(lambda run: {})
        runs.start("errand")

        tasks.drain("fast")
        assert Run.objects.get().state == "waiting"

        tasks.drain("bulk")
        assert Run.objects.get().state == "done"

    def test_run_that_fell_silent_has_failed(self, kind: Callable[[Work], None]) -> None:
        kind(lambda run: {})
        run = runs.start("errand")
        silent(run)

        tasks.reap()

        run.refresh_from_db()
        assert (run.state, run.message) == ("failed", "Whoever did this has died. Start it again.")
        assert run.finished_at

    def test_run_that_gives_signs_of_life_goes_on(self, kind: Callable[[Work], None]) -> None:
        kind(lambda run: {"state": tasks.reap() or Run.objects.get(pk=run.pk).state})

        assert performed()["result"] == {"state": "running"}

    def test_run_that_was_given_up_too_early_is_done_all_the_same(self, kind: Callable[[Work], None]) -> None:
        def hold_ones_breath(run: Run) -> dict[str, Any]:
            silent(run)
            tasks.reap()
            return {"found": 7}

        kind(hold_ones_breath)

        assert performed() == {"state": "done", "message": "", "result": {"found": 7}}

    def test_old_ones_are_pruned_and_what_a_dry_run_found_goes_earlier(self, kind: Callable[[Work], None]) -> None:
        def ended(days: int) -> Run:
            at = timezone.now() - timedelta(days=days)
            found = {"counts": {"new": 1}, "changes": [{"email": "ann@client.example"}]}
            return Run.objects.create(kind="job", trigger="admin", result=found, created_at=at, finished_at=at)

        today, yesterday, _last_month = ended(0), ended(2), ended(31)

        tasks.prune()

        left = {run: sorted(run.result) for run in Run.objects.all()}
        assert left == {today: ["changes", "counts"], yesterday: ["counts"]}


class TestKinds:
    def test_test_of_a_connection_is_logged_with_who_asked(self, connection: Connection) -> None:
        ada = User.objects.create(username="ada")
        with trigger.triggered("api", ada.pk):
            run = runs.start("test", integration=connection.integration)

        runs.perform(run)

        assert (run.state, run.result["summary"], run.result["facts"]) == ("done", "Connected.", [["owner", "Ada"]])
        rows = IntegrationLog.objects.filter(operation__in=["read_owner", "test_connection"])
        assert list(rows.values_list("trigger", "actor__username")) == [("api", "ada")] * 2

    def test_red_test_has_failed_and_keeps_its_report(self, connection: Connection, postbox: Postbox) -> None:
        postbox.owner = ""

        run = runs.perform(runs.start("test", integration=connection.integration))

        assert (run.state, run.message) == ("failed", "Connected. The postbox belongs to nobody.")
        assert run.result["problems"] == ["The postbox belongs to nobody."]

    def test_job_promises_and_delivers(self, connection: Connection) -> None:
        LeadFactory.create_batch(3)

        run = runs.perform(runs.start("job", integration=connection.integration, job="post_greetings", limit=2))

        assert (run.result["promised"], run.result["successful"]) == (2, 2)
        assert (run.done, run.total) == (2, 2)
