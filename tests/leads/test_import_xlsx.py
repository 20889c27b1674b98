"""Workbooks, as spreadsheets write them and as somebody with bad intentions does."""

from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest

from leads.importing.files import UnusableFileError
from leads.importing.workbook import XlsxFile

SHEET = "xl/worksheets/sheet1.xml"


def workbook(*rows: list[Any]) -> BytesIO:
    book, file = openpyxl.Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(file)
    return file


def changed(file: BytesIO, part: str, change: Callable[[bytes], bytes]) -> BytesIO:
    new = BytesIO()
    with ZipFile(file) as old, ZipFile(new, "w", ZIP_DEFLATED) as archive:
        for name in old.namelist():
            content = old.read(name)
            archive.writestr(name, change(content) if name == part else content)
    return new


def test_rows_carry_the_numbers_that_the_spreadsheet_shows() -> None:
    file = workbook(["Name", "EMAIL "], ["Ada", "a@b.example"], [None, None], ["Bob", "b@b.example"])

    assert list(XlsxFile(file)) == [
        (2, {"name": "Ada", "email": "a@b.example"}),
        (4, {"name": "Bob", "email": "b@b.example"}),
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2026, 3, 1, 12, 30), "2026-03-01T12:30:00"),  # noqa: DTZ001 - spreadsheets know no zones
        (date(2026, 3, 1), "2026-03-01T00:00:00"),
        (493012345.0, "493012345"),
        (1.5, "1.5"),
        (True, "True"),
        ("'=1+1", "=1+1"),
        ("#N/A", "#N/A"),
    ],
)
def test_cell_becomes_the_text_that_an_import_understands(value: Any, expected: str) -> None:
    [(_, cells)] = XlsxFile(workbook(["email", "phone"], ["a@b.example", value]))

    assert cells["phone"] == expected


def test_formula_is_read_as_what_it_last_came_to() -> None:
    file = workbook(["email", "phone"], ["a@b.example", "=1+1"])
    calculated = changed(file, SHEET, lambda xml: xml.replace(b"<v></v>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>"))

    [(_, cells)] = XlsxFile(calculated)

    assert cells["phone"] == "2"


def test_dimensions_that_lie_are_not_believed() -> None:
    file = workbook(["email"], ["a@b.example"])
    lying = changed(file, SHEET, lambda xml: xml.replace(b'ref="A1:A2"', b'ref="A1:XFD1048576"'))

    assert list(XlsxFile(lying)) == [(2, {"email": "a@b.example"})]


def test_row_beyond_any_spreadsheet_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.importing.workbook.LAST_ROW", 1000)
    file = workbook(["email"], ["a@b.example"])
    endless = changed(file, SHEET, lambda xml: xml.replace(b'<row r="2">', b'<row r="99999999999">'))

    with pytest.raises(UnusableFileError, match="damaged"):
        list(XlsxFile(endless))


def test_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.importing.workbook.LARGEST", 1_000_000)
    bomb = changed(workbook(["email"]), SHEET, lambda xml: b"\0" * 1_000_000)

    with pytest.raises(UnusableFileError, match="too large"):
        XlsxFile(bomb)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (BytesIO(b""), "not an XLSX file"),
        (BytesIO(b"email\na@b.example\n"), "not an XLSX file"),
        (workbook(["name"], ["Ada"]), "no column"),
        (changed(workbook(["email"]), "xl/workbook.xml", lambda xml: xml[:99]), "damaged"),
        (changed(workbook(["email"], ["a@b.example"]), SHEET, lambda xml: xml[:-30]), "damaged"),
    ],
)
def test_broken_workbook_is_refused_with_a_reason(file: BytesIO, message: str) -> None:
    with pytest.raises(UnusableFileError, match=message):
        list(XlsxFile(file))


def test_workbook_without_rows_names_no_column() -> None:
    with pytest.raises(UnusableFileError, match="no column"):
        list(XlsxFile(workbook()))
