"""Every answer below /api/ is in the envelope, whoever gives it."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.integrations.api.conftest import a_token

pytestmark = pytest.mark.django_db

STATUS = "/api/v1/admin/integrations/status"


def failure(answer: Any, status: int) -> Any:
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")
    body = answer.json()
    assert list(body) == ["success", "error"]
    assert body["success"] is False
    assert body["error"]["message"]
    return body["error"]


@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/v1/", "/api/v2/leads", "/api/v1/nothing", "/api/v1/leads/", "/api/v1/webinars/", "/api/v1/docs/x"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_unknown_path_is_not_found(client: Client, method: str, path: str) -> None:
    failure(client.generic(method, path), 404)


def test_unknown_path_is_told_in_the_visitors_language(client: Client) -> None:
    english, german = (client.get("/api/v1/nothing", headers={"accept-language": each}) for each in ("en", "de"))

    assert (english["Content-Language"], german["Content-Language"]) == ("en", "de")
    failure(german, 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/v1/leads", "OPTIONS, POST"),
        ("HEAD", "/api/v1/leads", "OPTIONS, POST"),
        ("POST", STATUS, "GET, HEAD, OPTIONS"),
        ("DELETE", "/api/v1/admin/integrations/odoo/config", "GET, HEAD, OPTIONS, PUT"),
        ("TRACE", STATUS, "GET, HEAD, OPTIONS"),
    ],
)
def test_wrong_method_names_the_right_ones(client: Client, method: str, path: str, allowed: str) -> None:
    answer = client.generic(method, path)

    assert (answer.status_code, answer["Allow"]) == (405, allowed)
    if method != "HEAD":
        failure(answer, 405)


def test_options_names_the_methods(client: Client) -> None:
    answer = client.options(STATUS)

    assert (answer.status_code, answer["Allow"], answer.content) == (204, "GET, HEAD, OPTIONS", b"")


def test_head_is_get_without_its_body(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)

    got, headed = client.get(STATUS), client.head(STATUS)

    assert (headed.status_code, headed.content) == (200, b"")
    assert headed["Content-Length"] == got["Content-Length"]


def test_strange_host_is_refused(client: Client) -> None:
    failure(client.get("/api/v1/leads", headers={"host": "evil.example"}), 400)


def test_too_much_is_refused(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    failure(client.post("/api/v1/leads", json.dumps({"name": "x" * 100}), "application/json"), 413)


def test_bug_of_ours_tells_nothing_and_is_logged(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("with a secret in it")

    monkeypatch.setattr("leads.api.to_capture", fail)

    answer = client.post("/api/v1/leads", '{"name": "Ada", "email": "ada@client.example"}', "application/json")

    assert failure(answer, 500) == {"message": "Something went wrong on our side."}
    assert "RuntimeError" in caplog.text


def test_bug_before_the_endpoint_is_in_the_envelope_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("with a secret in it")

    monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_request", fail)

    answer = Client(raise_request_exception=False).get(STATUS)

    assert failure(answer, 500) == {"message": "Something went wrong on our side."}


def test_answers_are_kept_by_no_cache(client: Client, admin_user: User) -> None:
    value = a_token(admin_user)[1]

    for answer in (client.get(STATUS), client.get(STATUS, headers={"authorization": f"Bearer {value}"})):
        assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/nothing", "/apis/v1"])
def test_other_paths_are_as_they_were(client: Client, path: str) -> None:
    assert client.get(path)["Content-Type"].startswith("text/html")
