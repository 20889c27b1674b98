"""The operators' first page: how everything stands, at a cost that does not grow, without asking anybody outside."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from integrations import configuration
from integrations.models import (
    Connection,
    Delivery,
    Heartbeat,
    HourlyStat,
    Installation,
    Integration,
    IntegrationLog,
    WebhookEvent,
)
from tests.factories import A_MOMENT, LeadFactory
from tests.integrations.admin.conftest import a_delivery, a_record, queries, text
from tests.postbox.sandbox import Postbox
from tests.postbox.service import PostboxService

LETTERS = PostboxService.post_letters
URL = "/admin/"


def shown(client: Client) -> Any:
    return client.get(URL).context


def tile(client: Client) -> Any:
    return next(tile for tile in shown(client)["tiles"] if tile.name == "Postbox")


def a_stat(connection: Connection, at: datetime, **sums: int) -> HourlyStat:
    hour = at.replace(minute=0, second=0, microsecond=0)
    return HourlyStat.objects.create(integration=connection.integration, operation="post_letters", hour=hour, **sums)


class TestNeedsYou:
    def test_button_that_acts_posts_and_the_need_is_gone(self, operator: Client, connection: Connection) -> None:
        Integration.objects.filter(pk=connection.integration_id).update(paused_at=A_MOMENT)
        (need,) = [need for need in shown(operator)["needs"] if need.kind == "paused"]

        operator.post(need.url)

        assert f'action="{need.url}"' not in text(operator.get(URL))
        assert "paused" not in [need.kind for need in shown(operator)["needs"]]

    def test_calm_sentence_where_there_is_nothing(self, operator: Client, connection: Connection) -> None:
        Heartbeat.beat(*Heartbeat.QUEUES)
        Heartbeat.beat("beat")

        assert "Nothing needs you" in text(operator.get(URL))

    def test_who_may_only_look_finds_nothing_to_post(
        self, staff: Callable[..., Client], connection: Connection
    ) -> None:
        Integration.objects.filter(pk=connection.integration_id).update(paused_at=A_MOMENT)
        Installation.objects.update(site_url="https://production.example")
        auditor = staff("view_integration")

        page = text(auditor.get(URL))

        assert "https://production.example" in page
        assert "settle-here" not in page
        assert "/resume/" not in page


class TestTiles:
    def test_tell_how_an_integration_stands(self, operator: Client, connection: Connection) -> None:
        Connection.objects.filter(pk=connection.pk).update(status="healthy")
        for state in ("pending", "in_flight", "dead"):
            a_delivery(connection, LeadFactory(), LETTERS, state=state)
        a_stat(connection, timezone.now(), calls=5, errors=2)

        found = tile(operator)

        assert (found.light[0], found.mode[0], found.waiting, found.dead) == ("degraded", "SANDBOX", 2, 1)
        assert (found.traffic.calls, found.traffic.errors) == (5, 2)

    def test_have_no_badge_while_settings_are_missing(self, operator: Client, registered: Integration) -> None:
        assert tile(operator).mode is None

    def test_have_no_badge_while_not_in_use(self, operator: Client, connection: Connection) -> None:
        configuration.set_enabled(connection.integration, False)

        assert tile(operator).mode is None

    def test_count_further_accounts_and_tell_of_the_worst(self, operator: Client, connection: Connection) -> None:
        for box in ("ann", "bob"):
            configuration.configure_account(connection.integration, box, {"box": box})
        Connection.objects.filter(owner="bob").update(status="failing")

        assert tile(operator).accounts == "2, the worst: degraded"

    def test_say_until_when_nothing_goes_out(self, operator: Client, connection: Connection) -> None:
        configuration.pause(connection.integration)

        assert tile(operator).paused == "somebody resumes it"


class TestChart:
    def test_has_a_bar_for_each_of_24_hours(self, operator: Client, connection: Connection) -> None:
        now = timezone.now()
        a_stat(connection, now, calls=5, errors=2)
        a_stat(connection, now - timedelta(hours=23), calls=7)
        a_stat(connection, now - timedelta(hours=24), calls=100)

        chart = shown(operator)["chart"]

        good, failed = [dataset["data"] for dataset in json.loads(chart["data"])["datasets"]]
        assert good == [7, *[0] * 22, 3]
        assert failed == [0] * 23 + [2]
        assert chart["words"] == "12 calls, 2 failed"

    def test_hours_are_the_readers(self, operator: Client, connection: Connection) -> None:
        hour = a_stat(connection, timezone.now(), calls=1).hour

        with timezone.override("Asia/Kolkata"):
            (row,) = shown(operator)["chart"]["rows"]

        assert row == (f"{hour + timedelta(hours=5, minutes=30):%H:%M}", 1, 0)


class TestWaiting:
    AGES = (timedelta(), timedelta(minutes=10), timedelta(minutes=50), timedelta(hours=20), timedelta(days=2))

    def test_is_counted_by_age_as_the_list_does(self, operator: Client, connection: Connection) -> None:
        for number, ago in enumerate(self.AGES, start=1):
            for _n in range(number):
                a_delivery(connection, LeadFactory(), LETTERS, created_at=timezone.now() - ago)
        a_delivery(connection, LeadFactory(), LETTERS, state="delivered")

        ages = shown(operator)["ages"]

        assert [age["number"] for age in ages] == [1, 2, 3, 4, 5]
        assert [operator.get(age["url"]).context["cl"].result_count for age in ages] == [1, 2, 3, 4, 5]

    def test_is_not_told_to_who_may_not_see_deliveries(
        self, staff: Callable[..., Client], connection: Connection
    ) -> None:
        assert "ages" not in shown(staff("view_integration"))


class TestWhoWorks:
    def test_worker_that_was_seen_just_now_is_alive(self, operator: Client) -> None:
        Heartbeat.beat(*Heartbeat.QUEUES)

        fast, bulk, beat = shown(operator)["hearts"]

        assert fast["alive"]
        assert bulk["text"].startswith("seen ")
        assert beat["text"] == "never seen yet: nothing starts by the clock until it runs"


def test_who_may_see_no_integrations_finds_what_he_may_work_with(staff: Callable[..., Client]) -> None:
    page = text(staff("view_lead").get(URL))

    assert "Welcome, bob" in page
    assert "Needs you" not in page
    assert "/admin/leads/lead/" in page


def test_badge_of_what_is_at_the_other_end_stands_on_every_page(operator: Client, connection: Connection) -> None:
    sandbox = operator.get("/admin/leads/lead/").context["environment"]
    configuration.set_enabled(connection.integration, False)

    assert (sandbox, operator.get(URL).context["environment"]) == (["SANDBOX", "info"], ["LIVE", "danger"])


def test_asks_nobody_outside(operator: Client, connection: Connection, postbox: Postbox) -> None:
    text(operator.get(URL))

    assert postbox.connections == 0
    assert not IntegrationLog.objects.exclude(trigger="command").exists()


def test_takes_as_many_queries_for_thirty_of_everything_as_for_one(operator: Client, connection: Connection) -> None:
    """Two of them ask for what takes place soon; a third, what is wrong about it, where there is something."""
    make_trouble(connection, 1)
    for_one = queries(operator, URL)
    make_trouble(connection, 29)

    assert (for_one, queries(operator, URL)) == (21, 21)


def make_trouble(connection: Connection, number: int) -> None:
    """Everything that the page tells of, that many times."""
    Integration.objects.filter(pk=connection.integration_id).update(paused_at=A_MOMENT)
    for n in range(number):
        lead = LeadFactory()
        configuration.configure_account(connection.integration, f"box {number} {n}", {"box": "7"})
        a_record(lead, connection.book, kept={"phone": {"ours": "1", "theirs": "2"}})
        a_delivery(connection, lead, LETTERS)
        a_delivery(connection, lead, PostboxService.post_cards, state="dead", error_kind=f"kind {number} {n}")
        HourlyStat.objects.create(integration=connection.integration, operation=f"call {number} {n}",
                                  hour=timezone.now().replace(minute=0, second=0, microsecond=0), calls=1)  # fmt: skip
        WebhookEvent.objects.create(integration=connection.integration, event_id=f"{number} {n}", state="failed")
    Connection.objects.exclude(owner="").update(expires_at=A_MOMENT, status="misconfigured")
    assert Delivery.objects.dead().exists()
