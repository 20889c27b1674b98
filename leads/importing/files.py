"""Rows of a CSV file, however a spreadsheet wrote it; the file is never in memory as a whole."""

import codecs
import csv
import os
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from typing import BinaryIO, Protocol

from django.utils.translation import gettext as _

from leads.importing.formulas import unguard

COLUMNS = (
    "name",
    "email",
    "phone",
    "company",
    "website",
    "job_title",
    "language",
    "message",
    "whitepaper",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "marketing_consent",
    "captured_at",
)
LONGEST_CELL = 1_000_000
BLOCK = 1 << 20

Cells = dict[str, str]


class UnusableFileError(Exception):
    """Nothing can be read from this file; the message says why."""


class LeadsFile(Protocol):
    """Iterating gives (row number as a spreadsheet shows it, cells by column); raises UnusableFileError."""

    @property
    def position(self) -> int:
        """Bytes read so far, or rows where a file is not read in order."""

    def __iter__(self) -> Iterator[tuple[int, Cells]]: ...


class CsvFile:
    def __init__(self, file: BinaryIO) -> None:
        check_encoding(file)
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        self.position = 0

    def __iter__(self) -> Iterator[tuple[int, Cells]]:
        csv.field_size_limit(LONGEST_CELL)
        self._file.seek(0)
        text = TextIOWrapper(self._file, encoding="utf-8-sig", newline="")
        try:
            header = text.readline()
            delimiter = delimiter_of(header)
            columns = find_columns(next(csv.reader([header], delimiter=delimiter), []))
            for number, row in enumerate(csv.reader(text, delimiter=delimiter), start=2):
                self.position = self._file.tell()
                if row:
                    yield number, cells_of(row, columns)
        except csv.Error as error:
            raise UnusableFileError(_("Reading stopped: %(error)s.") % {"error": error}) from error
        finally:
            if not self._file.closed:
                text.detach()  # or it would close a file that is not its own


def check_encoding(file: BinaryIO) -> None:
    """Before anything is imported: half a file in a wrong encoding would be worse than none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while block := file.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        message = _("This file is not UTF-8. Please save it as “CSV UTF-8” and try again.")
        raise UnusableFileError(message) from error


def find_columns(header: Sequence[str]) -> dict[str, int]:
    """Where which column is; what the file lacks is blank."""
    names = [name.strip().lower() for name in header]
    if "email" not in names:
        raise UnusableFileError(_("The first line names no column “email”."))
    return {column: names.index(column) for column in COLUMNS if column in names}


def cells_of(row: Sequence[str], columns: dict[str, int]) -> Cells:
    return {column: unguard(row[i]) if i < len(row) else "" for column, i in columns.items()}


def delimiter_of(header: str) -> str:
    """Spreadsheets separate by what the computer's region says."""
    return max(",;\t", key=header.count)
