"""JSON-2 of the stand-in Odoo 19: statuses and bodies."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.odoo.sandbox import EVENTS_USER, OdooSandbox
from tests.integrations.odoo.sandbox.rpc import Rpc, fetch, json2

EVENT = {"name": "E", "date_begin": "2026-12-01 10:00:00", "date_end": "2026-12-01 12:00:00"}


@pytest.fixture
def peer() -> Iterator[OdooSandbox]:
    with OdooSandbox("19.0") as peer:
        yield peer


def test_create_returns_a_list_even_for_one(peer: OdooSandbox) -> None:
    assert json2(peer, "crm.lead/create", {"vals_list": {"name": "A"}}) == (200, [1])
    assert json2(peer, "crm.lead/create", {"vals_list": [{"name": "B"}, {"name": "C", "phone": None}]}) == (200, [2, 3])


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        ("crm.lead/search", {"domain": [], "limit": 1}, [1]),
        ("crm.lead/search_read", {"domain": [["name", "=", "A"]], "fields": ["name"]}, [{"id": 1, "name": "A"}]),
        ("crm.lead/search_count", {"domain": []}, 1),
        ("crm.lead/read", {"ids": [1], "fields": ["medium_id"]}, [{"id": 1, "medium_id": [1, "Website"]}]),
        ("crm.lead/read", {"ids": [99], "fields": ["name"]}, []),
        ("crm.lead/write", {"ids": [1], "vals": {"name": "B"}}, True),
        (
            "crm.lead/load",
            {"fields": ["id", "name"], "data": [["m.1", "L"]]},
            {"ids": [2], "messages": [], "nextrow": 0},
        ),
        ("crm.tag/name_create", {"name": "x"}, [1, "x"]),
        ("crm.lead/has_access", {"ids": [], "operation": "write"}, True),
        ("res.users/context_get", {}, {"lang": "en_US", "tz": False, "uid": 3}),
        ("crm.lead/fields_get", {"allfields": ["name"], "attributes": ["type"]}, {"name": {"type": "char"}}),
    ],
)
def test_method(peer: OdooSandbox, path: str, body: dict[str, Any], answer: Any) -> None:
    peer.create("crm.lead", {"name": "A", "medium_id": 1})

    assert json2(peer, path, body) == (200, answer)


def test_method_without_result_says_null(peer: OdooSandbox) -> None:
    event = peer.create("event.event", EVENT)
    registration = peer.create("event.registration", {"event_id": event, "name": "A"})

    assert json2(peer, "event.registration/action_cancel", {"ids": [registration]}) == (200, None)


@pytest.mark.parametrize(
    ("path", "body", "status", "name", "message"),
    [
        ("foo.bar/search", {"domain": []}, 404, "NotFound", "the model 'foo.bar' does not exist"),
        ("res.users/foo", {}, 404, "NotFound", "The method 'res.users.foo' does not exist"),
        ("res.users", {}, 404, "NotFound", "Did you mean POST /json/2/<model>/<method>?"),
        ("crm.lead/search", {}, 422, "UnprocessableEntity", "missing a required argument: 'domain'"),
        ("crm.lead/search", [], 422, "UnprocessableEntity", "missing a required argument: 'domain'"),
        (
            "crm.lead/search",
            {"domain": [], "foo": 1},
            422,
            "UnprocessableEntity",
            "got an unexpected keyword argument 'foo'",
        ),
        (
            "crm.lead/create",
            {"ids": [1], "vals_list": []},
            422,
            "UnprocessableEntity",
            "cannot call crm.lead.create with ids",
        ),
    ],
)
def test_call_that_does_not_fit(peer: OdooSandbox, path: str, body: Any, status: int, name: str, message: str) -> None:
    code, error = json2(peer, path, body)

    assert (code, error["name"], error["message"]) == (status, f"werkzeug.exceptions.{name}", message)


@pytest.mark.parametrize(
    ("path", "body", "status", "name"),
    [
        ("crm.lead/_compute", {}, 403, "odoo.exceptions.AccessError"),
        ("crm.lead/unlink", {"ids": [1]}, 403, "odoo.exceptions.AccessError"),
        ("ir.model.data/search", {"domain": []}, 403, "odoo.exceptions.AccessError"),
        ("crm.lead/write", {"ids": [99], "vals": {"name": "x"}}, 404, "odoo.exceptions.MissingError"),
        ("crm.lead/create", {"vals_list": {"phone": "1"}}, 422, "odoo.exceptions.ValidationError"),
        ("crm.lead/create", {"vals_list": {"name": "L", "source_id": 99}}, 422, "odoo.exceptions.ValidationError"),
        ("crm.tag/create", {"vals_list": [{"name": "x"}, {"name": "x"}]}, 422, "odoo.exceptions.ValidationError"),
        ("crm.lead/create", {"vals_list": {"name": "L", "foo": 1}}, 500, "builtins.ValueError"),
        ("crm.lead/create", {"vals_list": {"name": "L", "type": "bogus"}}, 500, "builtins.ValueError"),
        (
            "event.event/create",
            {"vals_list": EVENT | {"date_begin": "2026-12-01T10:00:00"}},
            500,
            "builtins.ValueError",
        ),
    ],
)
def test_error(peer: OdooSandbox, path: str, body: dict[str, Any], status: int, name: str) -> None:
    code, error = json2(peer, path, body)

    assert (code, error["name"]) == (status, name)
    assert error["debug"].startswith("Traceback (most recent call last):")
    assert (error["arguments"], error["context"]) == ([error["message"]], {})


def test_access_error_is_told_to_the_events_user(peer: OdooSandbox) -> None:
    peer.users.add("eve", key="eves-key", groups=[EVENTS_USER])

    status, error = json2(peer, "crm.lead/create", {"vals_list": {"name": "L"}}, Authorization="bearer eves-key")

    assert (status, error["message"].splitlines()[0]) == (
        403,
        "You are not allowed to create 'Lead/Opportunity' (crm.lead) records.",
    )


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("", "User not authenticated, use an API Key with a Bearer Authorization header."),
        ("Basic abc", "User not authenticated, use an API Key with a Bearer Authorization header."),
        ("bearer wrong", "Invalid apikey"),
    ],
)
def test_key_is_needed(peer: OdooSandbox, authorization: str, message: str) -> None:
    status, error = json2(peer, "res.users/context_get", Authorization=authorization)

    assert (status, error["name"], error["message"]) == (401, "werkzeug.exceptions.Unauthorized", message)


def test_unknown_database_is_a_page(peer: OdooSandbox) -> None:
    headers = {"Authorization": f"bearer {peer.api_key}", "Content_Type": "application/json"}

    answer = fetch(f"{peer.url}/json/2/res.users/context_get", data=b"{}", **headers, X_Odoo_Database="nodb")

    assert (answer[0], answer[1].split(";")[0]) == (404, "text/html")
    assert "No database is selected" in answer[2]


def test_database_may_be_named(peer: OdooSandbox) -> None:
    assert json2(peer, "res.users/context_get", X_Odoo_Database=peer.database)[0] == 200


def test_other_content_type_is_a_page(peer: OdooSandbox) -> None:
    headers = {"Authorization": f"bearer {peer.api_key}", "Content_Type": "text/plain"}

    assert fetch(f"{peer.url}/json/2/res.users/context_get", data=b"{}", **headers)[0] == 415


def test_bad_json_is_a_bad_request(peer: OdooSandbox) -> None:
    headers = {"Authorization": f"bearer {peer.api_key}", "Content_Type": "application/json"}

    status, _, text = fetch(f"{peer.url}/json/2/res.users/context_get", data=b"{", **headers)

    assert (status, "could not parse the body as json: " in text) == (400, True)


def test_get_is_not_found_with_a_hint(peer: OdooSandbox) -> None:
    status, _, text = fetch(f"{peer.url}/json/2/res.users/context_get")

    assert (status, "Did you mean POST /json/2/<model>/<method>?" in text) == (404, True)


@pytest.mark.parametrize("path", ["/web/version", "/json/version"])
def test_version(peer: OdooSandbox, path: str) -> None:
    answer = fetch(peer.url + path)

    assert (answer[0], answer[2]) == (200, '{"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}')


@pytest.mark.parametrize("path", ["/web/version", "/json/version", "/json/2/res.users/context_get"])
def test_16_has_none_of_this(path: str) -> None:
    with OdooSandbox("16.0") as old:
        assert fetch(old.url + path)[0] == 404
        assert fetch(old.url + path, data=b"{}", Content_Type="application/json")[0] == 404


def test_nul_character_crashes(peer: OdooSandbox) -> None:
    status, error = json2(peer, "crm.lead/create", {"vals_list": {"name": "a\x00b"}})

    assert (status, error["message"]) == (500, "A string literal cannot contain NUL (0x00) characters.")


def test_control_characters_are_left_out_of_xml(peer: OdooSandbox) -> None:
    json2(peer, "crm.lead/create", {"vals_list": {"name": "a\x01b"}})

    assert Rpc(peer)("crm.lead", "read", [1], ["name"]) == [{"id": 1, "name": "ab"}]
