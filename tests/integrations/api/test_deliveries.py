"""Deliveries over the API: looked at, delivered again, given up."""

from typing import Any

import pytest

from integrations import outbox
from integrations.models import Attempt, Connection, Delivery, IntegrationLog
from tests.factories import A_MOMENT, LeadFactory
from tests.integrations.admin.conftest import a_delivery
from tests.postbox.service import PostboxService

from .conftest import Call, data, error

DELIVERIES = "/api/v1/admin/deliveries"
LETTERS = PostboxService.post_letters


def ids(answer: Any) -> list[int]:
    return [row["id"] for row in data(answer)["deliveries"]]


def several(connection: Connection, number: int, **columns: Any) -> list[Delivery]:
    return [a_delivery(connection, LeadFactory(), LETTERS, **columns) for _ in range(number)]


def test_oldest_come_first_page_by_page(call: Call, connection: Connection) -> None:
    rows = several(connection, 5)

    first = call("GET", f"{DELIVERIES}?limit=3")
    second = call("GET", f"{DELIVERIES}?limit=3&after={data(first)['next']}")

    assert ids(first) + ids(second) == [row.pk for row in rows]
    assert data(second)["next"] is None


def test_row_tells_about_whom_by_type_and_id_only(call: Call, connection: Connection) -> None:
    lead = LeadFactory(name="Ada", email="ada@client.example")
    a_delivery(connection, lead, LETTERS, state="dead", error_kind="rejected", error="unwanted")

    answer = call("GET", DELIVERIES)

    row = data(answer)["deliveries"][0]
    assert row["subject"] == {"type": "leads.lead", "id": lead.pk}
    assert (row["integration"], row["operation"], row["error_kind"]) == ("postbox", "post_letters", "rejected")
    assert "client.example" not in answer.content.decode()


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("integration=postbox", 3),
        ("integration=odoo", 0),
        ("operation=post_letters", 3),
        ("operation=post_cards", 0),
        ("state=dead", 1),
        ("state=pending", 2),
        ("error_kind=rejected", 1),
        ("since=2026-03-01T12:00:00Z", 3),
        ("since=2026-03-01T13:00:00Z", 0),
        ("until=2026-03-01T13:00:00%2B01:00", 0),
        ("until=2026-03-01T13:00:01%2B01:00", 3),
        ("until=2026-03-02T08:00:01%2B20:00", 3),
    ],
)
def test_filters_narrow(call: Call, connection: Connection, question: str, found: int) -> None:
    several(connection, 1, state="dead", error_kind="rejected", created_at=A_MOMENT)
    several(connection, 2, created_at=A_MOMENT)

    assert len(ids(call("GET", f"{DELIVERIES}?{question}"))) == found


@pytest.mark.parametrize(
    "question",
    [
        "state=broken",
        "limit=0",
        "limit=201",
        "after=-1",
        "since=yesterday",
        "since=2026-03-01T12:00:00",
        "operation=%00",
    ],
)
def test_question_that_cannot_be_meant_is_refused(call: Call, db: None, question: str) -> None:
    assert list(error(call("GET", f"{DELIVERIES}?{question}"), 422)["fields"]) == [question.partition("=")[0]]


@pytest.mark.parametrize("number", [1, 30])
def test_list_takes_the_same_queries_whatever_there_is(
    call: Call, connection: Connection, number: int, django_assert_num_queries: Any
) -> None:
    several(connection, number)
    call("GET", DELIVERIES)

    with django_assert_num_queries(2):  # the token, the rows
        call("GET", DELIVERIES)


def test_one_delivery_comes_with_its_attempts(call: Call, connection: Connection) -> None:
    row = several(connection, 1)[0]
    for number in (1, 2):
        Attempt.objects.create(delivery=row, number=number, at=A_MOMENT, duration_ms=5, outcome="unavailable")

    found = data(call("GET", f"{DELIVERIES}/{row.pk}"))

    assert found["id"] == row.pk
    assert [(each["number"], each["outcome"]) for each in found["tries"]] == [(2, "unavailable"), (1, "unavailable")]


def test_dead_delivery_is_replayed(call: Call, connection: Connection) -> None:
    row = several(connection, 1, state="dead", settled_at=A_MOMENT)[0]

    assert data(call("POST", f"{DELIVERIES}/{row.pk}/replay"))["state"] == "pending"
    row.refresh_from_db()
    assert (row.state, row.version, row.settled_at) == ("pending", 2, None)
    logged = IntegrationLog.objects.latest("pk")
    assert (logged.operation, logged.trigger, logged.actor and logged.actor.username) == ("replayed", "api", "ada")


@pytest.mark.parametrize(
    ("verb", "state", "status"),
    [
        ("replay", "in_flight", 409),
        ("replay", "pending", 200),
        ("replay", "cancelled", 200),
        ("cancel", "in_flight", 409),
        ("cancel", "delivered", 409),
        ("cancel", "pending", 200),
        ("cancel", "dead", 200),
    ],
)
def test_verb_is_refused_where_the_state_does_not_allow_it(
    call: Call, connection: Connection, verb: str, state: str, status: int
) -> None:
    row = several(connection, 1, state=state)[0]

    assert call("POST", f"{DELIVERIES}/{row.pk}/{verb}").status_code == status


def test_replay_of_what_was_wanted_once_and_is_delivered_is_refused(call: Call, connection: Connection) -> None:
    outbox.once(LETTERS, LeadFactory(), "a reminder")
    Delivery.objects.update(state="delivered", settled_at=A_MOMENT)

    assert error(call("POST", f"{DELIVERIES}/{Delivery.objects.get().pk}/replay"), 409)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/replay"), ("POST", "/cancel")])
def test_unknown_delivery_is_not_found(call: Call, db: None, method: str, path: str) -> None:
    assert error(call(method, f"{DELIVERIES}/999{path}"), 404)
