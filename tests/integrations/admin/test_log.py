"""The log: looked through by what went wrong, what took long, who did it; at a cost that does not grow."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.admin import paginator
from integrations.models import Connection, IntegrationLog
from tests.integrations.admin.conftest import text

LIST = reverse("admin:integrations_integrationlog_changelist")
Call = Callable[..., IntegrationLog]


@pytest.fixture
def call(connection: Connection) -> Call:
    """Write a log row; what a test does not care about is a good call just now."""

    def write(operation: str = "post_letters", **columns: Any) -> IntegrationLog:
        usual = {"status": "error" if columns.get("error_kind") else "ok", "trigger": "delivery"}
        return IntegrationLog.objects.create(
            integration=connection.integration,
            connection=connection,
            operation=operation,
            **{"started_at": timezone.now(), **usual, **columns},
        )

    return write


@pytest.fixture(autouse=True)
def without_the_past(connection: Connection) -> None:
    IntegrationLog.objects.all().delete()


def shown(client: Client, query: str) -> list[int]:
    return [row.pk for row in client.get(f"{LIST}?{query}").context["cl"].result_list]


def test_latest_comes_first_whatever_is_asked_for(operator: Client, call: Call) -> None:
    old, new = call(started_at=timezone.now() - timedelta(hours=1)), call()

    assert shown(operator, "") == shown(operator, "o=2") == [new.pk, old.pk]


def test_filters_by_what_went_wrong(operator: Client, call: Call) -> None:
    refused, lost, good = call(error_kind="rejected"), call(error_kind="ambiguous"), call()

    assert shown(operator, "status__exact=error") == [lost.pk, refused.pk]
    assert shown(operator, "status__exact=ok") == [good.pk]
    assert shown(operator, "error_kind=rejected") == [refused.pk]


def test_filters_by_how_long_it_took(operator: Client, call: Call) -> None:
    call(duration_ms=999)
    slow, slowest = call(duration_ms=1000), call(duration_ms=5000)

    assert shown(operator, "slow=1") == [slowest.pk, slow.pk]
    assert shown(operator, "slow=5") == [slowest.pk]


def test_filters_by_when_it_was(operator: Client, call: Call) -> None:
    hours = {"hour": 0.9, "day": 23, "week": 7 * 24 - 1, "month": 7 * 24 + 1}
    rows = {name: call(started_at=timezone.now() - timedelta(hours=ago)).pk for name, ago in hours.items()}

    assert shown(operator, "period=hour") == [rows["hour"]]
    assert shown(operator, "period=day") == [rows["hour"], rows["day"]]
    assert shown(operator, "period=week") == [rows["hour"], rows["day"], rows["week"]]


def test_filters_by_what_it_was_and_who_did_it(operator: Client, call: Call, connection: Connection) -> None:
    ada = User.objects.get()
    letter, paused = call(), call("paused", trigger="admin", actor=ada)

    assert shown(operator, "operation=post_letters") == [letter.pk]
    assert shown(operator, "operation=paused") == shown(operator, "trigger=admin") == [paused.pk]
    assert shown(operator, f"actor__id__exact={ada.pk}") == [paused.pk]
    assert shown(operator, f"integration__id__exact={connection.integration_id}&error_kind=bug") == []


def test_row_is_told_in_words(operator: Client, call: Call) -> None:
    call(error_kind="unavailable", message="Down.", duration_ms=1200, trigger="beat")

    page = text(operator.get(LIST))

    for told in ("Post letters", "Postbox", "not reachable: Down.", "1.2 s", "a schedule"):
        assert told in page


def test_row_opens_and_nothing_can_be_changed(operator: Client, call: Call) -> None:
    row = call(error_kind="unavailable", message="Down.")

    page = text(operator.get(reverse("admin:integrations_integrationlog_change", args=[row.pk])))

    assert f"Log entry {row.pk}" in page
    assert "Down." in page
    assert 'name="_save"' not in page


class TestALongLog:
    @pytest.fixture(autouse=True)
    def long(self, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paginator, "COUNTED", 100)
        row = call()
        IntegrationLog.objects.bulk_create(
            IntegrationLog(**{field: getattr(row, field) for field in ("integration_id", "operation", "started_at")})
            for _ in range(110)
        )

    def test_is_counted_only_so_far(self, operator: Client) -> None:
        with CaptureQueriesContext(database) as statements:
            page = text(operator.get(LIST))

        assert "100+" in page
        assert "100+ results" not in page  # nothing is left out
        assert all(
            "LIMIT 101" in query["sql"]
            for query in statements
            if "integrationlog" in query["sql"] and "COUNT" in query["sql"]
        )

    def test_is_not_counted_for_each_filter(self, operator: Client) -> None:
        assert "Show counts" not in text(operator.get(f"{LIST}?_facets=True"))

    def test_is_paged_through_so_far(self, operator: Client) -> None:
        assert len(shown(operator, "p=1")) == len(shown(operator, "p=2")) == 50
        assert operator.get(f"{LIST}?p=3").status_code == 302

    def test_is_counted_to_its_end_where_a_filter_leaves_less(self, operator: Client, call: Call) -> None:
        call(error_kind="bug")

        assert operator.get(f"{LIST}?error_kind=bug").context["cl"].result_count == 1
