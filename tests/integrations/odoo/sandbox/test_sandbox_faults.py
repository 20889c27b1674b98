"""Faults of the stand-in Odoo on request, in-process and over HTTP."""

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.odoo.sandbox import OdooSandbox
from tests.integrations.odoo.sandbox.rpc import Rpc, fetch, json2


@pytest.fixture
def peer() -> Iterator[OdooSandbox]:
    with OdooSandbox("19.0") as peer:
        yield peer


def create(peer: OdooSandbox) -> tuple[int, Any]:
    """Through urllib, which sends a request once; xmlrpc.client would send it again after a cut."""
    return json2(peer, "crm.lead/create", {"vals_list": {"name": "L"}})


def post(connection: http.client.HTTPConnection) -> None:
    """The reset may be felt while sending or while waiting."""
    connection.request("POST", "/xmlrpc/2/common", b"x")
    connection.getresponse()


def load(odoo: Rpc, *names: str) -> Any:
    return odoo("crm.lead", "load", ["id", "name"], [[f"m.{name}", name] for name in names])


def test_refused_connection_executes_nothing(peer: OdooSandbox) -> None:
    peer.faults.set("refuse")

    with pytest.raises(OSError, match="reset by peer"):  # urllib wraps it when it was still sending
        create(peer)
    assert (peer.records("crm.lead"), peer.calls) == ([], [])


def test_refusal_meets_a_kept_connection_too(peer: OdooSandbox) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(peer.url.rpartition(":")[2]))
    connection.request("GET", "/")
    connection.getresponse().read()
    peer.faults.set("refuse")

    with pytest.raises(ConnectionError):
        post(connection)
    connection.close()


def test_steering_is_never_refused(peer: OdooSandbox) -> None:
    peer.faults.set("refuse")

    fetch(f"{peer.url}/sandbox/faults", method="DELETE")

    assert create(peer) == (200, [1])


def test_stopped_stand_in_refuses_to_connect_and_comes_back(peer: OdooSandbox) -> None:
    create(peer)
    peer.stop()
    with pytest.raises(OSError, match="refused"):
        create(peer)

    peer.start()

    assert create(peer) == (200, [2])


def test_status_is_a_page_and_executes_nothing(peer: OdooSandbox) -> None:
    peer.faults.set("status", 502)

    status, kind, text = fetch(f"{peer.url}/json/2/crm.lead/create", data=b"{}")

    assert (status, kind, "Bad Gateway" in text) == (502, "text/html; charset=utf-8", True)
    assert peer.calls == []


def test_slow_answer_comes_late_but_was_executed(peer: OdooSandbox) -> None:
    peer.faults.set("slow", 0.2)
    start = time.monotonic()

    answer = create(peer)

    assert (answer, time.monotonic() - start >= 0.2) == ((200, [1]), True)


def test_pace_is_kept_per_record(odoo: Rpc) -> None:
    odoo.peer.faults.set("pace", 20)
    start = time.monotonic()

    load(odoo, *"abcdefghij")

    assert time.monotonic() - start >= 0.2


def test_cut_before_executes_nothing(peer: OdooSandbox) -> None:
    peer.faults.set("cut_before", times=1)

    with pytest.raises(http.client.RemoteDisconnected):
        create(peer)
    assert peer.records("crm.lead") == []


def test_cut_after_has_committed(peer: OdooSandbox) -> None:
    peer.faults.set("cut_after", times=1)

    with pytest.raises(http.client.RemoteDisconnected):
        create(peer)
    assert [lead["name"] for lead in peer.records("crm.lead")] == ["L"]


def test_cut_create_is_sent_again_by_xmlrpc_and_makes_two(odoo: Rpc) -> None:
    odoo.peer.faults.set("cut_after", times=1, call="create")

    odoo("crm.lead", "create", {"name": "L"})

    assert len(odoo.peer.records("crm.lead")) == 2


def test_cut_load_is_sent_again_and_makes_one(odoo: Rpc) -> None:
    odoo.peer.faults.set("cut_after", times=1, call="load")

    answer = load(odoo, "a")

    assert (answer["ids"], len(odoo.peer.records("crm.lead"))) == ([1], 1)


def test_conflict_refuses_each_row_of_a_load(odoo: Rpc) -> None:
    odoo.peer.faults.set("conflict", times=1)

    answer = load(odoo, "a", "b")

    text = "could not serialize access due to concurrent update\n"
    assert answer["ids"] is False
    assert [(m["record"], m["message"]) for m in answer["messages"]] == [(0, text), (1, text)]
    assert load(odoo, "a", "b")["ids"] == [1, 2]


def test_conflict_is_a_fault_for_the_other_methods(odoo: Rpc) -> None:
    odoo.peer.faults.set("conflict")

    text = "psycopg2.errors.SerializationFailure: could not serialize access due to concurrent update"
    assert odoo.fault("crm.lead", "create", {"name": "L"}) == (1, text)
    assert create(odoo.peer)[0] == 500


def test_refused_batch_names_no_row(odoo: Rpc) -> None:
    odoo.peer.faults.set("refuse_batch", "Not today")

    answer = load(odoo, "a", "b")

    assert answer == {"ids": False, "messages": [{"type": "error", "message": "Not today"}], "nextrow": 0}
    assert odoo.peer.records("crm.lead") == []


def test_single_row_passes_unless_it_carries_the_marker(odoo: Rpc) -> None:
    odoo.peer.faults.set("refuse_batch", "Not today", marker="BAD")

    assert load(odoo, "good")["ids"] == [1]
    assert load(odoo, "is BAD")["ids"] is False


def test_fault_ends_after_its_times(peer: OdooSandbox) -> None:
    peer.faults.set("status", 503, times=2)

    assert [create_status(peer) for _ in range(3)] == [503, 503, 200]


def create_status(peer: OdooSandbox) -> int:
    body = json.dumps({"vals_list": {"name": "L"}}).encode()
    headers = {"Authorization": f"bearer {peer.api_key}", "Content_Type": "application/json"}
    return fetch(f"{peer.url}/json/2/crm.lead/create", data=body, **headers)[0]


def test_fault_meets_its_share_and_the_same_ones_again(peer: OdooSandbox) -> None:
    runs = []
    for _ in range(2):
        peer.faults.set("status", 503, share=0.5)
        runs.append([create_status(peer) for _ in range(20)])
        peer.faults.clear()

    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


def test_fault_meets_its_method_only(odoo: Rpc) -> None:
    odoo.peer.faults.set("conflict", call="load")

    assert odoo("crm.lead", "create", {"name": "L"}) == 1
    assert load(odoo, "a")["ids"] is False


def test_faults_are_steered_over_http(peer: OdooSandbox) -> None:
    url, wanted = f"{peer.url}/sandbox/faults", {"fault": "status", "value": 502, "times": 3, "call": "create"}

    status, _, text = fetch(url, data=json.dumps(wanted).encode(), Content_Type="application/json")

    assert (status, json.loads(text)) == (200, [wanted | {"share": 1.0}])
    assert create_status(peer) == 502
    assert json.loads(fetch(url)[2])[0]["times"] == 2
    assert json.loads(fetch(url, method="DELETE")[2]) == []
    assert create_status(peer) == 200


def test_one_fault_is_cleared_by_name(peer: OdooSandbox) -> None:
    peer.faults.set("slow", 0)
    peer.faults.set("status", 502)

    fetch(f"{peer.url}/sandbox/faults?fault=status", method="DELETE")

    assert [fault["fault"] for fault in peer.faults.show()] == ["slow"]


@pytest.mark.parametrize(
    "wanted",
    [{"fault": "nonsense"}, {}, [], {"fault": "slow", "value": "x"}, {"fault": "refuse", "call": "load"}, {"foo": 1}],
)
def test_nonsense_is_a_bad_request(peer: OdooSandbox, wanted: Any) -> None:
    status, _, text = fetch(
        f"{peer.url}/sandbox/faults", data=json.dumps(wanted).encode(), Content_Type="application/json"
    )

    assert (status, list(json.loads(text))) == (400, ["error"])
    assert peer.faults.show() == []
