"""Importing a file: chunk by chunk, each in its own transaction, so that a killed import can simply run again."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

from django.utils import timezone

from leads.actions import Capture, capture
from leads.importing.files import Cells, LeadsFile
from leads.importing.rows import Note, Rejected, RowReader
from leads.models import Whitepaper

CHUNK = 1000
FORMULA = ("=", "+", "-", "@", "\t", "\r")


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


class Report:
    """A CSV file for whoever looks after the rest."""

    def __init__(self, path: Path, *columns: str) -> None:
        self.path = path
        self._file: TextIOWrapper = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(columns)

    def add(self, *cells: str) -> None:
        """What a spreadsheet would run as a formula is marked as text."""
        self._writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])

    def close(self) -> None:
        self._file.close()


class Importer:
    """Reads rows into leads, reports what it had to repair or reject, and counts."""

    def __init__(self, *, source: str, rejects: Report, repairs: Report, chunk: int = CHUNK) -> None:
        self.summary = Summary()
        self._reader = RowReader(
            source=source,
            whitepapers={whitepaper.slug: whitepaper for whitepaper in Whitepaper.objects.all()},
            now=timezone.now(),
        )
        self._rejects, self._repairs, self._chunk = rejects, repairs, chunk

    def run(self, file: LeadsFile, progress: Callable[[int], object]) -> Summary:
        """`progress` is told how many bytes more are done."""
        done = 0
        rows = iter(file)
        while chunk := list(islice(rows, self._chunk)):
            self.capture(self.readable(chunk))
            progress(file.position - done)
            done = file.position
        return self.summary

    def readable(self, rows: Iterable[tuple[int, Cells]]) -> Iterator[Capture]:
        for number, cells in rows:
            self.summary.processed += 1
            try:
                given, notes = self._reader.read(cells)
            except Rejected as rejected:
                self.note_rejection(number, rejected)
            else:
                self.note_repairs(number, notes)
                yield given

    def capture(self, captures: Iterable[Capture]) -> None:
        result = capture(list(captures))
        self.summary.created += result.created
        self.summary.merged += result.merged
        self.summary.known += result.known

    def note_rejection(self, number: int, rejected: Rejected) -> None:
        self.summary.rejected += 1
        self.summary.rejections[str(rejected.reason)] += 1
        self._rejects.add(str(number), str(rejected.reason), rejected.address)

    def note_repairs(self, number: int, notes: list[Note]) -> None:
        self.summary.repaired += bool(notes)
        for note in notes:
            self.summary.repairs[str(note.what)] += 1
            self._repairs.add(str(number), str(note.what), note.where)
