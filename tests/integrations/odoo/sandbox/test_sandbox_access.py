"""Who may do what in the stand-in Odoo, and what the others are told."""

import http.client
from datetime import UTC, datetime, timedelta
from typing import Any
from xmlrpc.client import ServerProxy

import pytest

from integrations.odoo.sandbox import EVENTS_USER, SALES_OWN, OdooSandbox
from tests.integrations.odoo.sandbox.rpc import Rpc, fault_of, fetch

NOT_FOR_YOU = """You are not allowed to create 'Lead/Opportunity' (crm.lead) records.

This operation is allowed for the following groups:
\t- Sales/Administrator
\t- Sales/User: Own Documents Only

Contact your administrator to request access if necessary."""


@pytest.fixture
def events_only(peer: OdooSandbox) -> Rpc:
    peer.users.add("eve", key="eves-key", groups=[EVENTS_USER])
    return Rpc(peer, "eve", "eves-key")


@pytest.fixture
def own_only(peer: OdooSandbox) -> Rpc:
    peer.users.add("olaf", key="olafs-key", groups=[SALES_OWN])
    return Rpc(peer, "olaf", "olafs-key")


def test_authenticate_tells_the_user(odoo: Rpc) -> None:
    assert odoo("res.users", "read", [odoo.uid], ["login"]) == [{"id": odoo.uid, "login": odoo.peer.username}]


@pytest.mark.parametrize(("login", "key"), [("", "wrong"), ("nobody", ""), ("admin", ""), ("", None)])
def test_authenticate_with_a_wrong_pair_is_false(peer: OdooSandbox, login: str, key: str | None) -> None:
    common = ServerProxy(f"{peer.url}/xmlrpc/2/common")

    given = peer.api_key if key == "" else key or ""
    assert common.authenticate(peer.database, login or peer.username, given, {}) is False


@pytest.mark.parametrize("uid", [False, 2, 3])
def test_wrong_password_is_access_denied(odoo: Rpc, uid: object) -> None:
    odoo.uid, odoo.key = uid, odoo.key if uid != 3 else "wrong"

    assert odoo.fault("res.users", "context_get") == (3, "Access Denied")


def test_missing_database_is_a_traceback(peer: OdooSandbox) -> None:
    common = ServerProxy(f"{peer.url}/xmlrpc/2/common")

    fault = fault_of(common.authenticate, "nodb", peer.username, peer.api_key, {})

    text = 'psycopg2.OperationalError: connection to server failed: FATAL:  database "nodb" does not exist'
    assert fault == (1, text)


def test_revoked_key_is_refused(odoo: Rpc) -> None:
    odoo.peer.users.revoke(odoo.key)

    assert odoo.fault("res.users", "context_get") == (3, "Access Denied")


def test_second_key_works_beside_the_first(odoo: Rpc) -> None:
    odoo.peer.users.add_key(odoo.peer.username, "second-key")

    assert Rpc(odoo.peer, key="second-key").uid == Rpc(odoo.peer).uid == odoo.uid


def test_expiry_is_kept_and_told_by_19_only(odoo: Rpc, is_19: bool) -> None:
    odoo.peer.users.expire(odoo.key, datetime.now(UTC) - timedelta(days=1))

    assert (Rpc(odoo.peer).uid is False) is is_19


def test_expiration_date_is_read_by_its_owner(odoo: Rpc, events_only: Rpc, is_19: bool) -> None:
    odoo.peer.users.expire(odoo.key, datetime(2099, 1, 2, 3, 4, 5, tzinfo=UTC))

    if is_19:
        (key,) = odoo("res.users.apikeys", "search_read", [], ["expiration_date", "user_id"])
        assert (key["expiration_date"], key["user_id"][0]) == ("2099-01-02 03:04:05", odoo.uid)
        (other,) = events_only("res.users.apikeys", "search_read", [], ["expiration_date"])
        assert other["expiration_date"] is False
    else:
        assert odoo.fault("res.users.apikeys", "search_read", [], ["expiration_date"])[0] == 1


def test_key_itself_is_never_told(odoo: Rpc) -> None:
    assert odoo.key not in str(odoo("res.users.apikeys", "search_read", []))


@pytest.mark.parametrize(
    ("model", "operation", "expected"),
    [
        ("crm.lead", "create", True),
        ("crm.lead", "write", True),
        ("crm.lead", "unlink", False),
        ("res.partner", "create", True),
        ("utm.source", "create", True),
        ("crm.tag", "create", True),
        ("event.event", "create", True),
        ("event.tag.category", "create", True),
        ("event.type", "create", False),
        ("event.registration", "write", True),
        ("event.registration", "unlink", False),
        ("product.template", "read", True),
        ("product.template", "create", False),
        ("ir.module.module", "read", True),
        ("ir.model.data", "read", False),
    ],
)
def test_rights_of_the_least_rights_user(odoo: Rpc, is_19: bool, model: str, operation: str, *, expected: bool) -> None:
    assert odoo(model, "check_access_rights", operation, False) is expected
    if is_19:
        assert odoo(model, "has_access", [], operation) is expected


def test_has_access_is_unknown_to_16(odoo: Rpc, is_19: bool) -> None:
    if not is_19:
        code, text = odoo.fault("crm.lead", "has_access", [], "read")
        assert (code, text) == (1, "AttributeError: type object 'crm.lead' has no attribute 'has_access'")


def test_events_user_may_not_create_leads(events_only: Rpc) -> None:
    assert events_only.fault("crm.lead", "create", {"name": "L"}) == (4, NOT_FOR_YOU)
    assert events_only.fault("res.partner", "create", {"name": "P"})[0] == 4


def test_events_user_is_told_so_by_load(events_only: Rpc, is_19: bool) -> None:
    answer = events_only("crm.lead", "load", ["id", "name"], [["m.1", "L"]])

    prefix = "" if is_19 else "Unknown error during import: <class 'odoo.exceptions.AccessError'>: "
    assert [message["message"] for message in answer["messages"]] == [prefix + NOT_FOR_YOU]


def test_own_documents_user_updates_only_its_own_leads(odoo: Rpc, own_only: Rpc) -> None:
    mine = own_only("crm.lead", "load", ["id", "name"], [["m.1", "mine"]])["ids"]
    odoo("crm.lead", "load", ["id", "name"], [["m.2", "theirs"]])

    assert own_only("crm.lead", "load", ["id", "name"], [["m.1", "New"]])["ids"] == mine
    (message,) = own_only("crm.lead", "load", ["id", "name"], [["m.2", "New"]])["messages"]
    assert "- Personal Leads\n" in message["message"]
    assert own_only("crm.lead", "search", []) == mine


def test_own_documents_user_may_not_read_others_leads(odoo: Rpc, own_only: Rpc) -> None:
    theirs = odoo("crm.lead", "create", {"name": "theirs"})

    code, text = own_only.fault("crm.lead", "read", [theirs], ["name"])
    assert (code, "Personal Leads" in text) == (4, True)


def test_external_ids_may_not_be_looked_up(odoo: Rpc) -> None:
    code, text = odoo.fault("ir.model.data", "search", [])

    assert (code, "\t- Administration/Access Rights\n" in text) == (4, True)


def test_unknown_model(odoo: Rpc) -> None:
    assert odoo.fault("foo.bar", "search", []) == (2, "Object foo.bar doesn't exist")


def test_unknown_method(odoo: Rpc, is_19: bool) -> None:
    on_16 = "AttributeError: type object 'res.partner' has no attribute 'foo_bar'"
    on_19 = "AttributeError: The method 'res.partner.foo_bar' does not exist"

    assert odoo.fault("res.partner", "foo_bar") == (1, on_19 if is_19 else on_16)


def test_private_method(odoo: Rpc) -> None:
    text = "Private methods (such as _compute_display_name) cannot be called remotely."

    assert odoo.fault("res.partner", "_compute_display_name", [1]) == (4, text)


def test_control_character_cannot_be_sent(odoo: Rpc) -> None:
    code, text = odoo.fault("crm.lead", "create", {"name": "a\x01b"})

    assert (code, text.split(":")[0]) == (1, "xml.parsers.expat.ExpatError")


def test_garbage_is_a_fault_in_a_good_answer(peer: OdooSandbox) -> None:
    status, kind, text = fetch(f"{peer.url}/xmlrpc/2/object", data=b"garbage")

    assert (status, kind.split(";")[0], "ExpatError" in text) == (200, "text/xml", True)


def test_get_of_an_rpc_address_is_not_allowed(peer: OdooSandbox) -> None:
    assert fetch(f"{peer.url}/xmlrpc/2/object")[0] == 405


def test_modules_tell_what_is_installed(odoo: Rpc) -> None:
    domain = [["name", "in", ["crm", "event", "website_event"]]]

    rows = odoo("ir.module.module", "search_read", domain, ["name", "state"], order="name")

    assert [row["state"] for row in rows] == ["installed", "installed", "uninstalled"]


def test_version_is_told_without_a_key(peer: OdooSandbox) -> None:
    major = int(peer.version[:2])

    told: Any = ServerProxy(f"{peer.url}/xmlrpc/2/common").version()

    assert (told["server_version"], told["server_version_info"]) == (peer.version, [major, 0, 0, "final", 0, ""])


def test_calls_are_noted_in_order(odoo: Rpc, events_only: Rpc) -> None:
    odoo("crm.lead", "search", [])
    events_only.fault("crm.lead", "create", {"name": "L"})

    assert odoo.peer.calls == [("crm.lead", "search", odoo.peer.username), ("crm.lead", "create", "eve")]


def test_connection_is_kept_alive(peer: OdooSandbox) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(peer.url.rpartition(":")[2]))
    ports = []
    for _ in range(2):
        connection.request("GET", "/")
        ports.append(connection.sock.getsockname()[1])
        connection.getresponse().read()
    connection.close()

    assert ports[0] == ports[1]
