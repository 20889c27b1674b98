"""The rehearsal tells the truth: what it says is what the import then does."""

from collections.abc import Iterator
from io import BytesIO

import pytest
import time_machine

from leads import demo
from leads.importing import rehearsal
from leads.importing.files import CsvFile, UnusableFileError
from leads.importing.importer import Importer, Summary
from leads.importing.rehearsal import Line, Rehearsal
from leads.models import Consent, Lead, Touchpoint

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def after_the_export() -> Iterator[None]:
    with time_machine.travel("2026-12-01", tick=False):
        yield


def rehearse(text: str | bytes) -> Rehearsal:
    told = Rehearsal()
    told.run(csv(text))
    return told


def csv(text: str | bytes) -> CsvFile:
    return CsvFile(BytesIO(text if isinstance(text, bytes) else text.encode()))


def perform(text: str | bytes) -> Summary:
    return Importer(source="x").run(csv(text))


def rows(lines: list[Line]) -> list[tuple[int, str, str, list[str]]]:
    return [(line.number, line.outcome, line.email, [str(note.what) for note in line.notes]) for line in lines]


def test_rehearsal_of_a_real_export_counts_as_the_import_does() -> None:
    demo.create()
    export = demo.LEADS_CSV.read_bytes()

    expected = rehearse(export).summary
    assert perform(export) == expected
    again = rehearse(export).summary
    assert perform(export) == again


def test_rehearsal_writes_nothing() -> None:
    rehearse("email,marketing_consent\na@b.example,yes\n")

    assert [model.objects.count() for model in (Lead, Touchpoint, Consent)] == [0, 0, 0]


def test_rehearsal_tells_row_by_row_what_would_happen() -> None:
    at = "2026-03-01T12:00:00Z"
    perform(f"email,name,captured_at\nknown@b.example,K,{at}\n")

    told = rehearse(
        "email,name,captured_at\n"
        f"known@b.example,K,{at}\n"
        f"known@b.example,K,2026-04-01T12:00:00Z\n"
        f"New@b.example,,{at}\n"
        f"nobody,N,{at}\n"
        f"new@b.example,N,{at}\n"
    )

    assert rows(told.shown) == [
        (2, "known", "known@b.example", []),
        (3, "merged", "known@b.example", []),
        (4, "created", "new@b.example", ["name derived from the address"]),
        (5, "rejected", "nobody", ["impossible e-mail address"]),
        (6, "known", "new@b.example", []),
    ]


def test_rehearsal_shows_the_first_rows_in_their_order() -> None:
    text = "email\n" + "".join(f"p{n}@b.example\n" if n % 2 else "nobody\n" for n in range(2500))

    told = rehearse(text)

    assert [line.number for line in told.shown] == list(range(2, 2 + rehearsal.SHOWN))
    assert (told.summary.processed, told.summary.rejected) == (2500, 1250)


def test_file_with_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "MOST_ROWS", 2)

    with pytest.raises(UnusableFileError, match="more than 2 rows"):
        rehearse("email\n" + "a@b.example\n" * 3)
