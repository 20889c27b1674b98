"""Deliveries: found, understood, tried again, given up."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.admin import deliveries
from integrations.models import Attempt, Connection, Delivery, Installation, IntegrationLog
from integrations.replaying import verbs
from tests.factories import A_MOMENT, LeadFactory
from tests.integrations.admin.conftest import a_delivery, act, logged, queries, text
from tests.postbox.service import PostboxService

LIST = reverse("admin:integrations_delivery_changelist")
PROMISE = PostboxService.post_letters


def shown(client: Client, query: str) -> list[int]:
    return [row.pk for row in client.get(f"{LIST}?{query}").context["cl"].result_list]


def test_list_takes_the_same_queries_for_one_and_for_four(operator: Client, connection: Connection) -> None:
    a_delivery(connection, LeadFactory(), PROMISE)
    for_one = queries(operator, LIST)
    for _ in range(3):
        a_delivery(connection, LeadFactory(), PROMISE, state="dead", error_kind="rejected", error="No.")

    assert queries(operator, LIST) == for_one


def test_page_takes_the_same_queries_for_one_attempt_and_for_three(operator: Client, connection: Connection) -> None:
    delivery = a_delivery(connection, LeadFactory(), PROMISE)
    url = reverse("admin:integrations_delivery_change", args=[delivery.pk])
    add_attempts(delivery, 1)
    for_one = queries(operator, url)
    add_attempts(delivery, 2)

    assert queries(operator, url) == for_one


def add_attempts(delivery: Delivery, number: int) -> None:
    for _ in range(number):
        log = IntegrationLog.objects.create(
            integration=delivery.integration, operation="letters", status="ok", started_at=A_MOMENT
        )
        delivery.tries.create(
            number=delivery.tries.count() + 1, at=A_MOMENT, duration_ms=1, outcome="ambiguous", log=log
        )


def test_subject_is_named_and_linked(operator: Client, connection: Connection) -> None:
    lead = LeadFactory(name="Ada Lovelace")
    a_delivery(connection, lead, PROMISE)
    Delivery.objects.create(key="of nothing", integration=connection.integration, connection=connection,
                            operation="post_cards", subject_type="attic.box", subject_id=7)  # fmt: skip

    page = text(operator.get(LIST))

    assert f'href="{reverse("admin:leads_lead_change", args=[lead.pk])}"' in page
    assert "Ada Lovelace" in page
    assert "attic.box 7" in page


@pytest.mark.parametrize("query", ["", "state__exact=pending", "o=1", "o=-8"])
def test_oldest_comes_first(operator: Client, connection: Connection, query: str) -> None:
    now = timezone.now()
    new, old = (
        a_delivery(connection, LeadFactory(), PROMISE, created_at=now - timedelta(days=days)) for days in (1, 2)
    )

    assert shown(operator, query) == [old.pk, new.pk]


def test_age_filter_leaves_no_gap(operator: Client, connection: Connection) -> None:
    now = timezone.now()
    minutes = {"minute": 0.5, "quarter": 14, "hour": 59, "day": 23 * 60, "older": 25 * 60}
    rows = {
        age: a_delivery(connection, LeadFactory(), PROMISE, created_at=now - timedelta(minutes=ago))
        for age, ago in minutes.items()
    }

    assert {age: shown(operator, f"age={age}") for age in rows} == {age: [row.pk] for age, row in rows.items()}


def test_unknown_age_filters_nothing(operator: Client, connection: Connection) -> None:
    row = a_delivery(connection, LeadFactory(), PROMISE)

    assert shown(operator, "age=ancient") == [row.pk]


def test_waiting_means_in_flight_as_well(operator: Client, connection: Connection) -> None:
    rows = {state: a_delivery(connection, LeadFactory(), PROMISE, state=state) for state in Delivery.State.values}

    assert shown(operator, "state__exact=waiting") == [rows["pending"].pk, rows["in_flight"].pk]
    assert shown(operator, "state__exact=dead&age=minute") == [rows["dead"].pk]


def test_list_speaks_of_operations_by_their_label(operator: Client, connection: Connection) -> None:
    a_delivery(connection, LeadFactory(), PROMISE)

    page = text(operator.get(LIST))

    assert "Post letters" in page
    assert "post_letters" not in page.replace("operation=post_letters", "").replace(":post_letters:", "")


def test_filters_and_search_find(operator: Client, connection: Connection) -> None:
    lead, other = LeadFactory.create_batch(2)
    refused = a_delivery(connection, lead, PROMISE, state="dead", error_kind="rejected")
    card = a_delivery(connection, other, PostboxService.post_cards)

    assert shown(operator, "error_kind=rejected") == [refused.pk]
    assert shown(operator, "operation=post_cards") == [card.pk]
    assert shown(operator, f"q={lead.pk}") == [refused.pk]
    assert shown(operator, "q=post_cards") == [card.pk]
    assert shown(operator, f"integration__id__exact={connection.integration_id}&state__exact=dead") == [refused.pk]


def test_retry_makes_waiting_ones_due_now_and_leaves_others(operator: Client, connection: Connection) -> None:
    later = timezone.now() + timedelta(hours=2)
    waiting = a_delivery(connection, LeadFactory(), PROMISE, due_at=later)
    dead = a_delivery(connection, LeadFactory(), PROMISE, state="dead", due_at=later)

    act(operator, "integrations_delivery", "retry", [waiting, dead])

    waiting.refresh_from_db()
    dead.refresh_from_db()
    assert waiting.due_at <= timezone.now()
    assert dead.due_at == later
    assert logged()[-1] == ("retried", "admin", "ada")


def test_replay_promises_again_and_starts_counting_anew(operator: Client, connection: Connection) -> None:
    dead = a_delivery(connection, LeadFactory(), PROMISE, state="dead", failures=9, settled_at=A_MOMENT)

    operator.post(reverse("admin:integrations_delivery_replay", args=[dead.pk]))

    dead.refresh_from_db()
    assert (dead.state, dead.failures, dead.version, dead.settled_at) == ("pending", 0, 2, None)
    row = IntegrationLog.objects.get(operation="replayed")
    assert (row.size, row.metadata, row.actor and row.actor.username) == (1, {"operation": "post_letters"}, "ada")


def test_everything_that_a_filter_finds_is_replayed(
    operator: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what is on no page: in bites, each of which is logged."""
    monkeypatch.setattr(verbs, "BITE", 20)
    for number in range(60):
        state = "dead" if number else "delivered"
        a_delivery(connection, LeadFactory(), PROMISE, state=state, settled_at=A_MOMENT)
    data = {"action": "replay", "select_across": "1", "_selected_action": [Delivery.objects.earliest("pk").pk]}

    answer = operator.post(f"{LIST}?state__exact=dead", data, follow=True)

    assert "59 will be delivered again" in text(answer)
    assert Delivery.objects.filter(state="pending").count() == 59
    assert list(IntegrationLog.objects.filter(operation="replayed").values_list("size", flat=True)) == [19, 20, 20]


def test_more_than_can_be_waited_for_is_refused_as_a_whole(
    operator: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "MOST_AT_ONCE", 2)
    rows = [a_delivery(connection, LeadFactory(), PROMISE, state="dead") for _ in range(3)]

    assert "Nothing was done" in text(act(operator, "integrations_delivery", "replay", rows))
    assert Delivery.objects.filter(state="dead").count() == 3


def test_cancel_gives_up_what_waits(operator: Client, connection: Connection) -> None:
    rows = [a_delivery(connection, LeadFactory(), PROMISE, state=state) for state in ("pending", "dead", "delivered")]

    act(operator, "integrations_delivery", "cancel", rows)

    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["cancelled", "cancelled", "delivered"]
    assert logged()[-1] == ("cancelled", "admin", "ada")


def test_delivery_of_an_operation_that_is_gone_can_still_be_handled(operator: Client, connection: Connection) -> None:
    old = a_delivery(connection, LeadFactory(), PROMISE, state="dead")
    Delivery.objects.update(operation="send_telegrams")

    act(operator, "integrations_delivery", "replay", [old])

    assert Delivery.objects.get().state == "pending"


def test_copy_says_why_nothing_moves(operator: Client, connection: Connection) -> None:
    Installation.objects.update(site_url="https://production.example")

    assert "Nothing is delivered from here." in text(operator.get(LIST))


def test_nothing_to_do_is_said(operator: Client, connection: Connection) -> None:
    delivered = a_delivery(connection, LeadFactory(), PROMISE, state="delivered")

    assert "Nothing to do" in text(act(operator, "integrations_delivery", "cancel", [delivered]))


def test_page_tells_the_attempts_in_words(operator: Client, connection: Connection) -> None:
    delivery = a_delivery(connection, LeadFactory(), PROMISE)
    Attempt.objects.create(
        delivery=delivery, number=1, at=A_MOMENT, duration_ms=1200, outcome="unavailable", error="Down."
    )

    page = text(operator.get(reverse("admin:integrations_delivery_change", args=[delivery.pk])))

    for told in ("not reachable", "Down.", "1.2 s"):
        assert told in page


def test_attempt_leads_to_its_call_for_who_may_see_the_log(
    operator: Client, staff: Callable[..., Client], connection: Connection
) -> None:
    delivery = a_delivery(connection, LeadFactory(), PROMISE)
    add_attempts(delivery, 1)
    url = reverse("admin:integrations_delivery_change", args=[delivery.pk])
    log = reverse("admin:integrations_integrationlog_change", args=[IntegrationLog.objects.latest("pk").pk])

    assert f'href="{log}"' in text(operator.get(url))
    assert f'href="{log}"' not in text(staff("view_delivery").get(url))
