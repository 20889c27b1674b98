"""The list of integrations: how all of them are, at a glance."""

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import Connection, Delivery, Integration
from tests.factories import A_MOMENT, LeadFactory
from tests.integrations.admin.conftest import a_delivery, act, logged, queries, text, work
from tests.postbox.service import PostboxService

LIST = reverse("admin:integrations_integration_changelist")


def test_list_takes_the_same_queries_however_many_there_are(operator: Client, connection: Connection) -> None:
    for_two = queries(operator, LIST)
    for number in range(3):
        other = Integration.objects.create(slug=f"other-{number}", enabled=True)
        Connection.objects.create(integration=other)
        a_delivery(Connection(pk=connection.pk, integration=other), LeadFactory(), PostboxService.post_letters)

    assert queries(operator, LIST) == for_two


def test_list_tells_what_waits_and_what_is_dead(operator: Client, connection: Connection) -> None:
    for state in ("pending", "in_flight", "dead", "delivered"):
        a_delivery(connection, LeadFactory(), PostboxService.post_letters, state=state, created_at=A_MOMENT)

    (row,) = [row for row in operator.get(LIST).context["cl"].result_list if row.slug == "postbox"]

    assert (row.waiting, row.dead, row.oldest_waiting) == (2, 1, A_MOMENT)


def test_integration_without_a_service_is_shown_and_said_to_be_missing(operator: Client, db: None) -> None:
    fax = Integration.objects.create(slug="fax", enabled=True)

    assert "not installed" in text(operator.get(LIST))
    assert "does not contain this integration" in text(operator.get(f"{LIST}{fax.pk}/change/"))


def test_light_says_in_words_what_the_matter_is(operator: Client, connection: Connection) -> None:
    def light() -> str:
        return str(text(operator.get(LIST)).split("Postbox", 1)[1])

    assert "no activity" in light()
    Connection.objects.filter(pk=connection.pk).update(status="failing", last_error="Nobody is there.")
    assert "degraded" in light()
    assert "Nobody is there." in light()
    Integration.objects.filter(slug="postbox").update(paused_at=timezone.now())
    assert "somebody resumes it" in light()


def test_actions_reach_every_chosen_integration(operator: Client, connection: Connection) -> None:
    both = Integration.objects.filter(slug__in=["odoo", "postbox"])

    act(operator, "integrations_integration", "pause", both)

    assert not both.filter(paused_at=None).exists()
    assert logged()[-2:] == [("paused", "admin", "ada")] * 2


def test_action_on_an_integration_without_service_is_refused_kindly(operator: Client, db: None) -> None:
    fax = Integration.objects.create(slug="fax")

    answer = act(operator, "integrations_integration", "test", [fax])

    assert "fax is not installed." in text(answer)


def test_sync_of_a_selection_runs_each_job_of_the_service(operator: Client, connection: Connection) -> None:
    LeadFactory.create_batch(2)

    act(operator, "integrations_integration", "sync", [connection.integration])
    work()

    assert Delivery.objects.filter(operation="post_letters", state="delivered").count() == 2
