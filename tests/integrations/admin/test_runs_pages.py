"""The list of runs and the page of one."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations.models import Connection, Integration, Run
from tests.factories import A_MOMENT
from tests.integrations.admin.conftest import press, queries, run_page, text, work

LIST = reverse("admin:integrations_run_changelist")


def a_run(integration: Integration | None = None, **columns: Any) -> Run:
    given = {"kind": "job", "arguments": {"job": "post_greetings"}, "trigger": "admin", "state": "done"}
    return Run.objects.create(integration=integration, **{**given, **columns})


def test_list_takes_the_same_queries_for_one_row_and_for_thirty(operator: Client, connection: Connection) -> None:
    a_run(connection.integration, actor=User.objects.get())
    for_one = queries(operator, LIST)
    for number in range(29):
        a_run(connection.integration, actor=User.objects.create_user(f"user-{number}"))

    assert queries(operator, LIST) == for_one


def test_list_says_what_was_done_by_whom_and_how_it_ended(operator: Client, connection: Connection) -> None:
    result = {"promised": 1987, "successful": 1980, "waiting": 0, "errors": {"rejected": 7}, "notes": ["In English."]}
    a_run(connection.integration, actor=User.objects.get(), result=result, done=1987, total=1987)

    shown = text(operator.get(LIST))

    for words in (
        "Postbox: Post greetings",
        "ada",
        "1,987 of 1,987",
        "promised: 1,987 · delivered: 1,980 · refused: 7 · In English.",
    ):
        assert words in shown


def test_list_is_filtered_by_what_it_shows(operator: Client, connection: Connection) -> None:
    a_run(connection.integration)
    a_run(kind="test", arguments={}, state="failed", message="Nobody is there.")

    for query, found in (
        ("kind=test", 1),
        ("state__exact=done", 1),
        (f"integration__id__exact={connection.integration_id}", 1),
    ):
        assert len(operator.get(f"{LIST}?{query}").context["cl"].result_list) == found


def test_page_of_a_test_shows_its_report_in_the_order_in_which_it_was_told(
    operator: Client, connection: Connection
) -> None:
    facts = [["Version", "19"], ["User", "Ada"], ["API key", "20 days left"]]
    run = a_run(
        connection.integration, kind="test", arguments={}, result={"ok": True, "summary": "Fine.", "facts": facts}
    )

    shown = text(run_page(operator, run))

    assert shown.index("Version") < shown.index("20 days left")
    assert "Fine." in shown


def test_progress_is_shown_while_it_runs(operator: Client, connection: Connection) -> None:
    run = a_run(connection.integration, state="running", done=120, total=1987, started_at=A_MOMENT)

    part = text(operator.get(reverse("admin:integrations_run_progress", args=[run.pk])))

    assert 'max="1987" value="120"' in part
    assert "120 of 1,987" in part
    assert "<html" not in part


def test_who_may_not_see_runs_sees_none(staff: Callable[..., Client], connection: Connection) -> None:
    bob = staff("view_integration", "operate_integration")
    press(bob, connection.integration, "test")
    run = work()

    for url in (LIST, reverse("admin:integrations_run_progress", args=[run.pk])):
        assert bob.get(url).status_code == 403
    assert run_page(bob, run).status_code == 403


def test_runs_are_neither_made_nor_changed_by_hand(operator: Client, connection: Connection) -> None:
    run = a_run(connection.integration)

    assert operator.get(reverse("admin:integrations_run_add")).status_code == 403
    assert operator.post(reverse("admin:integrations_run_change", args=[run.pk]), {"state": "done"}).status_code == 403
