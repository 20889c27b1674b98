"""How integrations are, their settings and their test."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations import configuration, registry, runs
from integrations.models import Connection, ExternalRecord, Heartbeat, Integration, IntegrationLog, Run
from tests.factories import A_MOMENT, LeadFactory
from tests.integrations.admin.conftest import a_delivery
from tests.integrations.conftest import TOKEN, fresh
from tests.postbox.sandbox import Answer, Postbox
from tests.postbox.service import PostboxService

from .conftest import INTEGRATIONS, Call, a_token, caller, data, error

POSTBOX = f"{INTEGRATIONS}/postbox"


# --- status ----------------------------------------------------------------------------------------------------------


def test_status_tells_how_each_integration_is_without_calling_anybody(
    call: Call, connection: Connection, postbox: Postbox
) -> None:
    for number in range(3):
        a_delivery(connection, LeadFactory(), PostboxService.post_letters, state="pending" if number else "dead")

    found = data(call("GET", f"{INTEGRATIONS}/status"))

    assert found.keys() == registry.services().keys()
    assert (found["odoo"]["status"], found["odoo"]["mode"]) == ("disabled", None)
    told = ("status", "mode", "enabled", "waiting", "dead")
    assert [found["postbox"][name] for name in told] == ["degraded", "sandbox", True, 2, 1]
    assert found["postbox"]["oldest_waiting_at"]
    assert postbox.requests == []


@pytest.mark.parametrize("count", [1, 30])
def test_status_takes_the_same_queries_whatever_there_is(
    call: Call, connection: Connection, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        a_delivery(connection, LeadFactory(), PostboxService.post_letters, state="dead" if number % 2 else "pending")
    call("GET", f"{INTEGRATIONS}/status")

    with django_assert_num_queries(5):  # the token, the connections, outages, calls, what is open
        call("GET", f"{INTEGRATIONS}/status")


# --- test ------------------------------------------------------------------------------------------------------------


def test_test_without_worker_is_done_here_and_says_so(call: Call, connection: Connection) -> None:
    report = data(call("POST", f"{POSTBOX}/test"))

    assert (report["ok"], report["by"], report["facts"]) == (True, "web", {"owner": "Ada"})
    assert "worker" in report["notes"][0]
    assert fresh().status == "healthy"
    assert Run.objects.get().trigger == "api"


@pytest.mark.django_db(transaction=True)
def test_test_waits_for_the_worker_that_does_it(call: Call, connection: Connection) -> None:
    Heartbeat.beat(*Heartbeat.QUEUES)
    worker = threading.Thread(target=work_once)
    worker.start()

    report = data(call("POST", f"{POSTBOX}/test"))

    worker.join()
    assert (report["ok"], report["by"], report["notes"]) == (True, "worker", [])


def work_once() -> None:
    """A worker's sweep, as soon as there is something to do."""
    from django.db import connections

    while not Run.objects.filter(state="waiting").exists():
        pass
    runs.sweep("fast")
    connections.close_all()


def test_test_that_takes_long_is_to_be_looked_at_again(
    call: Call, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.api.runs.PATIENCE", 0.0)
    Heartbeat.beat(*Heartbeat.QUEUES)

    accepted = data(call("POST", f"{POSTBOX}/test"), 202)
    runs.sweep("fast")
    run = data(call("GET", f"/api/v1/admin/runs/{accepted['id']}"))

    assert (accepted["state"], accepted["kind"], accepted["integration"]) == ("waiting", "test", "postbox")
    assert (run["state"], run["result"]["summary"]) == ("done", "Connected.")


@pytest.mark.parametrize(
    ("answer", "said"),
    [(Answer(401, f"No: {TOKEN} of ada@client.example"), "[secret]"), (Answer(503), "503")],
)
def test_test_that_fails_there_is_a_bad_gateway_with_its_report(
    call: Call, connection: Connection, postbox: Postbox, answer: Answer, said: str
) -> None:
    postbox.always = answer

    failed = error(call("POST", f"{POSTBOX}/test"), 502)

    assert said in failed["message"]
    assert (failed["report"]["ok"], failed["report"]["by"]) == (False, "web")
    assert Run.objects.get(pk=failed["run"]).state == "failed"
    assert TOKEN not in str(failed)
    assert "ada@client.example" not in str(failed)


def test_test_with_incomplete_settings_is_a_conflict(call: Call, registered: Integration) -> None:
    refused = error(call("POST", f"{POSTBOX}/test"), 409)

    assert refused["fields"] == {"url": ["This is needed."], "token": ["This is needed."]}


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "test"), ("GET", "config"), ("PUT", "config"), ("GET", "health"), ("POST", "sync-leads")],
)
def test_unknown_integration_is_not_found(call: Call, db: None, method: str, path: str) -> None:
    assert error(call(method, f"{INTEGRATIONS}/nobody/{path}", {} if method == "PUT" else None), 404)


# --- config ----------------------------------------------------------------------------------------------------------


def test_settings_are_shown_and_secrets_only_counted(call: Call, connection: Connection, postbox: Postbox) -> None:
    answer = call("GET", f"{POSTBOX}/config")

    found = data(answer)
    assert (found["settings"]["url"], found["settings"]["timeout"]) == (postbox.url, 30)
    assert (found["secrets"], found["enabled"]) == ({"token": True}, True)
    assert TOKEN not in answer.content.decode()


def test_new_settings_and_secrets_are_saved_with_their_user(call: Call, registered: Integration, ada: User) -> None:
    body = {
        "settings": {"url": "https://post.example", "timeout": 9},
        "secrets": {"token": "a-secret"},
        "enabled": True,
    }

    answer = call("PUT", f"{POSTBOX}/config", body)

    found = data(answer)
    assert found["changed"] == ["timeout", "token", "url"]
    assert (found["settings"]["timeout"], found["enabled"], found["changed_by"]) == (9, True, "ada")
    assert "a-secret" not in answer.content.decode()
    row = fresh()
    assert (row.secrets, row.integration.settings["url"]) == ({"token": "a-secret"}, "https://post.example/")
    logged = IntegrationLog.objects.order_by("pk").values_list("operation", "trigger", "actor", "metadata")
    assert list(logged) == [
        ("config_updated", "api", ada.pk, {"fields": ["timeout", "token", "url"]}),
        ("enabled", "api", ada.pk, {}),
    ]


def test_what_is_not_named_stays(call: Call, connection: Connection) -> None:
    found = data(call("PUT", f"{POSTBOX}/config", {"settings": {"timeout": 5}}))

    assert found["changed"] == ["timeout"]
    assert fresh().secrets == {"token": TOKEN}
    assert fresh().integration.enabled


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"settings": {"url": "nonsense"}}, {"settings.url": ["Enter a whole address, such as https://example.com"]}),
        ({"settings": {"timeout": 0}}, {"settings.timeout": ["Enter a number above 0.0."]}),
        ({"settings": {"colour": "red"}}, {"settings.colour": ["There is no such field."]}),
        ({"settings": {"token": "misplaced"}}, {"settings.token": ["There is no such field."]}),
        ({"secrets": {"url": "x"}}, {"secrets.url": ["There is no such field."]}),
        ({"secrets": {"token": 5}}, {"secrets.token": ["Input should be a valid string"]}),
        ({"enabled": "yes"}, {"enabled": ["Input should be a valid boolean"]}),
        ({"enable": True}, {"enable": ["There is no such field."]}),
    ],
)
def test_wrong_settings_are_refused_by_field(
    call: Call, connection: Connection, body: dict[str, Any], fields: dict[str, list[str]]
) -> None:
    before = fresh().integration.settings

    assert error(call("PUT", f"{POSTBOX}/config", body), 422)["fields"] == fields
    assert fresh().integration.settings == before


def test_wrong_secret_is_not_quoted(call: Call, registered: Integration) -> None:
    answer = call("PUT", f"{POSTBOX}/config", {"secrets": {"token": "a-secret"}, "settings": {"url": "a-secret"}})

    assert "settings.url" in error(answer, 422)["fields"]
    assert "a-secret" not in answer.content.decode()


def test_another_system_must_be_meant(call: Call, connection: Connection) -> None:
    ExternalRecord.objects.create(
        remote_system=fresh().book, remote_model="letter", subject_type="x", subject_id=1, synced_at=A_MOMENT
    )
    body = {"settings": {"url": "https://other.example"}}

    refused = error(call("PUT", f"{POSTBOX}/config", body), 409)
    moved = data(call("PUT", f"{POSTBOX}/config", {**body, "new_system": True}))

    assert "other.example" in refused["message"]
    assert moved["changed"] == ["url"]
    assert fresh().book == "https://other.example/"


# --- health ----------------------------------------------------------------------------------------------------------


def log(connection: Connection, *statuses: str, operation: str = "post_letters", **columns: Any) -> None:
    rows = [
        IntegrationLog(
            integration=connection.integration,
            operation=operation,
            status=status,
            trigger="delivery",
            **{"started_at": timezone.now(), "duration_ms": 10, **columns},
        )
        for status in statuses
    ]
    IntegrationLog.objects.bulk_create(rows)


def health(call: Call) -> Any:
    return data(call("GET", f"{POSTBOX}/health"))


def test_nothing_called_is_no_activity_and_no_illness(call: Call, connection: Connection) -> None:
    log(connection, "error", started_at=timezone.now() - timedelta(minutes=61))
    log(connection, "ok", operation="config_updated")
    a_delivery(connection, LeadFactory(), PostboxService.post_letters)

    found = health(call)

    assert (found["status"], found["total"], found["issues"], found["waiting"]) == ("no_activity", 0, [], 1)


def test_figures_are_those_of_the_last_hour(call: Call, connection: Connection) -> None:
    log(connection, *["ok"] * 9, "error", duration_ms=100)
    log(connection, "ok", *["error"] * 2, duration_ms=1000)

    found = health(call)

    assert (found["total"], found["errors"], found["error_rate"]) == (13, 3, 0.2308)
    assert (found["avg_response_time"], found["p95_response_time"]) == (pytest.approx(307.69, abs=0.01), 1000)
    assert (found["status"], found["issues"]) == ("unhealthy", ["High error rate: 23.1 %"])
    assert found["consecutive_failures"] == 2


@pytest.mark.parametrize(
    ("statuses", "duration", "issues"),
    [
        (["error", *["ok"] * 8], 10, []),  # too few calls for a rate
        (["error", *["ok"] * 9], 10, []),  # a tenth is allowed
        (["ok"], 5000, []),
        (["ok"], 5001, ["Slow answers: 5001 ms"]),
        (["ok", *["error"] * 4], 10, []),
        (["ok", *["error"] * 5], 10, ["Failures in a row: 5"]),
    ],
)
def test_issue_begins_beyond_its_threshold(
    call: Call, connection: Connection, statuses: list[str], duration: int, issues: list[str]
) -> None:
    log(connection, *statuses, duration_ms=duration)

    assert health(call)["issues"] == issues


def test_read_token_of_an_auditor_suffices_to_look(connection: Connection, bob: Any) -> None:
    look = caller(a_token(bob("view_integration"), "read")[1])

    assert [look("GET", f"{POSTBOX}/{part}").status_code for part in ("health", "config")] == [200, 200]


def test_paused_integration_says_since_when(call: Call, connection: Connection) -> None:
    configuration.pause(connection.integration)

    assert data(call("GET", f"{INTEGRATIONS}/status"))["postbox"]["status"] == "paused"
