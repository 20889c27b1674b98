"""The main job on real input: every person of a marketing export is in Odoo, once, with what the file says."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

import leads.demo
from integrations.odoo.sandbox import OdooSandbox
from tests.integrations.odoo.conftest import connect

from . import source


@pytest.fixture(params=["16.0", "19.0"])
def peer(request: pytest.FixtureRequest, db: None) -> Iterator[OdooSandbox]:
    """As 16 it is spoken to by XML-RPC, as 19 by JSON-2."""
    leads.demo.create()
    with OdooSandbox(request.param) as peer:
        connect(peer)
        yield peer


def command(name: str, *arguments: object, **options: Any) -> dict[str, Any]:
    answer = StringIO()
    call_command(name, *arguments, json=True, stdout=answer, **options)
    found: dict[str, Any] = json.loads(answer.getvalue())
    return found


def test_every_possible_person_of_the_file_is_in_odoo_once(peer: OdooSandbox, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    people = source.people()

    imported = command(
        "import_leads", leads.demo.LEADS_CSV, rejects=rejects, repairs=tmp_path / "repairs.csv", verbosity=0
    )
    delivered = command("deliver", until_empty=True)

    assert (imported["created"], imported["rejected"]) == (1987, 13)
    assert delivered == {"processed": 1987, "outcomes": {"delivered": 1987}, "waiting": 0}
    found = peer.records("crm.lead")
    assert sorted(row["email_from"] for row in found) == sorted(people)
    assert [row["email_from"] for row in found if differs(row, people[row["email_from"]])] == []
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        rejected = {int(row["row"]) for row in csv.DictReader(file)}
    impossible = [n for n, row in enumerate(source.rows(), 2) if not source.POSSIBLE.fullmatch(source.address(row))]
    assert len(rejected) == len(impossible) == 13


def differs(row: dict[str, Any], person: dict[str, str]) -> bool:
    """Whether Odoo's lead says anything else than the file; a name that the file lacks comes from the address."""
    held = {
        "name": row["contact_name"] if person["name"] else "",
        "phone": row["phone"] or "",
        "company": row["partner_name"] or "",
        "website": bare(row["website"] or ""),
        "job_title": row["function"] or "",
    }
    said = {**person, "website": bare(person["website"])}
    expected_name = f"Website Lead - {person['name']}" if person["name"] else row["name"]
    return held != said or row["name"] != expected_name


def bare(website: str) -> str:
    return website.removeprefix("https://").removeprefix("http://").rstrip("/")


def test_importing_and_delivering_again_adds_nothing(peer: OdooSandbox, tmp_path: Path) -> None:
    paths = {"rejects": tmp_path / "rejects.csv", "repairs": tmp_path / "repairs.csv"}
    command("import_leads", leads.demo.LEADS_CSV, **paths, verbosity=0)
    command("deliver", until_empty=True)
    before = len(peer.records("crm.lead"))

    again = command("import_leads", leads.demo.LEADS_CSV, **paths, verbosity=0)
    delivered = command("deliver", until_empty=True)

    assert again["created"] == 0
    assert delivered["processed"] == 0
    assert len(peer.records("crm.lead")) == before
