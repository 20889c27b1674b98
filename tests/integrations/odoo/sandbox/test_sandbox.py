"""The stand-in Odoo as a whole: its page, its memory, and as a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.odoo.sandbox import OdooSandbox
from tests.integrations.odoo.sandbox.rpc import Rpc, fetch


@pytest.fixture
def peer() -> Iterator[OdooSandbox]:
    with OdooSandbox("16.0") as peer:
        yield peer


def test_page_lists_the_leads_newest_first(peer: OdooSandbox) -> None:
    peer.create("crm.lead", {"name": "Older", "source_id": 1})
    peer.create("crm.lead", {"name": "Newer", "active": False})

    status, kind, text = fetch(peer.url)

    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert text.index("Newer") < text.index("Older") < text.index("Search engine")
    assert "2 leads" in text


def test_page_escapes_what_leads_say(peer: OdooSandbox) -> None:
    peer.create("crm.lead", {"name": "<script>alert(1)</script>", "partner_name": '"&'})

    text = fetch(peer.url)[2]

    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "&quot;&amp;" in text


def test_page_switches_faults(peer: OdooSandbox) -> None:
    form = {"Content_Type": "application/x-www-form-urlencoded"}

    text = fetch(f"{peer.url}/sandbox/faults", data=b"fault=status&value=502", **form)[2]

    assert "Faults in force: fault: status, value: 502" in text
    assert "Faults in force: none" in fetch(f"{peer.url}/sandbox/faults", data=b"clear=1", **form)[2]


def test_records_outlive_the_stand_in_in_a_file(tmp_path: Path) -> None:
    with OdooSandbox("16.0", path=tmp_path / "odoo.db") as first:
        Rpc(first)("crm.lead", "load", ["id", "name"], [["m.1", "A"], ["m.2", "B"]])
        first.unlink("crm.lead", 2)

    with OdooSandbox("16.0", path=tmp_path / "odoo.db") as second:
        answer = Rpc(second)("crm.lead", "load", ["id", "name"], [["m.1", "New"], ["m.2", "B"]])
        found = [(lead["id"], lead["xid"], lead["name"]) for lead in second.records("crm.lead")]

    assert answer["ids"] == [1, 3]
    assert found == [(1, "m.1", "New"), (3, "m.2", "B")]


def test_failed_call_leaves_no_trace_in_the_file(tmp_path: Path) -> None:
    with OdooSandbox("16.0", path=tmp_path / "odoo.db") as first:
        Rpc(first).fault("crm.lead", "create", [{"name": "A"}, {"phone": "1"}])

    with OdooSandbox("16.0", path=tmp_path / "odoo.db") as second:
        assert second.records("crm.lead") == []


def test_modules_follow_the_options_of_each_start(tmp_path: Path) -> None:
    states = []
    for website_event in (False, True):
        with OdooSandbox("19.0", website_event=website_event, path=tmp_path / "odoo.db") as peer:
            (module,) = [row for row in peer.records("ir.module.module") if row["name"] == "website_event"]
            states.append(module["state"])

    assert states == ["uninstalled", "installed"]


def test_records_are_copies(peer: OdooSandbox) -> None:
    peer.create("crm.lead", {"name": "L", "tag_ids": [peer.create("crm.tag", {"name": "A"})]})

    peer.records("crm.lead")[0]["tag_ids"].append(99)

    assert peer.records("crm.lead")[0]["tag_ids"] == [1]


def test_version_that_was_not_measured_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Odoo 17\.0 was not measured"):
        OdooSandbox("17.0")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_process_tells_its_address_and_stops_on_a_signal(stop: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "integrations.odoo.sandbox", "--port", "0", "--version", "19.0"]
    with subprocess.Popen([*command, "--path", str(tmp_path / "db")], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        status = fetch(f"{url}/web/version")[0]
        process.send_signal(stop)

    assert (status, process.returncode) == (200, 0)
