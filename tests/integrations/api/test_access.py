"""Who may call what, and how often."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from integrations.models import ApiToken, Connection, IntegrationLog
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import a_delivery
from tests.postbox.service import PostboxService

from .conftest import INTEGRATIONS, Call, a_token, caller, data, error

DELIVERIES, RUNS = "/api/v1/admin/deliveries", "/api/v1/admin/runs"
# (method, path, body, scope that it needs, permission that it needs, status for who has both)
ENDPOINTS: list[tuple[str, str, Any, str, str, int]] = [
    ("GET", f"{INTEGRATIONS}/status", None, "read", "view_integration", 200),
    ("GET", f"{INTEGRATIONS}/postbox/health", None, "read", "view_integration", 200),
    ("GET", f"{INTEGRATIONS}/postbox/config", None, "read", "view_integration", 200),
    ("PUT", f"{INTEGRATIONS}/postbox/config", {}, "configure", "configure_integration", 200),
    ("POST", f"{INTEGRATIONS}/postbox/test", None, "operate", "operate_integration", 200),
    ("POST", f"{INTEGRATIONS}/postbox/post-greetings", {}, "operate", "operate_integration", 202),
    ("GET", f"{RUNS}/999", None, "read", "view_run", 404),
    ("GET", DELIVERIES, None, "read", "view_delivery", 200),
    ("GET", f"{DELIVERIES}/ID", None, "read", "view_delivery", 200),
    ("POST", f"{DELIVERIES}/ID/replay", None, "operate", "operate_integration", 200),
    ("POST", f"{DELIVERIES}/ID/cancel", None, "operate", "operate_integration", 200),
    ("POST", f"{DELIVERIES}/replay", {"dry_run": True}, "operate", "operate_integration", 200),
    ("GET", f"{DELIVERIES}/replay/999", None, "read", "view_run", 404),
    ("POST", f"{DELIVERIES}/replay/999/stop", None, "operate", "operate_integration", 404),
]
SCOPES = ["read", "operate", "configure"]
STATUS = f"{INTEGRATIONS}/status"


def test_table_has_every_endpoint() -> None:
    from magnetiq.api import api

    documented = {
        (method.upper(), path)
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method in methods
        if "/admin/" in path
    }
    table = {
        (method, path.replace("postbox", "{name}").replace("ID", "{id}").replace("999", "{id}"))
        for method, path, *_ in ENDPOINTS
    }

    assert {(method, path.replace("post-greetings", "{command}")) for method, path in table} == documented


@pytest.fixture(params=ENDPOINTS, ids=lambda row: f"{row[0]} {row[1].removeprefix('/api/v1/admin')}")
def endpoint(request: pytest.FixtureRequest, connection: Connection) -> tuple[str, str, Any, str, str, int]:
    method, path, body, *rest = request.param
    delivery = a_delivery(connection, LeadFactory(), PostboxService.post_letters, state="dead")
    return (method, path.replace("ID", str(delivery.pk)), body, *rest)


def test_token_needs_scope_and_its_owner_the_permission(endpoint: Any, ada: User, bob: Callable[..., User]) -> None:
    method, path, body, scope, permission, expected = endpoint
    too_little = SCOPES[: SCOPES.index(scope)]
    enough = SCOPES[SCOPES.index(scope) :]

    asked = {each: caller(a_token(ada, each)[1])(method, path, body).status_code for each in too_little + enough}
    unable = caller(a_token(bob(), "configure")[1])(method, path, body).status_code
    able = caller(a_token(bob(permission), "configure")[1])(method, path, body).status_code

    assert {asked[each] for each in too_little} <= {403}
    assert asked[scope] == expected
    assert (unable, able in (expected, 409)) == (403, True)  # 409: the callers before have cancelled it


@pytest.mark.parametrize("kind", ["none", "bad", "basic", "empty", "expired", "revoked", "no staff", "inactive"])
def test_who_is_not_known_is_asked_for_a_token(endpoint: Any, ada: User, kind: str) -> None:
    method, path, body, *_ = endpoint
    headers = {"authorization": credentials(kind, ada)}

    answer = Client(headers={name: value for name, value in headers.items() if value}).generic(
        method, path, "" if body is None else "{}", "application/json"
    )

    assert error(answer, 401)
    assert answer["WWW-Authenticate"] == "Bearer"


def credentials(kind: str, owner: User) -> str:
    now = timezone.now()
    columns = {
        "expired": {"expires_at": now - timedelta(seconds=1)},
        "revoked": {"revoked_at": now},
    }.get(kind, {})
    value = a_token(owner, **columns)[1]
    User.objects.filter(pk=owner.pk).update(is_staff=kind != "no staff", is_active=kind != "inactive")
    unknown = {"none": "", "bad": "Bearer mgq_made-up", "basic": "Basic YWRhOmFkYQ==", "empty": "Bearer "}
    return unknown.get(kind, f"Bearer {value}")


def test_session_needs_the_permission_and_csrf_to_change(endpoint: Any, bob: Callable[..., User]) -> None:
    method, path, body, _, permission, expected = endpoint
    browser = Client(enforce_csrf_checks=True)
    sent = "" if body is None else '{"dry_run": true}' if path.endswith("/deliveries/replay") else "{}"
    browser.force_login(bob(permission))
    browser.cookies["csrftoken"] = token = "c" * 32

    bare = browser.generic(method, path, sent, "application/json")
    with_csrf = browser.generic(method, path, sent, "application/json", headers={"x-csrftoken": token})
    bob()
    unable = browser.generic(method, path, sent, "application/json", headers={"x-csrftoken": token})

    assert bare.status_code == (expected if method == "GET" else 403)
    assert with_csrf.status_code == expected
    assert unable.status_code == 403


def test_session_of_somebody_who_is_no_staff_is_none(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("eve"))

    assert client.get(STATUS).status_code == 401


def test_wrong_token_is_not_saved_by_a_session(client: Client, ada: User) -> None:
    client.force_login(ada)

    assert client.get(STATUS, headers={"authorization": "Bearer mgq_made-up"}).status_code == 401


def test_refusal_names_the_scope(ada: User, connection: Connection) -> None:
    read = caller(a_token(ada, "read")[1])

    assert "operate" in error(read("POST", f"{INTEGRATIONS}/postbox/test"), 403)["message"]


def test_token_is_kept_as_a_digest_only(ada: User) -> None:
    token, value = a_token(ada)

    with database.cursor() as cursor:
        cursor.execute("SELECT t::text FROM integrations_apitoken t WHERE id = %s", [token.pk])
        row = cursor.fetchone()[0]

    assert value not in row
    assert value.removeprefix(token.start) not in row


def test_use_is_noted_once_a_minute(ada: User) -> None:
    call = caller(a_token(ada)[1])

    call("GET", STATUS)
    first = ApiToken.objects.get().last_used_at
    call("GET", STATUS)

    assert first is not None
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(seconds=61))
    call("GET", STATUS)
    assert ApiToken.objects.get().last_used_at > first


def test_token_that_calls_too_often_waits(ada: User, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.api.auth.CALLS", 2)
    other = caller(a_token(ada)[1])

    answers = [call("GET", STATUS) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 60
    assert error(answers[2], 429)
    assert other("GET", STATUS).status_code == 200


def test_address_that_sends_wrong_tokens_waits_and_right_ones_pass(call: Call, db: None) -> None:
    wrong = caller("mgq_made-up")

    answers = [wrong("GET", STATUS) for _ in range(21)]

    assert [answer.status_code for answer in answers] == [401] * 20 + [429]
    assert "Retry-After" in answers[20]
    assert call("GET", STATUS).status_code == 200


def test_what_is_done_is_logged_with_the_owner_of_the_token(call: Call, connection: Connection) -> None:
    data(call("PUT", f"{INTEGRATIONS}/postbox/config", {"enabled": False}))

    row = IntegrationLog.objects.latest("pk")
    assert (row.operation, row.trigger, row.actor and row.actor.username) == ("disabled", "api", "ada")
