"""Importing a file: chunk by chunk, each in its own transaction, so that a killed import can simply run again."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

from django.utils import timezone
from django.utils.translation import ngettext

from leads.actions import Capture, capture
from leads.importing.files import Cells, LeadsFile
from leads.importing.formulas import guard
from leads.importing.rows import Note, Rejected, RowReader
from leads.models import Whitepaper

CHUNK = 1000


@dataclass
class Summary:
    processed: int = 0
    created: int = 0  # new leads
    merged: int = 0  # rows of people we knew
    known: int = 0  # those of them that we had already
    repaired: int = 0
    rejected: int = 0
    repairs: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        text = ngettext(
            "%(processed)d row: %(created)d created, %(merged)d merged (%(known)d of them known already), "
            "%(repaired)d repaired, %(rejected)d rejected.",
            "%(processed)d rows: %(created)d created, %(merged)d merged (%(known)d of them known already), "
            "%(repaired)d repaired, %(rejected)d rejected.",
            self.processed,
        )
        return text % vars(self)


class Notes(Protocol):
    """Where an import says what it could not take as it was: (row, reason, address) or (row, repair, column)."""

    def add(self, *cells: str) -> None: ...


class Report:
    """A CSV file for whoever looks after the rest."""

    def __init__(self, path: Path, *columns: str) -> None:
        self.path = path
        self._file: TextIOWrapper = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(columns)

    def add(self, *cells: str) -> None:
        self._writer.writerow([guard(cell) for cell in cells])

    def close(self) -> None:
        self._file.close()


class Row(NamedTuple):
    number: int
    given: Capture
    notes: list[Note]


class Importer:
    """Reads rows into leads, reports what it had to repair or reject, and counts."""

    def __init__(
        self, *, source: str, rejects: Notes | None = None, repairs: Notes | None = None, chunk: int = CHUNK
    ) -> None:
        self.summary = Summary()
        self._reader = RowReader(
            source=source,
            whitepapers={whitepaper.slug: whitepaper for whitepaper in Whitepaper.objects.all()},
            now=timezone.now(),
        )
        self._rejects, self._repairs, self._chunk = rejects, repairs, chunk

    def run(self, file: LeadsFile, progress: Callable[[int], object] = lambda position: None) -> Summary:
        """`progress` is told the position in the file after each chunk."""
        rows = iter(file)
        while chunk := list(islice(rows, self._chunk)):
            self.take(list(self.readable(chunk)))
            progress(file.position)
        return self.summary

    def readable(self, rows: Iterable[tuple[int, Cells]]) -> Iterator[Row]:
        for number, cells in rows:
            self.summary.processed += 1
            try:
                row = Row(number, *self._reader.read(cells))
            except Rejected as rejected:
                self.note_rejection(number, rejected)
            else:
                self.note_repairs(row)
                yield row

    def take(self, rows: list[Row]) -> None:
        result = capture([row.given for row in rows])
        self.summary.created += result.created
        self.summary.merged += result.merged
        self.summary.known += result.known

    def note_rejection(self, number: int, rejected: Rejected) -> None:
        self.summary.rejected += 1
        self.summary.rejections[str(rejected.reason)] += 1
        if self._rejects:
            self._rejects.add(str(number), str(rejected.reason), rejected.address)

    def note_repairs(self, row: Row) -> None:
        self.summary.repaired += bool(row.notes)
        for note in row.notes:
            self.summary.repairs[str(note.what)] += 1
            if self._repairs:
                self._repairs.add(str(row.number), str(note.what), note.where)
