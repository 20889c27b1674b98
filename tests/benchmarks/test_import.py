"""Ten thousand leads from a file: against Django's own bulk upsert of the same rows, and against one by one."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest
from django.db import transaction

from leads.models import DETAILS, Consent, Lead, Touchpoint
from tests.factories import A_MOMENT
from tests.leads.test_import_speed import ROWS, import_file
from tests.leads.test_import_speed import export as export
from tests.leads.test_import_speed import people as people

from .report import tell

pytestmark = [pytest.mark.bench, pytest.mark.django_db]
SHARE = 20  # of the rows, one by one: all of them would take half a minute


def upsert(rows: list[dict[str, str]]) -> None:
    leads = [Lead(**person, first_seen_at=A_MOMENT, last_seen_at=A_MOMENT) for person in rows]
    Lead.objects.bulk_create(
        leads, update_conflicts=True, unique_fields=["email"], update_fields=DETAILS, batch_size=1000
    )


def one_by_one(rows: list[dict[str, str]]) -> None:
    """As a view would do it: look up, save, add the touchpoint and the consent."""
    for person in rows:
        seen = {"first_seen_at": A_MOMENT, "last_seen_at": A_MOMENT}
        lead, _ = Lead.objects.update_or_create(email=person["email"], defaults={**person, **seen})
        Touchpoint.objects.get_or_create(lead=lead, key="import", kind="import", defaults={"captured_at": A_MOMENT})
        Consent.objects.create(lead=lead, given_at=A_MOMENT)


def shortest(work: Callable[[], None], rounds: int = 3) -> float:
    """The best of some; the database forgets each."""
    times = []
    for _ in range(rounds):
        with transaction.atomic():
            start = perf_counter()
            work()
            times.append(perf_counter() - start)
            transaction.set_rollback(True)
    return min(times)


def test_an_import_takes_at_most_four_times_a_bare_upsert(people: list[dict[str, str]], export: Path) -> None:
    bare = shortest(lambda: upsert(people))
    ours = shortest(lambda: import_file(export))
    naive = shortest(lambda: one_by_one(people[: ROWS // SHARE]), rounds=1) * SHARE

    tell(
        "Leads imported, with touchpoints, consents and deliveries",
        ROWS,
        one_by_one=naive,
        import_leads=ours,
        a_bare_upsert_of_the_leads_alone=bare,
    )
    assert ours <= 4 * bare
