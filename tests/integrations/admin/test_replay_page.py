"""Replay everything dead: counted before it is done, refused where there is nothing, done by a worker."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import runs
from integrations.models import Connection, Delivery, Run
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import a_delivery, logged, text
from tests.postbox.service import PostboxService

PAGE = reverse("admin:integrations_delivery_replay_dead")
LETTERS, CARDS = PostboxService.post_letters, PostboxService.post_cards
MARCH = {"since": "2026-03-01T12:00", "until": "2026-03-01T14:00"}  # as Berlin writes it


@pytest.fixture
def dead(connection: Connection) -> list[Delivery]:
    """At noon, at one and at two in Berlin."""
    died = [datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (11, 12, 13)]
    kinds, operations = ("ambiguous", "rejected", "rejected"), (LETTERS, CARDS, LETTERS)
    return [
        a_delivery(connection, LeadFactory(), operation, state="dead", error_kind=kind, settled_at=at)
        for at, kind, operation in zip(died, kinds, operations, strict=True)
    ]


def counted(client: Client, **choice: str) -> list[tuple[str, str, int]]:
    lines = client.get(PAGE, choice).context["counted"]
    return [(line["what"], line["kind"], line["number"]) for line in lines]


def start(client: Client, **data: str) -> Any:
    """Press a button of the page, and have a worker do what that asked for."""
    answer = client.post(PAGE, data)
    for run in Run.objects.filter(state="waiting"):
        runs.perform(run)
    return answer


def test_page_counts_all_there_is_before_anything_is_chosen(operator: Client, dead: list[Delivery]) -> None:
    page = operator.get(PAGE)

    assert page.context["total"] == 3
    assert "Replay all 3" in text(page)
    assert Run.objects.count() == 0


def test_page_counts_what_a_range_holds_in_the_readers_time(operator: Client, dead: list[Delivery]) -> None:
    assert counted(operator, **MARCH) == [("Post cards", "refused", 1), ("Post letters", "no answer", 1)]
    assert "Europe/Berlin" in text(operator.get(PAGE, MARCH))


def test_page_marks_what_may_have_happened(operator: Client, dead: list[Delivery]) -> None:
    assert "may have happened" in text(operator.get(PAGE, MARCH))
    assert "may have happened" not in text(operator.get(PAGE, {**MARCH, "kind": "rejected"}))


def test_page_narrows_by_integration_operation_and_error(operator: Client, dead: list[Delivery]) -> None:
    assert counted(operator, kind="ambiguous") == [("Post letters", "no answer", 1)]
    assert counted(operator, operation="post_cards") == [("Post cards", "refused", 1)]
    assert counted(operator, integration="odoo") == []


def test_replay_is_done_by_a_worker_and_leads_to_its_page(operator: Client, dead: list[Delivery]) -> None:
    answer = start(operator, **MARCH, integration="postbox")

    run = Run.objects.get()
    assert (run.kind, run.result) == ("replay", {"replayed": 2})
    assert answer.headers["Location"] == reverse("admin:integrations_run_change", args=[run.pk])
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["pending", "pending", "dead"]
    assert logged()[-1] == ("replayed", "admin", "ada")


def test_other_button_gives_up(operator: Client, dead: list[Delivery]) -> None:
    start(operator, **MARCH, give_up="1")

    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "cancelled", "dead"]


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({**MARCH, "until": MARCH["since"]}, "The range must end after it begins."),
        ({"since": MARCH["until"], "until": MARCH["since"]}, "The range must end after it begins."),
        ({"since": MARCH["since"]}, "This field is required."),
        ({**MARCH, "since": "noon"}, "Enter a valid date/time."),
        ({**MARCH, "operation": "post_telegrams"}, "not one of the available choices"),
        ({"since": "2020-01-01T00:00", "until": "2020-01-02T00:00"}, "Nothing died in this range"),
    ],
    ids=["empty", "reversed", "open", "no time", "unknown operation", "nothing there"],
)
def test_range_that_cannot_be_meant_is_refused(
    operator: Client, dead: list[Delivery], choice: dict[str, str], told: str
) -> None:
    answer = start(operator, **choice)

    assert (answer.status_code, told in answer.content.decode()) == (400, True)
    assert Run.objects.count() == 0


def test_who_may_only_look_finds_no_such_page(staff: Callable[..., Client], dead: list[Delivery]) -> None:
    bob = staff("view_delivery")

    assert PAGE not in text(bob.get(reverse("admin:integrations_delivery_changelist")))
    assert (bob.get(PAGE).status_code, bob.post(PAGE, MARCH).status_code) == (403, 403)


def test_list_leads_to_the_page(operator: Client, connection: Connection) -> None:
    assert f'href="{PAGE}"' in text(operator.get(reverse("admin:integrations_delivery_changelist")))
