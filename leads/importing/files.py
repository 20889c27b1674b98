"""Rows of a CSV file, however a spreadsheet wrote it; the file is never in memory as a whole."""

import codecs
import csv
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

from django.utils.translation import gettext as _

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


class LeadsFile:
    """Iterating gives (row number as a spreadsheet shows it, cells by column)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.position = 0  # bytes read so far
        try:
            check_encoding(path)
            self.size = path.stat().st_size
        except FileNotFoundError:
            raise UnusableFileError(_("There is no file at %(path)s.") % {"path": path}) from None
        except OSError as error:
            message = _("%(path)s cannot be read: %(error)s.") % {"path": path, "error": error.strerror}
            raise UnusableFileError(message) from error

    def __iter__(self) -> Iterator[tuple[int, Cells]]:
        csv.field_size_limit(LONGEST_CELL)
        with self.path.open("rb") as binary, TextIOWrapper(binary, encoding="utf-8-sig", newline="") as text:
            try:
                header = text.readline()
                columns = find_columns(header)
                for number, row in enumerate(csv.reader(text, delimiter=delimiter_of(header)), start=2):
                    self.position = binary.tell()
                    if row:
                        yield number, {c: row[i] if i < len(row) else "" for c, i in columns.items()}
            except csv.Error as error:
                raise UnusableFileError(_("Reading stopped: %(error)s.") % {"error": error}) from error


def check_encoding(path: Path) -> None:
    """Before anything is imported: half a file in a wrong encoding would be worse than none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise UnusableFileError(
                _("%(path)s is not UTF-8. Please save it as “CSV UTF-8” and try again.") % {"path": path}
            ) from error


def find_columns(header: str) -> dict[str, int]:
    """Where which column is; what the file lacks is blank."""
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter_of(header)), [])]
    if "email" not in names:
        raise UnusableFileError(_("The first line names no column “email”."))
    return {column: names.index(column) for column in COLUMNS if column in names}


def delimiter_of(header: str) -> str:
    """Spreadsheets separate by what the computer's region says."""
    return max(",;\t", key=header.count)
