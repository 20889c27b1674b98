"""The import takes a few statements per thousand rows; tests/benchmarks/ measures its time."""

import csv
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.importing.files import CsvFile
from leads.importing.importer import Importer, Report
from leads.models import Consent, Lead

ROWS = 10_000

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[dict[str, str]]:
    return [
        {
            "email": f"person.{n}@client{n % 700}.example",
            "name": f"Person Nummer {n}",
            "phone": f"+49 30 {n}",
            "company": f"Müller & Söhne {n % 700} GmbH",
            "website": f"https://client{n % 700}.example",
            "job_title": "Leitung Einkauf",
            "language": "de",
        }
        for n in range(ROWS)
    ]


@pytest.fixture
def export(people: list[dict[str, str]], tmp_path: Path) -> Path:
    path = tmp_path / "many.csv"
    more = {"marketing_consent": "yes", "captured_at": "2026-03-01T12:00:00Z", "utm_source": "newsletter"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*people[0], *more])
        writer.writeheader()
        writer.writerows({**person, **more} for person in people)
    return path


def import_file(path: Path) -> None:
    reports = [Report(path.with_suffix(name)) for name in (".rejects", ".repairs")]
    importer = Importer(source="bench", rejects=reports[0], repairs=reports[1])
    with path.open("rb") as file:
        importer.run(CsvFile(file))
    for report in reports:
        report.close()


@pytest.mark.usefixtures("nobody_listens")
def test_import_takes_a_few_statements_per_thousand_rows(export: Path) -> None:
    with CaptureQueriesContext(connection) as statements:
        import_file(export)

    assert len(statements) <= 1 + 5 * ROWS // 1000  # the whitepapers, and per chunk as many as one capture takes
    assert Lead.objects.count() == Consent.objects.count() == ROWS
