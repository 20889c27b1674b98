"""Leads out as a file and in again: nothing is lost on the way, and nothing becomes a formula."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from leads.actions import capture, forget
from leads.captures import Utm
from leads.exchange.formats import CSV, NOT_IN_XML, XLSX
from leads.exchange.resource import LeadResource, with_latest
from leads.importing.files import COLUMNS
from leads.importing.formulas import FORMULA, guard, unguard
from leads.importing.importer import Importer
from leads.importing.rows import RowReader
from leads.models import Lead, Touchpoint
from leads.text import many_lines, single_line
from tests.factories import A_MOMENT, LeadFactory, TouchpointFactory, WhitepaperFactory, a_capture

EXPORT = "/admin/leads/lead/export/"
LIST = "/admin/leads/lead/"
FORMATS = [CSV(), XLSX()]
AS_CSV, AS_XLSX = "0", "1"

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(lambda t: NOT_IN_XML.sub("", t))
moments = st.integers(0, 1_750_000_000_000_000).map(
    lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)
starts = st.sampled_from(["", "'", "''", *FORMULA, "ä€😀", '"', "\n", ";=", "\n'-", '\t"+'])
nasty = st.tuples(starts, text, starts).map("".join)


@pytest.fixture
def operator(db: None, client: Client) -> Client:
    client.force_login(User.objects.create_superuser("ada"))
    return client


def staff(*codenames: str) -> Client:
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def export(operator: Client, file_format: str = AS_CSV, query: str = "") -> bytes:
    answer: Any = operator.post(EXPORT + query, {"format": file_format, "resource": "0"})
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def rows_of(exported: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(exported.decode("utf-8-sig"), newline="")))


def cells_of(exported: bytes) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(BytesIO(exported)).active.iter_rows(values_only=True))  # type: ignore[union-attr]


@given(cell=nasty)
def test_guarded_cell_is_no_formula_and_comes_back(cell: str) -> None:
    guarded = guard(cell)

    assert not guarded.startswith(FORMULA)
    assert unguard(guarded) == cell


@given(cells=st.lists(st.text("a=@;,'\"\t\n"), min_size=2, max_size=4))
def test_exported_csv_holds_no_formula_for_a_spreadsheet_that_separates_otherwise(cells: list[str]) -> None:
    file = BytesIO()
    CSV().write([cells, cells], file)

    for delimiter in ",;\t":
        seen = csv.reader(StringIO(file.getvalue().decode("utf-8-sig"), newline=""), delimiter=delimiter)
        assert [cell for row in seen for cell in row if cell.startswith(("=", "@"))] == []


@pytest.mark.parametrize("file_format", FORMATS)
@settings(max_examples=50, deadline=None)
@given(name=nasty.filter(single_line), company=nasty, message=nasty, when=moments)
def test_exported_lead_is_read_back_as_it_was(
    file_format: CSV | XLSX, name: str, company: str, message: str, when: datetime
) -> None:
    lead: Any = Lead(email="+a@b.example", name=single_line(name), company=single_line(company), last_seen_at=when)
    lead.first_seen_at, lead.marketing_consent = when, True
    lead.latest_touchpoints = [Touchpoint(captured_at=when, message=many_lines(message))]
    resource, file = LeadResource(), BytesIO()
    file_format.write([resource.get_export_headers(), resource.export_resource(with_latest(lead))], file)

    [(number, cells)] = file_format.create_dataset(file.getvalue())

    read, notes = RowReader(source="", whitepapers={}, now=datetime(2026, 12, 1, tzinfo=UTC)).read(cells)
    assert (number, notes, read.marketing_consent) == (2, [], True)
    assert (read.email, read.name, read.company) == ("+a@b.example", lead.name, lead.company)
    assert (read.message, read.captured_at) == (many_lines(message), when)


@pytest.fixture
def people(db: None) -> list[Lead]:
    whitepaper = WhitepaperFactory(slug="gdpr")
    utm = Utm("newsletter", "mail", "spring", "=term", "top")
    return list(
        capture(
            [
                a_capture("ada@client.example", name="=cmd()", phone="+49 30 1", company='Müller "&" Söhne'),
                a_capture("ada@client.example", key="2", whitepaper=whitepaper, message="Hi\n- there", utm=utm),
                a_capture("bob@client.example", name="Bob 😀", language="de", marketing_consent=True),
            ]
        ).leads
    )


def described() -> Iterator[tuple[Any, ...]]:
    fields = ("email", "name", "phone", "company", "language", "marketing_consent", "last_seen_at")
    touched = ("touchpoints__whitepaper__slug", "touchpoints__message", "touchpoints__utm_term")
    return iter(Lead.objects.order_by("email").values_list(*fields, *touched))


@pytest.mark.parametrize(("chosen", "file_format"), [(AS_CSV, CSV()), (AS_XLSX, XLSX())])
def test_export_can_be_imported_again(
    operator: Client, people: list[Lead], chosen: str, file_format: CSV | XLSX
) -> None:
    Touchpoint.objects.filter(key="first", lead__email="ada@client.example").delete()
    before = list(described())
    exported = export(operator, chosen)
    Lead.objects.all().delete()

    summary = Importer(source="again").run(file_format.create_dataset(exported))

    assert (summary.created, summary.repaired, summary.rejected) == (2, 0, 0)
    assert list(described()) == before


def test_export_has_the_importers_columns_and_three_more(operator: Client, people: list[Lead]) -> None:
    [header, *_] = export(operator).decode("utf-8-sig").splitlines()

    assert header.split(",") == [*COLUMNS, "status", "first_seen_at", "last_seen_at"]


def test_exported_times_carry_their_offset(operator: Client, people: list[Lead]) -> None:
    exported = rows_of(export(operator))

    assert {row["captured_at"] for row in exported} == {"2026-03-01T13:00:00+01:00"}


def test_exported_csv_begins_with_a_byte_order_mark(operator: Client, people: list[Lead]) -> None:
    assert export(operator).startswith(b"\xef\xbb\xbf")


def test_exported_cells_are_text_in_both_formats(operator: Client, people: list[Lead]) -> None:
    as_csv = {(row["email"], row["name"], row["phone"]) for row in rows_of(export(operator))}
    as_xlsx = {(row[1], row[0], row[2] or "") for row in cells_of(export(operator, AS_XLSX))[1:]}

    assert as_csv == as_xlsx
    assert ("ada@client.example", "'=cmd()", "'+49 30 1") in as_csv


def test_export_survives_what_xml_cannot_hold(operator: Client, db: None) -> None:
    LeadFactory(name="a\uffff\x0bb")

    assert cells_of(export(operator, AS_XLSX))[1][0] == "ab"


def test_export_is_the_filtered_list(operator: Client, people: list[Lead]) -> None:
    assert [row["email"] for row in rows_of(export(operator, query="?language=de"))] == ["bob@client.example"]
    assert [row["email"] for row in rows_of(export(operator, query="?q=ada"))] == ["ada@client.example"]
    assert "1 lead of this list" in operator.get(EXPORT + "?q=ada").content.decode()


@pytest.mark.parametrize("action", ["export_csv", "export_xlsx"])
def test_export_of_the_ticked_leads(operator: Client, people: list[Lead], action: str) -> None:
    answer: Any = operator.post(LIST, {"action": action, "_selected_action": [people[0].pk]})

    exported = b"".join(answer.streaming_content)
    rows = rows_of(exported) if action == "export_csv" else cells_of(exported)[1:]
    assert len(rows) == 1
    assert answer["Content-Disposition"].startswith('attachment; filename="Lead-')


def test_forgotten_people_are_not_exported(operator: Client, people: list[Lead]) -> None:
    forget([people[0]])

    assert [row["email"] for row in rows_of(export(operator))] == ["bob@client.example"]


def test_lead_that_never_came_is_exported_with_its_first_day(operator: Client, db: None) -> None:
    LeadFactory()

    [row] = rows_of(export(operator))

    assert datetime.fromisoformat(row["captured_at"]) == A_MOMENT


def test_export_takes_the_same_queries_for_one_and_for_thirty(operator: Client, db: None) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as statements:
            export(operator)
        return len(statements)

    TouchpointFactory(whitepaper=WhitepaperFactory())
    queries()
    for_one = queries()
    TouchpointFactory.create_batch(29, whitepaper=WhitepaperFactory())

    assert queries() == for_one


def test_export_is_noted_with_user_and_number(operator: Client, people: list[Lead]) -> None:
    export(operator, AS_XLSX)

    [noted] = LogEntry.objects.values_list("user__username", "object_repr", "change_message")
    assert noted[0] == "ada"
    assert noted[1].startswith("Lead-")
    assert noted[1].endswith(".xlsx")
    assert noted[2] == "Exported 2 leads."


def test_who_may_only_look_cannot_export(people: list[Lead]) -> None:
    bob = staff("view_lead")

    answers = [bob.get(EXPORT), bob.post(EXPORT, {"format": AS_CSV, "resource": "0"})]
    ticked: Any = bob.post(LIST, {"action": "export_csv", "_selected_action": [people[0].pk]})

    assert [answer.status_code for answer in answers] == [403, 403]
    assert "Content-Disposition" not in ticked
    assert 'href="/admin/leads/lead/export/' not in bob.get(LIST).content.decode()
    assert not LogEntry.objects.exists()


def test_who_may_export_sees_the_button(people: list[Lead]) -> None:
    bob = staff("view_lead", "export_lead")

    assert 'href="/admin/leads/lead/export/' in bob.get(LIST).content.decode()
    assert len(rows_of(export(bob))) == 2


def test_filter_that_does_not_exist_is_left_out(operator: Client, people: list[Lead]) -> None:
    assert operator.get(EXPORT + "?language__exact=").status_code == 200
    assert operator.get(EXPORT + "?nonsense=1").status_code in (302, 400)


def test_looking_at_the_export_page_exports_nothing(operator: Client, people: list[Lead]) -> None:
    assert "2 leads of this list will be exported" in operator.get(EXPORT).content.decode()
    assert not LogEntry.objects.exists()
