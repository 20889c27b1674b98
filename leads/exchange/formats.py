"""CSV and XLSX, there and back: what one of them writes it also reads.

Both stream, which the library's own do not: they hold every cell in memory, an XLSX file several times over.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import IO

from import_export.formats import base_formats
from openpyxl import Workbook

from leads.importing.files import CsvFile
from leads.importing.formulas import guard
from leads.importing.workbook import XlsxFile

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Cells = Sequence[str]


class Figure(str):
    """A number that we wrote ourselves: -119.00 is no formula, and a bookkeeper's program reads it."""


class CSV(base_formats.CSV):  # type: ignore[misc]
    def get_title(self) -> str:
        return "CSV"

    def is_binary(self) -> bool:
        """We decode it ourselves, to say what is wrong when that fails."""
        return True

    def create_dataset(self, in_stream: bytes) -> CsvFile:
        return CsvFile(BytesIO(in_stream))

    def write(self, rows: Iterable[Cells], file: IO[bytes]) -> None:
        """UTF-8 with a byte order mark, without which Excel shows no umlauts."""
        text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
        csv.writer(text).writerows(guarded(rows))
        text.detach()


class XLSX(base_formats.XLSX):  # type: ignore[misc]
    sheet = "leads"

    def get_title(self) -> str:
        return "XLSX"

    def create_dataset(self, in_stream: bytes) -> XlsxFile:
        return XlsxFile(BytesIO(in_stream))

    def write(self, rows: Iterable[Cells], file: IO[bytes]) -> None:
        workbook = Workbook(write_only=True)
        sheet = workbook.create_sheet(self.sheet)
        for row in guarded(rows):
            sheet.append([NOT_IN_XML.sub("", cell) for cell in row])
        workbook.save(file)


FORMATS: dict[str, type[CSV] | type[XLSX]] = {"csv": CSV, "xlsx": XLSX}


def extension_of(name: str) -> str:
    return Path(name).suffix[1:].lower()


def guarded(rows: Iterable[Cells]) -> Iterator[Cells]:
    for row in rows:
        yield [cell if isinstance(cell, Figure) else guard(cell) for cell in row]
