"""Replay in three steps: chosen, told before it is done, done by a worker that one may watch and stop."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from integrations import outbox, replaying, runs
from integrations.models import Connection, Delivery, Incident, Run
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import a_delivery, logged, run_page, text
from tests.postbox.sandbox import Postbox
from tests.postbox.service import PostboxService

PAGE = reverse("admin:integrations_delivery_replay_dead")
LETTERS, CARDS = PostboxService.post_letters, PostboxService.post_cards
MARCH = {"since": "2026-03-01T12:00", "until": "2026-03-01T14:00"}  # as Berlin writes it
HOW = {"token": "of-one-page", "rate": "60", "ambiguous": "include"}


@pytest.fixture
def dead(connection: Connection) -> list[Delivery]:
    """At noon, at one and at two in Berlin."""
    died = [datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (11, 12, 13)]
    kinds, operations = ("ambiguous", "rejected", "rejected"), (LETTERS, CARDS, LETTERS)
    return [
        a_delivery(connection, LeadFactory(), operation, state="dead", error_kind=kind, settled_at=at)
        for at, kind, operation in zip(died, kinds, operations, strict=True)
    ]


@pytest.fixture
def incident(connection: Connection, dead: list[Delivery]) -> Incident:
    """From half past twelve on in Berlin, till half past one."""
    opened = datetime(2026, 3, 1, 11, 50, tzinfo=UTC)
    return Incident.objects.create(
        connection=connection, summary="No answer.", opened_at=opened, closed_at=opened + timedelta(minutes=40)
    )


def counted(client: Client, **choice: Any) -> list[tuple[str, str, str]]:
    lines = client.get(PAGE, {**MARCH, **choice}).context["lines"]
    return [(line.what, line.kind, line.number) for line in lines]


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def start(client: Client, **data: Any) -> Any:
    """Press a button of the second step, and have a worker do what that asked for."""
    answer = client.post(PAGE, {**HOW, **data})
    for run in Run.objects.filter(state="waiting"):
        runs.perform(run)
    return answer


class TestChoosing:
    def test_offers_incidents_and_all_there_is(self, operator: Client, incident: Incident) -> None:
        page = operator.get(PAGE)

        assert f'href="?incident={incident.pk}"' in text(page)
        assert page.context["incidents"][0]["dead"] == "2"
        assert 'value="2026-03-01T12:00:00"' in text(page)
        assert Run.objects.count() == 0

    def test_range_of_an_incident_is_its_time(self, operator: Client, incident: Incident) -> None:
        page = operator.get(PAGE, {"incident": incident.pk})

        assert (page.context["found"].total, page.context["step"]) == (2, 2)
        assert ("Incident", "Postbox: Outage") in page.context["chosen"]

    def test_incidents_page_leads_here(self, operator: Client, incident: Incident) -> None:
        page = text(operator.get(reverse("admin:integrations_incident_change", args=[incident.pk])))

        assert f'href="{PAGE}?incident={incident.pk}"' in page

    def test_other_choice_keeps_what_is_chosen(self, operator: Client, incident: Incident) -> None:
        page = operator.get(PAGE, {"incident": incident.pk, **MARCH, "kinds": ["rejected", "bug"]})

        again = operator.get(PAGE + page.context["change"])

        form = again.context["form"]
        assert (again.context["step"], form.choice) == (1, page.context["form"].choice)

    def test_counts_what_a_range_holds_in_the_readers_time(self, operator: Client, dead: list[Delivery]) -> None:
        assert counted(operator) == [("Post cards", "refused", "1"), ("Post letters", "no answer", "1")]
        assert "Europe/Berlin" in text(operator.get(PAGE))

    def test_narrows_by_integration_operation_and_error(self, operator: Client, dead: list[Delivery]) -> None:
        assert counted(operator, kinds="ambiguous") == [("Post letters", "no answer", "1")]
        assert counted(operator, operations=["post_cards"]) == [("Post cards", "refused", "1")]
        assert counted(operator, integration="odoo") == []

    def test_unknown_incident_is_said(self, operator: Client, dead: list[Delivery]) -> None:
        page = operator.get(PAGE, {"incident": "999"})

        assert page.context["step"] == 1
        assert "Select a valid choice" in text(page)

    def test_list_leads_to_the_page(self, operator: Client, connection: Connection) -> None:
        assert f'href="{PAGE}"' in text(operator.get(reverse("admin:integrations_delivery_changelist")))

    def test_dashboard_leads_to_the_page(self, operator: Client, dead: list[Delivery]) -> None:
        assert f'href="{PAGE}"' in text(operator.get(reverse("admin:index")))


class TestTelling:
    def test_marks_what_may_have_happened_and_what_covers_it(self, operator: Client, dead: list[Delivery]) -> None:
        page = text(operator.get(PAGE, MARCH))

        assert "1 may have happened" in page
        assert "Nothing is known that keeps a repetition from happening twice." in page
        assert "Leave it out: 1 in all" in page
        assert "may have happened" not in text(operator.get(PAGE, {**MARCH, "kinds": "rejected"}))

    def test_tells_what_would_be_sent_and_changes_nothing(self, operator: Client, dead: list[Delivery]) -> None:
        Delivery.objects.filter(pk=dead[1].pk).update(subject_id=987_654)
        before = list(Delivery.objects.order_by("pk").values())

        lines = operator.get(PAGE, MARCH).context["lines"]

        assert [line.would for line in lines] == [
            ["One is not sent: what it is about was deleted."],
            ["One is sent."],
        ]
        assert list(Delivery.objects.order_by("pk").values()) == before
        assert Run.objects.count() == 0

    def test_tells_what_it_would_wait_for(self, operator: Client, dead: list[Delivery], connection: Connection) -> None:
        type(connection.integration).objects.filter(pk=connection.integration_id).update(enabled=False)

        lines = operator.get(PAGE, MARCH).context["lines"]

        assert lines[0].would == ["One waits until the integration is put into use."]

    @pytest.mark.parametrize("service", ["odoo", "google_calendar", "email", "stripe", "webhooks"])
    def test_every_integration_tells_what_covers_a_repetition(self, service: str) -> None:
        assert runs.registry.get(service).when_repeated


class TestStarting:
    def test_worker_does_it_and_the_page_of_the_run_shows_it(self, operator: Client, dead: list[Delivery]) -> None:
        answer = start(operator, **MARCH, integration="postbox")

        run = Run.objects.get()
        assert (run.kind, run.result, run.arguments["rate"]) == ("replay", {"replayed": 2}, 60)
        assert answer.headers["Location"] == reverse("admin:integrations_run_change", args=[run.pk])
        assert states() == ["pending", "pending", "dead"]
        assert logged()[-1] == ("replayed", "admin", "ada")

    def test_token_of_the_shown_page_is_taken_once(self, operator: Client, dead: list[Delivery]) -> None:
        """A double click, also when the worker was quicker than the second."""
        token = re.search(r'name="token" value="([^"]+)"', text(operator.get(PAGE, MARCH)))
        assert token

        answers = [start(operator, **MARCH | {"token": token[1]}) for _press in range(2)]

        assert len({answer.headers["Location"] for answer in answers}) == 1
        assert (Run.objects.count(), Delivery.objects.get(pk=dead[0].pk).version) == (1, 2)

    def test_what_may_have_arrived_is_left_out(self, operator: Client, dead: list[Delivery]) -> None:
        start(operator, **MARCH | {"ambiguous": "leave_out"})

        assert states() == ["dead", "pending", "dead"]

    def test_empty_rate_is_none(self, operator: Client, dead: list[Delivery]) -> None:
        start(operator, **MARCH | {"rate": ""})

        assert Run.objects.get().arguments["rate"] is None

    def test_other_button_gives_up(self, operator: Client, dead: list[Delivery]) -> None:
        start(operator, **MARCH, give_up="1")

        assert states() == ["cancelled", "cancelled", "dead"]

    @pytest.mark.parametrize(
        ("choice", "told"),
        [
            ({**MARCH, "until": MARCH["since"]}, "The range must end after it begins."),
            ({"since": MARCH["until"], "until": MARCH["since"]}, "The range must end after it begins."),
            ({"since": MARCH["since"]}, "This field is required."),
            ({**MARCH, "since": "noon"}, "Enter a valid date/time."),
            ({**MARCH, "operations": "post_telegrams"}, "not one of the available choices"),
            ({**MARCH, "incident": "999"}, "Select a valid choice"),
            ({**MARCH, "rate": "0"}, "greater than or equal to 1"),
            ({**MARCH, "rate": "many"}, "Enter a whole number"),
            ({**MARCH, "token": ""}, "Load this page anew"),
            ({"since": "2020-01-01T00:00", "until": "2020-01-02T00:00"}, "Nothing of this is dead"),
        ],
        ids=["empty", "reversed", "open", "no time", "operation", "incident", "rate", "no rate", "token", "nothing"],
    )
    def test_what_cannot_be_meant_is_refused(
        self, operator: Client, dead: list[Delivery], choice: dict[str, str], told: str
    ) -> None:
        answer = start(operator, **choice)

        assert (answer.status_code, told in answer.content.decode()) == (400, True)
        assert Run.objects.count() == 0

    def test_who_may_only_look_finds_no_such_page(
        self, staff: Callable[..., Client], dead: list[Delivery], incident: Incident
    ) -> None:
        bob = staff("view_delivery", "view_incident", "view_run", "view_integration")

        for url in (
            reverse("admin:integrations_delivery_changelist"),
            reverse("admin:integrations_incident_change", args=[incident.pk]),
            reverse("admin:index"),
        ):
            assert PAGE not in text(bob.get(url))
        assert (bob.get(PAGE).status_code, bob.post(PAGE, {**HOW, **MARCH}).status_code) == (403, 403)
        run = replaying.start("replay", replaying.Choice())
        assert "Stop the replay" not in text(run_page(bob, run))
        assert bob.post(reverse("admin:integrations_run_stop", args=[run.pk])).status_code == 403


class TestWatching:
    def test_progress_is_who_asked_and_how_many(self, operator: Client, dead: list[Delivery], postbox: Postbox) -> None:
        postbox.refuses = "Dear"
        with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=UTC), tick=False):
            start(operator, since="2026-03-01T12:00", until="2026-03-01T15:00", rate="1")
            outbox.drain(integration="postbox")
            page = text(run_page(operator, Run.objects.get()))

        assert "1 of 3 are done." in page
        assert "asked for by ada" in page
        assert "at most one a minute" in page
        assert "Stop the replay" in page

    def test_result_leads_to_what_died_again(self, operator: Client, dead: list[Delivery], postbox: Postbox) -> None:
        name = LeadFactory._meta.model.objects.get(pk=dead[0].subject_id).name
        postbox.refuses = name
        start(operator, **MARCH | {"rate": ""})
        outbox.drain(integration="postbox")
        run = Run.objects.get()

        ((_kind, number, url),) = run_page(operator, run).context["replay"]["again"]

        assert number == "1"
        assert list(operator.get(url).context["cl"].result_list) == [dead[0]]
        page = text(run_page(operator, run))
        assert "It is over: not everything arrived." in page
        assert "Stop the replay" not in page

    def test_part_that_is_fetched_anew_is_open_until_nothing_waits(
        self, operator: Client, dead: list[Delivery], postbox: Postbox
    ) -> None:
        start(operator, **MARCH | {"rate": ""})
        run = Run.objects.get()
        url = reverse("admin:integrations_run_progress", args=[run.pk])

        before = text(operator.get(url))
        outbox.drain(integration="postbox")
        after = text(operator.get(url))

        assert (f'data-open="{run.pk}"' in before, 'data-open=""' in after) == (True, True)

    def test_stop_leaves_the_rest_dead(self, operator: Client, dead: list[Delivery]) -> None:
        start(operator, **MARCH | {"rate": "1"})
        run = Run.objects.get()

        page = operator.post(reverse("admin:integrations_run_stop", args=[run.pk]), follow=True)

        assert "One is dead as before." in text(page)
        assert states() == ["pending", "dead", "dead"]
        assert ("replay_stopped", "admin", "ada") in logged()

    def test_who_was_not_first_is_told(self, operator: Client, dead: list[Delivery]) -> None:
        late = replaying.start("replay", replaying.Choice(), token="the other's")
        start(operator, since="2026-03-01T12:00", until="2026-03-01T15:00")
        late.refresh_from_db()

        said = {run_page(operator, run).context["replay"]["said"] for run in Run.objects.all()}

        assert "Nothing of it was dead any more: somebody else was quicker." in said
