"""Rows of an XLSX file: what its first sheet shows, not the formulas behind it."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile

import openpyxl
from django.utils.translation import gettext as _

from leads.importing.files import Cells, UnusableFileError, cells_of, find_columns

LARGEST = 200_000_000  # bytes once unpacked: a few kilobytes can hold gigabytes of nothing
WIDEST = 200  # columns
LAST_ROW = 1_048_576  # in any spreadsheet; a file that claims more is made to keep us busy


class XlsxFile:
    """The same as a CsvFile. Reading row by row keeps the memory small; the texts are shared and held."""

    def __init__(self, file: BinaryIO) -> None:
        self._sheet = first_sheet(file)
        self.position = 0

    def __iter__(self) -> Iterator[tuple[int, Cells]]:
        rows = self._rows()
        columns = find_columns([text_of(value) for value in next(rows, [])])
        for number, row in enumerate(rows, start=2):
            self.position = number
            if any(row):
                yield number, cells_of([text_of(value) for value in row], columns)

    def _rows(self) -> Iterator[Sequence[Any]]:
        try:
            for number, row in enumerate(self._sheet.iter_rows(max_col=WIDEST, values_only=True), start=1):
                if number > LAST_ROW:
                    raise broken()
                yield row
        except UnusableFileError:
            raise
        except Exception as error:  # whatever openpyxl stumbles over in a file that no spreadsheet wrote
            raise broken() from error


def first_sheet(file: BinaryIO) -> Any:
    try:
        with ZipFile(file) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size > LARGEST:
            raise UnusableFileError(_("This workbook is too large once it is unpacked."))
        sheet = openpyxl.load_workbook(file, read_only=True, data_only=True).worksheets[0]
        sheet.reset_dimensions()  # they are a claim of whoever wrote the file, and often wrong
    except UnusableFileError:
        raise
    except BadZipFile as error:
        raise UnusableFileError(_("This is not an XLSX file. Please save it as “Excel workbook (.xlsx)”.")) from error
    except Exception as error:
        raise broken() from error
    return sheet


def broken() -> UnusableFileError:
    return UnusableFileError(_("This workbook is damaged. Please open it in a spreadsheet and save it again."))


def text_of(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime() | date() | time():
            return value.isoformat()
        case float() if value.is_integer():  # a number to a spreadsheet, a telephone number to us
            return str(int(value))
        case _:
            return str(value)
