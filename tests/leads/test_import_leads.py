"""`manage.py import_leads`: a marketing export as it really looks."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from leads import demo
from leads.importing.files import CsvFile
from leads.importing.importer import Importer
from leads.models import Consent, Lead, Touchpoint
from tests.factories import WhitepaperFactory

pytestmark = pytest.mark.django_db

# Counted by filtering the file in a spreadsheet, not with the code under test.
ROWS, PEOPLE, SAME_OCCASION, REPAIRED, REJECTED, CONSENTS = 2100, 1987, 28, 92, 13, 1063


@pytest.fixture(autouse=True)
def after_the_export() -> Iterator[None]:
    with time_machine.travel("2026-12-01", tick=False):
        yield


@pytest.fixture
def whitepapers() -> None:
    demo.create()


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """The demo's file, where its reports may be written beside it."""
    copy = tmp_path / "leads.csv"
    copy.write_bytes(demo.LEADS_CSV.read_bytes())
    return copy


def run(path: Path, *options: str) -> dict[str, Any]:
    out = StringIO()
    call_command("import_leads", path, "--json", *options, verbosity=0, stdout=out)
    summary: dict[str, Any] = json.loads(out.getvalue())
    return summary


def write(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = folder / "some.csv"
    path.write_text(text, encoding=encoding)
    return path


def counts(summary: dict[str, Any]) -> list[int]:
    return [summary[name] for name in ("processed", "created", "merged", "known", "repaired", "rejected")]


@pytest.mark.usefixtures("whitepapers")
def test_real_export_counts(export: Path) -> None:
    summary = run(export)

    assert counts(summary) == [ROWS, PEOPLE, ROWS - REJECTED - PEOPLE, SAME_OCCASION, REPAIRED, REJECTED]
    assert Lead.objects.count() == PEOPLE
    assert Touchpoint.objects.filter(whitepaper__isnull=False).count() == ROWS - REJECTED - SAME_OCCASION
    assert Consent.objects.count() == CONSENTS
    assert summary["repairs"] == {
        "invisible characters removed": 47,
        "name derived from the address": 25,
        "cut to the longest possible": 20,
    }


@pytest.mark.usefixtures("whitepapers")
def test_real_export_again_adds_nothing(export: Path) -> None:
    run(export)
    before = [*Lead.objects.values(), *Touchpoint.objects.values(), *Consent.objects.values()]

    summary = run(export)

    after = [*Lead.objects.values(), *Touchpoint.objects.values(), *Consent.objects.values()]
    assert counts(summary) == [ROWS, 0, ROWS - REJECTED, ROWS - REJECTED, REPAIRED, REJECTED]
    assert after == before


@pytest.mark.usefixtures("whitepapers")
def test_real_export_in_small_chunks_makes_the_same_leads(export: Path) -> None:
    fields = ("email", "name", "phone", "company", "website", "marketing_consent", "first_seen_at", "last_seen_at")
    run(export)
    at_once = list(Lead.objects.order_by("email").values_list(*fields))
    Lead.objects.all().delete()

    with export.open("rb") as file:
        Importer(source="x", chunk=7).run(CsvFile(file))

    assert list(Lead.objects.order_by("email").values_list(*fields)) == at_once


def test_rejects_file_names_row_and_reason_and_runs_no_formula(tmp_path: Path) -> None:
    path = write(tmp_path, 'email,message\na@b.example,"two\nlines"\n,\n=cmd@x,\n\n"a@b.example, c@d.example",\n')

    run(path)

    rejects = (tmp_path / "some.rejects.csv").read_text(encoding="utf-8-sig")
    assert list(csv.reader(StringIO(rejects))) == [
        ["row", "reason", "email"],
        ["3", "no e-mail address", ""],
        ["4", "impossible e-mail address", "'=cmd@x"],
        ["6", "impossible e-mail address", "a@b.example, c@d.example"],
    ]


def test_rejects_file_may_be_elsewhere(tmp_path: Path) -> None:
    path = write(tmp_path, "email\nnobody\n")

    run(path, "--rejects", str(tmp_path / "other.csv"))

    assert (tmp_path / "other.csv").exists()
    assert not (tmp_path / "some.rejects.csv").exists()


def test_repairs_name_row_and_column_and_keep_what_was_lost(tmp_path: Path) -> None:
    path = write(tmp_path, "email,name,whitepaper,language\nada.l@b.example,,no-such,fr\n")

    summary = run(path)

    repairs = (tmp_path / "some.repairs.csv").read_text(encoding="utf-8-sig").splitlines()
    assert summary["repaired"] == 1
    assert set(repairs[1:]) == {
        "2,name derived from the address,name",
        '2,"time missing or unreadable, now taken instead",captured_at',
        "2,unknown language left out,language: fr",
        "2,unknown whitepaper left out,whitepaper: no-such",
    }
    assert Touchpoint.objects.get().whitepaper is None


def test_whitepaper_is_found_even_unpublished(tmp_path: Path) -> None:
    whitepaper = WhitepaperFactory(slug="draft", published=False)

    run(write(tmp_path, "email,whitepaper\na@b.example,draft\n"))

    assert Touchpoint.objects.get().whitepaper == whitepaper


def test_semicolons_upper_case_headers_and_byte_order_mark_are_fine(tmp_path: Path) -> None:
    run(write(tmp_path, "Name;E-Mail;EMAIL \nAda, Countess;x;a@b.example\n", encoding="utf-8-sig"))

    assert list(Lead.objects.values_list("name", "email")) == [("Ada, Countess", "a@b.example")]


def test_file_of_one_column_and_short_rows(tmp_path: Path) -> None:
    summary = run(write(tmp_path, "email\na@b.example\n"))

    assert summary["created"] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name,phone\nAda,1\n", "no column “email”"),
        (b"", "no column “email”"),
        ("email,name\na@b.example,Jürgen\n".encode("latin-1"), "not UTF-8"),
    ],
)
def test_unusable_file_fails_with_a_reason_before_anything_is_written(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(content)

    with pytest.raises(CommandError, match=message) as failure:
        run(path)

    assert failure.value.returncode == 1
    assert not Lead.objects.exists()


def test_cell_that_never_ends_stops_the_import_with_a_reason(tmp_path: Path) -> None:
    path = write(tmp_path, 'email\n"' + "x" * 1_100_000)

    with pytest.raises(CommandError, match="Reading stopped") as failure:
        run(path)

    assert failure.value.returncode == 1


def test_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read") as failure:
        run(tmp_path)

    assert failure.value.returncode == 1


def test_missing_file_fails_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no file at .*nowhere\.csv") as failure:
        run(tmp_path / "nowhere.csv")

    assert failure.value.returncode == 1


def test_rejects_that_cannot_be_written_fail_with_a_reason(tmp_path: Path) -> None:
    path = write(tmp_path, "email\na@b.example\n")

    with pytest.raises(CommandError, match="cannot be written") as failure:
        run(path, "--rejects", str(tmp_path / "no-such-folder" / "rejects.csv"))

    assert (failure.value.returncode, Lead.objects.count()) == (1, 0)


def test_rejects_never_overwrite_the_import(tmp_path: Path) -> None:
    path = write(tmp_path, "email\nnobody\n")

    with pytest.raises(CommandError, match="three files") as failure:
        run(path, "--rejects", str(tmp_path / "." / "some.csv"))

    assert failure.value.returncode == 2
    assert path.read_text() == "email\nnobody\n"


def test_killed_import_runs_again(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rejections = iter(range(9))
    monkeypatch.setattr(Importer, "note_rejection", lambda self, number, rejected: 1 / (5 - next(rejections)))
    with pytest.raises(ZeroDivisionError):  # in the second chunk
        run(export)
    assert 0 < Lead.objects.count() < PEOPLE
    monkeypatch.undo()

    run(export)

    assert Lead.objects.count() == PEOPLE


def test_summary_for_people_names_counts_and_files(export: Path) -> None:
    out = StringIO()

    call_command("import_leads", export, verbosity=0, stdout=out)

    assert out.getvalue().splitlines()[0] == (
        "2100 rows: 1987 created, 100 merged (28 of them known already), 2087 repaired, 13 rejected."
    )
    assert f"-> {export.with_name('leads.rejects.csv')}" in out.getvalue()


def test_progress_goes_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("import_leads", write(tmp_path, "email\na@b.example\n"), "--json")

    output = capsys.readouterr()
    assert json.loads(output.out)["created"] == 1
    assert "some.csv: 100%" in output.err
