"""What was there before a migration is there after it, in the new words."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.factories import RegistrationFactory

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE, AFTER = [("webinars", "0003_messages")], [("webinars", "0004_payments")]


def migrate(target: list[tuple[str, str]]) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(target)
    return executor.loader.project_state(target).apps


@pytest.fixture
def newest_again() -> Any:
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_payments_are_numbered_and_the_latest_stays_open(newest_again: None) -> None:
    registration = RegistrationFactory()
    old = migrate(BEFORE).get_model("webinars", "Payment")
    for status in ("failed", "pending", "refunded"):
        old.objects.create(registration_id=registration.pk, amount=90, currency="EUR", status=status)

    new = migrate(AFTER).get_model("webinars", "Payment")

    rows = new.objects.order_by("pk").values_list("number", "status", "refunded")
    assert list(rows) == [(1, "cancelled", 0), (2, "pending", 0), (3, "refunded", Decimal(90))]
