"""Figures over time, and how much is kept: right, in any language, at a cost that does not grow."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import durations, gate
from integrations.models import Connection, HourlyLoad, HourlyStat
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import a_delivery, queries, text
from tests.integrations.conftest import service
from tests.postbox.sandbox import Answer, Postbox
from tests.postbox.service import PostboxService

URL = "/admin/integrations/integration/figures/"
KEPT = "/admin/integrations/integration/kept-data/"
EVENING = datetime(2026, 3, 20, 19, 30, tzinfo=UTC)  # 20:30 in Berlin


def card(client: Client, period: str = "day") -> Any:
    answer = client.get(URL, {"period": period})
    return next(card for card in answer.context["cards"] if card.name == "Postbox")


def facts(client: Client, period: str = "day") -> list[str]:
    """Calls, failed, p95, delivered, waiting, dead."""
    return [number for _what, number in card(client, period).facts]


def called(connection: Connection, ago: timedelta, *, failed: bool = False, milliseconds: int = 40) -> None:
    at = timezone.now() - ago
    gate.count(connection.integration_id, "post_letters", at, failed=failed, milliseconds=milliseconds)


class TestFigures:
    def test_each_period_adds_up_what_began_in_it(self, operator: Client, connection: Connection) -> None:
        days = timedelta(days=1)
        with time_machine.travel(EVENING, tick=False):
            called(connection, 0 * days)
            called(connection, 6 * days, failed=True, milliseconds=1900)
            called(connection, 29 * days, milliseconds=200_000)
            called(connection, 31 * days, failed=True)
            hour = EVENING.replace(minute=0) - 6 * days
            HourlyLoad.objects.create(integration=connection.integration, hour=hour, delivered=7, waiting=5, dead=1)
            a_delivery(connection, LeadFactory(), PostboxService.post_letters, state="dead")

            assert facts(operator) == ["1", "0", "40 ms", "0", "0", "1"]
            assert facts(operator, "week") == ["2", "1 (50.0 %)", "2.0 s", "7", "0", "1"]
            assert facts(operator, "month") == ["3", "1 (33.3 %)", "100.0 s", "7", "0", "1"]

    def test_bars_stand_where_the_clock_on_the_wall_says(self, operator: Client, connection: Connection) -> None:
        """Quarters of local days in a week, days in a month; each by the highest."""
        with time_machine.travel(EVENING, tick=False):
            for _ in range(4):
                called(connection, timedelta(0))
            called(connection, timedelta(hours=20, minutes=31), failed=True)  # half past eleven in the night before

            week, month = card(operator, "week").graphs[0], card(operator, "month").graphs[0]

        drawn = [(column.title, bar.colour, bar.height) for column in week.columns for bar in column.bars]
        assert drawn == [("19.03. 18:00: 0 / 1", "bad", "25.0"), ("20.03. 18:00: 4 / 0", "good", "100.0")]
        assert [len(graph.columns) for graph in (week, month)] == [29, 31]
        assert (week.words, week.most) == ("5 calls, 1 failed", "4")

    def test_tells_what_is_taken_of_a_rate(self, operator: Client, connection: Connection, postbox: Postbox) -> None:
        postbox.script.extend([Answer(body='{"refused": {}}')] * 2)
        for _ in range(2):
            service().client.post("post_letters", [])

        (line,) = card(operator).operations

        assert (line.calls, line.use) == ("2", "2 of 600/minute")

    def test_drawing_is_right_in_german(self, operator: Client, connection: Connection) -> None:
        called(connection, timedelta(0), milliseconds=1500)
        called(connection, timedelta(0), failed=True)
        called(connection, timedelta(0), failed=True)

        page = text(operator.get(URL, headers={"accept-language": "de"}))

        assert "3 Aufrufe, 2 mit Fehler" in page
        assert "1,6 s" in page
        assert re.findall(r'(?:height|y|x|viewBox)="[^"]*,[^"]*"', page) == []
        assert 'height="33.3"' in page

    def test_takes_as_many_queries_for_a_month_of_everything_as_for_one(
        self, operator: Client, connection: Connection
    ) -> None:
        called(connection, timedelta(0))
        for_one = queries(operator, URL)
        this_hour = timezone.now().replace(minute=0, second=0, microsecond=0)
        HourlyStat.objects.bulk_create(
            HourlyStat(integration=connection.integration, operation=f"call {n % 9}", calls=3, buckets=durations.none(),
                       hour=this_hour - timedelta(hours=n)) for n in range(1, 300)
        )  # fmt: skip

        assert queries(operator, f"{URL}?period=month") == for_one

    def test_odd_period_is_a_day(self, operator: Client, connection: Connection) -> None:
        called(connection, timedelta(days=2))

        assert facts(operator, "century")[0] == "0"


class TestKeptData:
    def test_tells_of_each_table_how_large_and_for_how_long(
        self, operator: Client, connection: Connection, settings: LazySettings
    ) -> None:
        settings.KEEP_LOG_DAYS = 12
        for _ in range(30):
            gate.log(connection, "read_owner")
        with database.cursor() as cursor:
            cursor.execute("ANALYZE integrations_integrationlog")

        lines = {line.what: line for line in operator.get(KEPT).context["lines"]}

        log = lines["Log entries"]
        assert int(log.rows) >= 30
        assert (log.kept, log.setting) == ("12 days", "KEEP_LOG_DAYS=12")
        assert log.size.endswith("KB")
        assert (lines["Leads"].kept, lines["Logins"].kept) == ("", "until they end")

    def test_calls_every_table_something_in_german(self, operator: Client, connection: Connection) -> None:
        lines = operator.get(KEPT, headers={"accept-language": "de"}).context["lines"]

        names = [line.what for line in lines]
        assert {"Aufrufe nach Stunden", "Zustellungen nach Stunden", "Anmeldungen im Admin"} <= {*names}
        assert [name for name in names if "ourly" in name] == []

    def test_takes_one_query_of_its_own(self, operator: Client, connection: Connection) -> None:
        bare = queries(operator, reverse("admin:leads_lead_outcomes"))

        assert queries(operator, KEPT) <= bare


@pytest.mark.parametrize(("url", "title"), [(URL, "Figures"), (KEPT, "Kept data")])
def test_head_of_the_page_says_which_it_is(operator: Client, connection: Connection, url: str, title: str) -> None:
    head = re.search(r"<h1.*?</h1>", text(operator.get(url)), re.DOTALL)

    assert head is not None
    assert re.sub(r"<[^>]*>|\s+", " ", head[0]).split() == title.split()


@pytest.mark.parametrize("url", [URL, KEPT])
def test_is_for_those_who_may_see_integrations(staff: Any, connection: Connection, url: str) -> None:
    assert staff("view_lead").get(url).status_code == 403
