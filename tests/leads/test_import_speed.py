"""The import keeps up with Django's own bulk upsert of the same leads."""

import csv
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from leads.importing.files import LeadsFile
from leads.importing.importer import Importer, Report
from leads.models import DETAILS, Consent, Lead
from tests.factories import A_MOMENT

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
    importer.run(LeadsFile(path), lambda done: None)
    for report in reports:
        report.close()


def upsert(people: list[dict[str, str]]) -> None:
    leads = [Lead(**person, first_seen_at=A_MOMENT, last_seen_at=A_MOMENT) for person in people]
    Lead.objects.bulk_create(
        leads, update_conflicts=True, unique_fields=["email"], update_fields=DETAILS, batch_size=1000
    )


def shortest(work: Callable[[], None]) -> float:
    """The best of three; the database forgets each."""
    times = []
    for _ in range(3):
        with transaction.atomic():
            start = perf_counter()
            work()
            times.append(perf_counter() - start)
            transaction.set_rollback(True)
    return min(times)


@pytest.mark.bench
def test_import_takes_at_most_four_times_a_bare_upsert(people: list[dict[str, str]], export: Path) -> None:
    bare = shortest(lambda: upsert(people))
    ours = shortest(lambda: import_file(export))

    print(f"bare upsert {bare:.2f} s, import {ours:.2f} s, ratio {ours / bare:.2f}")  # noqa: T201
    assert ours <= 4 * bare


@pytest.mark.usefixtures("nobody_listens")
def test_import_takes_a_few_statements_per_thousand_rows(export: Path) -> None:
    with CaptureQueriesContext(connection) as statements:
        import_file(export)

    assert len(statements) <= 1 + 5 * ROWS // 1000  # the whitepapers, and per chunk as many as one capture takes
    assert Lead.objects.count() == Consent.objects.count() == ROWS
