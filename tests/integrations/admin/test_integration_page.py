"""The buttons of an integration and what they lead to."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import configuration, outbox
from integrations.models import Connection, Delivery, Installation, Integration, Run
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import (
    a_delivery,
    a_worker_is_there,
    logged,
    page,
    press,
    queries,
    run_page,
    text,
    work,
)
from tests.postbox.sandbox import Answer, Postbox
from tests.postbox.service import PostboxService


def test_test_connection_turns_the_light_green(operator: Client, connection: Connection) -> None:
    answer = text(press(operator, connection.integration, "test"))

    connection.refresh_from_db()
    assert connection.status == "healthy"
    assert "Connected." in answer
    assert logged()[-2:] == [("read_owner", "admin", "ada"), ("test_connection", "admin", "ada")]


def test_failed_test_says_in_words_what_is_missing(operator: Client, connection: Connection, postbox: Postbox) -> None:
    postbox.owner = ""

    answer = text(press(operator, connection.integration, "test"))

    assert answer.count("The postbox belongs to nobody.") >= 2  # the message and the report
    assert Connection.objects.get(pk=connection.pk).status == "misconfigured"


def test_result_of_a_test_before_the_last_change_is_said_to_be_old(operator: Client, connection: Connection) -> None:
    old = "Settings were changed after this test"
    assert old not in text(press(operator, connection.integration, "test"))

    configuration.configure(connection.integration, {"token": "another"})

    assert old in text(operator.get(page(connection.integration)))


def test_test_with_nothing_configured_names_the_fields(operator: Client, registered: Integration) -> None:
    answer = text(press(operator, registered, "test"))

    assert "Url: This is needed." in answer
    assert logged()[-1] == ("test_connection", "admin", "ada")


def test_sync_is_done_by_a_worker_in_the_name_of_the_user(operator: Client, connection: Connection) -> None:
    LeadFactory.create_batch(3)
    a_worker_is_there()

    answer = text(press(operator, connection.integration, "sync", job="post_greetings"))
    assert not Delivery.objects.exists()
    assert "“Postbox: Post greetings” is under way." in answer

    assert work().result["successful"] == 3
    assert ("post_greetings", "admin", "ada") in logged()
    assert "promised: 3 · delivered: 3" in text(operator.get(page(connection.integration)))


def test_sync_without_a_worker_waits_and_says_so(operator: Client, connection: Connection) -> None:
    answer = text(press(operator, connection.integration, "sync"))

    assert "“Postbox: Post greetings” waits until a worker is started: none is running." in answer
    assert Run.objects.get().state == "waiting"


def test_second_click_shows_the_run_of_the_first(operator: Client, connection: Connection) -> None:
    press(operator, connection.integration, "sync")
    press(operator, connection.integration, "sync")

    assert Run.objects.count() == 1


def test_dry_run_promises_nothing_and_shows_the_counts(operator: Client, connection: Connection) -> None:
    LeadFactory.create_batch(3)

    press(operator, connection.integration, "dry_run", job="post_greetings")

    assert "would post" in text(run_page(operator, work()))
    assert not Delivery.objects.filter(integration=connection.integration).exists()
    assert logged()[-1] == ("post_greetings", "admin", "ada")


def test_sync_with_incomplete_settings_says_so(operator: Client, registered: Integration) -> None:
    press(operator, registered, "sync")
    work()

    assert "Settings are incomplete." in text(operator.get(page(registered)))


def test_test_goes_through_the_worker_where_one_runs(operator: Client, connection: Connection) -> None:
    a_worker_is_there()

    answer = text(press(operator, connection.integration, "test"))
    assert "“Postbox: Test connection” is under way." in answer
    assert Connection.objects.get(pk=connection.pk).status == "unknown"

    work()
    assert Connection.objects.get(pk=connection.pk).status == "healthy"


def test_test_without_a_worker_is_made_from_here_and_says_so(operator: Client, connection: Connection) -> None:
    answer = text(press(operator, connection.integration, "test"))

    assert "No worker is running: nothing is delivered until one is started." in answer
    assert Run.objects.get().state == "done"


def test_part_that_refreshes_itself_says_what_is_open(operator: Client, connection: Connection) -> None:
    url = reverse("admin:integrations_integration_runs", args=[connection.integration_id])
    press(operator, connection.integration, "sync")
    run = Run.objects.get()
    assert f'data-open="{run.pk}"' in text(operator.get(url))

    work()

    assert 'data-open=""' in text(operator.get(url))


@pytest.mark.parametrize(
    ("verb", "column", "value"),
    [("enable", "enabled", True), ("disable", "enabled", False), ("resume", "paused_at", None)],
)
def test_switches_switch_and_are_logged(
    operator: Client, registered: Integration, verb: str, column: str, value: object
) -> None:
    Integration.objects.filter(pk=registered.pk).update(enabled=value is False, paused_at=timezone.now())

    press(operator, registered, verb)

    assert getattr(Integration.objects.get(pk=registered.pk), column) == value
    assert logged()[-1] == (f"{verb}d", "admin", "ada")


def test_resume_ends_the_pause_after_failures(operator: Client, connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(failures=5, paused_until=timezone.now() + timedelta(hours=1))
    waiting = a_delivery(connection, LeadFactory(), PostboxService.post_letters, error_kind="unavailable",
                         due_at=timezone.now() + timedelta(hours=1))  # fmt: skip

    press(operator, connection.integration, "resume")

    waiting.refresh_from_db()
    assert waiting.due_at < timezone.now() + timedelta(minutes=1)


def test_buttons_offer_only_what_makes_sense_now(operator: Client, connection: Connection) -> None:
    offered = [str(button.label) for button in operator.get(page(connection.integration)).context["buttons"]]

    assert offered == ["Test connection", "Sync now", "Dry run", "Pause", "Disable"]


def test_page_shows_what_an_operator_cannot_see_elsewhere(
    operator: Client, connection: Connection, postbox: Postbox
) -> None:
    postbox.always = Answer(503)
    press(operator, connection.integration, "test")
    Connection.objects.create(integration=connection.integration, owner="grace@firm.example", last_error="Revoked.")

    shown = text(operator.get(page(connection.integration)))

    for words in ("The test failed.", "HTTP 503", "grace@firm.example", "Revoked.", "Who changed what"):
        assert words in shown


def test_copy_says_that_everything_is_held_until_somebody_settles_it(operator: Client, connection: Connection) -> None:
    Installation.objects.update(site_url="https://production.example")
    assert "https://production.example" in text(operator.get(page(connection.integration)))

    answer = operator.post(reverse("admin:integrations_integration_settle_here"), follow=True)

    assert not Installation.is_copy()
    assert "looks like a copy" not in text(answer)
    assert ("settled_here", "admin", "ada") in logged()
    assert configuration.own_connection(connection.integration)


def test_light_is_explained_with_the_next_step(operator: Client, connection: Connection) -> None:
    def said() -> tuple[str, str]:
        light = operator.get(page(connection.integration)).context["panel"]["light"]
        return light["sentence"], light["step"]

    assert said() == ("It is in use, and nothing has been called yet.", "Press “Test connection”.")
    press(operator, connection.integration, "test")
    assert said() == ("The last call went well.", "")
    press(operator, connection.integration, "pause")
    assert said()[1] == "Press “Resume” when it may go on."
    Integration.objects.filter(slug="postbox").update(settings={})
    assert said()[1] == "Enter them below and save."


def test_changes_are_told_by_title_and_never_by_value(operator: Client, connection: Connection) -> None:
    configuration.configure(connection.integration, {"rate": "7/second", "token": "another-secret"})

    changes = operator.get(page(connection.integration)).context["panel"]["changes"]

    assert [(change.what, change.detail) for change in changes] == [
        ("Settings changed", "Rate, Token"),
        ("Put into use", ""),
        ("Settings changed", "Token, Url"),
    ]


def test_calls_of_a_test_push_out_no_real_ones(operator: Client, connection: Connection) -> None:
    outbox.keep_in_sync(PostboxService.post_letters, [LeadFactory()])
    outbox.drain()
    for _again in range(9):
        press(operator, connection.integration, "test")

    calls = operator.get(page(connection.integration)).context["panel"]["calls"]

    assert [call.what for call in calls] == ["Post letters"]


def test_what_hinders_going_live_is_counted_and_told(operator: Client, connection: Connection) -> None:
    shown = text(operator.get(page(connection.integration)))

    assert "Ready to go live: 9 of 15" in shown
    assert "Press “Test connection”." in shown


def test_page_takes_the_same_queries_however_much_has_happened(operator: Client, connection: Connection) -> None:
    press(operator, connection.integration, "test")
    for_one = queries(operator, page(connection.integration))
    for verb in ("pause", "resume", "test", "pause", "resume", "test"):
        press(operator, connection.integration, verb)

    assert queries(operator, page(connection.integration)) == for_one
