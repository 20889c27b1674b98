"""Commands: JSON on request, 0 = done, 1 = failed, 2 = usage."""

import io
import json
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from integrations import configuration, outbox
from integrations.models import Connection, Delivery, Incident, Installation, Integration, IntegrationLog, Run
from tests.factories import LeadFactory
from tests.postbox.sandbox import Answer, Postbox
from tests.postbox.service import PostboxService

from .conftest import TOKEN, service

pytestmark = pytest.mark.django_db
State = Delivery.State


def run(*arguments: str) -> tuple[int, Any]:
    """Exit code and the JSON answer, or the message."""
    out = io.StringIO()
    try:
        call_command(*arguments, "--json", stdout=out)
    except SystemExit as stopped:
        return int(str(stopped.code)), json.loads(out.getvalue())
    except CommandError as error:
        return error.returncode, str(error)
    return 0, json.loads(out.getvalue())


@pytest.mark.parametrize(
    "arguments",
    [
        ["configure_integration", "pigeon"],
        ["configure_integration", "postbox", "colour=red"],
        ["configure_integration", "postbox", "timeout"],
        ["configure_integration", "postbox", "--secret", "colour"],
        ["configure_integration", "postbox", "--account", "ada", "timeout=7"],
        ["configure_integration", "odoo", "--account", "ada", "url=http://p.example"],
        ["test_integration"],
        ["test_integration", "pigeon"],
        ["test_integration", "postbox", "--all"],
        ["deliver", "--integration", "pigeon"],
        ["replay"],
        ["replay", "--dead", "--integration", "pigeon"],
        ["replay", "--since", "yesterday"],
        ["replay", "--since", "2026-02-30T12:00"],
        ["replay", "--dead", "--rate", "0"],
        ["replay", "--incident", "999"],
        ["replay", "--since", "2026-03-02", "--until", "2026-03-01"],
    ],
    ids=" ".join,
)
def test_misuse_exits_with_2(registered: Integration, arguments: list[str]) -> None:
    assert run(*arguments)[0] == 2


class TestConfigure:
    def test_saves_values_and_enables(self, registered: Integration, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MAGNETIQ_SECRET_TOKEN", TOKEN)

        answer = run("configure_integration", "postbox", "url=http://p.example/?a=b", "--secret", "token", "--enable")

        assert answer == (0, {"integration": "postbox", "enabled": True, "changed": ["token", "url"]})
        assert str(service().settings.url) == "http://p.example/?a=b"
        assert service().secret("token") == TOKEN

    def test_reads_a_secret_from_standard_input(self, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("MAGNETIQ_SECRET_TOKEN", raising=False)
        monkeypatch.setattr(sys, "stdin", io.StringIO("from standard input\n"))

        assert run("configure_integration", "postbox", "--secret", "token")[1]["changed"] == ["token"]
        assert service().secret("token") == "from standard input"

    def test_adds_an_account(self, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MAGNETIQ_SECRET_PIN", "a-pin-of-the-box")

        answer = run("configure_integration", "postbox", "--account", "ada", "box=17", "--secret", "pin")

        assert answer[1]["changed"] == ["box", "pin"]
        assert Connection.objects.get(owner="ada").secrets == {"box": "17", "pin": "a-pin-of-the-box"}

    def test_order_of_values_and_options_does_not_matter(self, connection: Connection) -> None:
        assert run("configure_integration", "postbox", "--disable", "timeout=7")[1]["changed"] == ["timeout"]

    def test_lists_are_separated_by_commas(self, connection: Connection) -> None:
        run("configure_integration", "postbox", "retry_schedule=1,2")

        assert service().settings.retry_schedule == [1, 2]

    def test_empty_secret_keeps_the_stored_one(self, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))

        assert run("configure_integration", "postbox", "--secret", "token")[1]["changed"] == []
        assert service().secret("token") == TOKEN

    def test_refuses_a_secret_among_the_arguments(self, connection: Connection) -> None:
        code, message = run("configure_integration", "postbox", "token=visible-to-all")

        assert (code, "visible-to-all" in message) == (2, False)
        assert service().secret("token") == TOKEN

    def test_wrong_value_exits_with_1_and_names_the_field(self, connection: Connection) -> None:
        code, message = run("configure_integration", "postbox", "timeout=-1")

        assert (code, message.startswith("timeout:")) == (1, True)

    def test_disables(self, connection: Connection) -> None:
        assert run("configure_integration", "postbox", "--disable")[1]["enabled"] is False

    def test_is_logged_as_set_off_by_a_command(self, connection: Connection) -> None:
        run("configure_integration", "postbox", "timeout=5")

        assert IntegrationLog.objects.filter(operation="config_updated").latest("pk").trigger == "command"


class TestTest:
    def test_green_exits_with_0(self, connection: Connection) -> None:
        code, reports = run("test_integration", "postbox")

        assert (code, reports["postbox"]["facts"]) == (0, {"owner": "Ada"})

    def test_red_exits_with_1(self, connection: Connection, postbox: Postbox) -> None:
        postbox.always = Answer(401, "Who are you?")

        code, reports = run("test_integration", "postbox")

        assert (code, reports["postbox"]["problems"]) == (1, ["Who are you?"])

    def test_all_means_the_enabled_ones(self, connection: Connection) -> None:
        assert list(run("test_integration", "--all")[1]) == ["postbox"]

    def test_speaks_plainly_without_json(self, connection: Connection, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("test_integration", "postbox")

        assert capsys.readouterr().out == "postbox: Connected.\n  owner: Ada\n"


class TestDeliver:
    def test_delivers_what_is_due(self, connection: Connection) -> None:
        outbox.keep_in_sync(PostboxService.post_letters, LeadFactory.create_batch(3))

        assert run("deliver") == (0, {"processed": 3, "outcomes": {"delivered": 3}, "waiting": 0})

    def test_until_empty_waits_for_what_is_due_soon(self, connection: Connection) -> None:
        outbox.once(PostboxService.post_letters, LeadFactory(), due_at=timezone.now() + timedelta(seconds=0.3))

        assert run("deliver", "--until-empty")[1]["outcomes"] == {"delivered": 1}

    @pytest.mark.parametrize(
        "hold",
        [
            lambda: Connection.objects.update(secrets={}),
            lambda: Connection.objects.update(blocked=["post_letters"]),
            lambda: Installation.objects.update(site_url="https://production.example"),
            lambda: Delivery.objects.update(operation="of_an_older_release"),
            lambda: Delivery.objects.update(due_at=timezone.now() + timedelta(hours=10)),
        ],
        ids=["incomplete", "blocked", "copy", "unknown operation", "due in hours"],
    )
    def test_until_empty_gives_up_where_nothing_moves_by_itself(self, connection: Connection, hold: Any) -> None:
        outbox.keep_in_sync(PostboxService.post_letters, [LeadFactory()])
        hold()

        assert run("deliver", "--until-empty") == (1, {"processed": 0, "outcomes": {}, "waiting": 1})

    def test_disabled_integrations_rows_do_not_count(self, registered: Integration) -> None:
        outbox.keep_in_sync(PostboxService.post_letters, [LeadFactory()])

        assert run("deliver", "--until-empty") == (0, {"processed": 0, "outcomes": {}, "waiting": 0})


class TestReplay:
    @pytest.fixture(autouse=True)
    def settled(self, connection: Connection) -> None:
        leads = LeadFactory.create_batch(3)
        outbox.keep_in_sync(PostboxService.post_letters, leads)
        old, dead, new = Delivery.objects.order_by("pk")
        past = timezone.now() - timedelta(days=2)
        Delivery.objects.filter(pk=old.pk).update(state=State.DEAD, settled_at=past)
        Delivery.objects.filter(pk=dead.pk).update(state=State.DEAD, settled_at=timezone.now())
        Delivery.objects.filter(pk=new.pk).update(state=State.DELIVERED, settled_at=timezone.now())

    def replayed(self, *arguments: str) -> int:
        code, result = run("replay", *arguments)
        assert (code, Run.objects.get(pk=result["run"]).state) == (0, "done")
        return int(result["replayed"])

    def test_dead_ones(self) -> None:
        assert self.replayed("--dead", "--integration", "postbox") == 2
        assert Delivery.objects.filter(state=State.PENDING).count() == 2

    def test_settled_since(self) -> None:
        assert self.replayed("--since", (timezone.now() - timedelta(days=1)).isoformat()) == 2

    def test_what_was_wanted_once_and_is_delivered_never_happens_twice(self) -> None:
        outbox.once(PostboxService.post_letters, LeadFactory(), "a reminder")
        Delivery.objects.filter(key__endswith="a reminder").update(state=State.DELIVERED, settled_at=timezone.now())

        run("replay", "--since", "2026-01-01T00:00")

        assert Delivery.objects.get(key__endswith="a reminder").state == State.DELIVERED

    def test_dead_are_narrowed(self) -> None:
        Delivery.objects.filter(state=State.DEAD).update(error_kind="rejected")
        until = (timezone.now() - timedelta(days=1)).isoformat()

        assert self.replayed("--dead", "--kind", "ambiguous") == 0
        assert self.replayed("--dead", "--operation", "post_cards") == 0
        assert self.replayed("--dead", "--kind", "rejected", "--kind", "bug", "--until", until) == 1

    def test_is_logged(self) -> None:
        run("replay", "--dead")

        assert IntegrationLog.objects.filter(operation="replayed", trigger="command", size=2).exists()

    def test_dead_since(self) -> None:
        assert self.replayed("--dead", "--since", (timezone.now() - timedelta(days=1)).isoformat()) == 1

    def test_dry_run_tells_and_changes_nothing(self) -> None:
        Delivery.objects.filter(state=State.DEAD).update(error_kind="ambiguous")
        before = list(Delivery.objects.order_by("pk").values())

        code, told = run("replay", "--dead", "--dry-run")

        assert (code, told["total"], told["ambiguous"], told["sent"]) == (0, 2, 2, 2)
        assert list(Delivery.objects.order_by("pk").values()) == before
        assert not Run.objects.exists()

    def test_ambiguous_ones_are_left_out(self) -> None:
        Delivery.objects.filter(state=State.DEAD, settled_at__lt=timezone.now() - timedelta(days=1)).update(
            error_kind="ambiguous"
        )

        assert self.replayed("--dead", "--without-ambiguous") == 1

    def test_rate_gives_each_its_turn(self) -> None:
        self.replayed("--dead", "--rate", "2")

        first, second = Delivery.objects.filter(state=State.PENDING).order_by("due_at")
        assert second.due_at - first.due_at == timedelta(seconds=30)

    def test_what_died_of_an_incident(self, connection: Connection) -> None:
        incident = Incident.objects.create(
            connection=connection, summary="down", opened_at=timezone.now() - timedelta(minutes=5)
        )

        assert self.replayed("--incident", str(incident.pk)) == 1


class TestJobs:
    def test_promises_and_delivers_before_it_returns(self, connection: Connection, postbox: Postbox) -> None:
        LeadFactory.create_batch(3)

        code, answer = run("post_greetings", "--limit", "2")

        assert (code, [len(bag) for bag in postbox.bags]) == (0, [2])
        assert answer == {"promised": 2, "processed": 2, "successful": 2, "failed": 0, "waiting": 0, "errors": {}}

    def test_failure_exits_with_1_and_is_counted_by_kind(self, connection: Connection, postbox: Postbox) -> None:
        LeadFactory(name="Ada")
        LeadFactory(name="SPAM")
        postbox.refuses = "SPAM"

        code, answer = run("post_greetings")

        assert (code, answer["failed"], answer["errors"]) == (1, 1, {"rejected": 1})

    def test_what_cannot_go_out_now_exits_with_1(self, connection: Connection, postbox: Postbox) -> None:
        LeadFactory()
        configuration.pause(connection.integration)

        code, answer = run("post_greetings")

        assert (code, answer["promised"], answer["processed"], answer["waiting"]) == (1, 1, 0, 1)

    def test_dry_run_promises_nothing(self, connection: Connection) -> None:
        LeadFactory()

        assert run("post_greetings", "--dry-run") == (0, {"counts": {"would post": 1}, "changes": [], "left_out": 0})
        assert Delivery.objects.count() == 0

    def test_incomplete_settings_exit_with_1(self, registered: Integration) -> None:
        code, message = run("post_greetings")

        assert (code, "token: This is needed." in message) == (1, True)


class TestWiring:
    def test_wiring_tells_what_each_fact_sets_off(self, registered: Integration) -> None:
        code, facts = run("wiring")

        assert (code, facts["leads.leads_captured"]) == (0, ["odoo.push_leads", "webhooks.lead_captured"])
        assert {fact.partition(".")[0] for fact in facts} == {"leads", "webinars", "bookings", "integrations"}
