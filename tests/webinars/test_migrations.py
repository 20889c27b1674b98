"""What was there before a migration is there after it, in the new words."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.factories import RegistrationFactory, SessionFactory

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE, PAID, BY_SPAN = ([("webinars", name)] for name in ("0003_messages", "0004_payments", "0005_reminded_before"))


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

    new = migrate(PAID).get_model("webinars", "Payment")

    rows = new.objects.order_by("pk").values_list("number", "status", "refunded")
    assert list(rows) == [(1, "cancelled", 0), (2, "pending", 0), (3, "refunded", Decimal(90))]


def test_reminders_that_went_out_are_noted_once_by_what_their_rules_said(newest_again: None) -> None:
    one, other = (SessionFactory().pk for _ in range(2))
    week, start = timedelta(days=7), datetime(2027, 4, 20, 8, tzinfo=UTC)
    old = migrate(PAID)
    rules = old.get_model("webinars", "ReminderRule").objects
    rules.update(updated_at=start - 4 * week)
    for_all, own = rules.get(before=week), rules.create(session_id=one, before=week)
    for rule, session in ((for_all, one), (own, one), (for_all, other)):
        rule.reminded.create(session_id=session, starts_at=start, reminded_at=start - week)

    new = migrate(BY_SPAN)

    rows = new.get_model("webinars", "Reminded").objects.order_by("pk").values_list("session", "starts_at", "before")
    assert list(rows) == [(one, start, week), (other, start, week)]
    counted = new.get_model("webinars", "ReminderRule").objects.filter(pk=for_all.pk)
    assert counted.get().counts_from == start - 4 * week
