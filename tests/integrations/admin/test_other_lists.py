"""Log, webhooks, external records, incidents, schedules, users: each opens, with as many queries as for one row."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django_celery_beat.models import PeriodicTask

from integrations.models import Connection, Incident, IntegrationLog, WebhookEvent
from tests.factories import A_MOMENT, LeadFactory
from tests.integrations.admin.conftest import a_record, act, logged, queries, text


def add_log(connection: Connection) -> None:
    IntegrationLog.objects.create(
        integration=connection.integration, connection=connection, operation="letters", status="error",
        error_kind="unavailable", started_at=A_MOMENT, actor=User.objects.get(),
    )  # fmt: skip


def add_webhook(connection: Connection) -> None:
    number = WebhookEvent.objects.count()
    WebhookEvent.objects.create(integration=connection.integration, event_id=f"event-{number}", type="renamed")


def add_record(connection: Connection) -> None:
    a_record(LeadFactory(), "https://odoo.example/db", url="https://odoo.example/1")


def add_incident(connection: Connection) -> None:
    Incident.objects.create(connection=connection, summary="Down.", opened_at=A_MOMENT, closed_at=A_MOMENT)


def add_user(connection: Connection) -> None:
    User.objects.create_user(f"user-{User.objects.count()}")


def add_task(connection: Connection) -> None:
    first = PeriodicTask.objects.select_related("interval").first()
    assert first
    PeriodicTask.objects.create(name=f"task-{PeriodicTask.objects.count()}", task="x", interval=first.interval)


@pytest.mark.parametrize(
    ("model", "add"),
    [
        ("integrations_integrationlog", add_log),
        ("integrations_webhookevent", add_webhook),
        ("integrations_externalrecord", add_record),
        ("integrations_incident", add_incident),
        ("auth_user", add_user),
        ("django_celery_beat_periodictask", add_task),
    ],
)
def test_list_takes_the_same_queries_for_one_and_for_four(
    operator: Client, connection: Connection, model: str, add: Callable[[Connection], None]
) -> None:
    url = reverse(f"admin:{model}_changelist")
    add(connection)
    for_one = queries(operator, url)
    for _ in range(3):
        add(connection)

    assert queries(operator, url) == for_one


def test_rows_open(operator: Client, connection: Connection) -> None:
    for add in (add_log, add_webhook, add_record, add_incident):
        add(connection)

    for row in (IntegrationLog.objects.first(), WebhookEvent.objects.first(), Incident.objects.first()):
        assert row
        assert text(operator.get(reverse(f"admin:integrations_{row._meta.model_name}_change", args=[row.pk])))


def test_webhook_is_processed_again(operator: Client, connection: Connection) -> None:
    add_webhook(connection)
    WebhookEvent.objects.update(state="failed", attempts=9, due_at=timezone.now() + timedelta(days=1))

    act(operator, "integrations_webhookevent", "process_again", WebhookEvent.objects.all())

    event = WebhookEvent.objects.get()
    assert (event.state, event.attempts) == ("received", 0)
    assert event.due_at <= timezone.now()
    assert logged()[-1] == ("process_again", "admin", "ada")


def test_webhook_that_waits_is_left_alone(operator: Client, connection: Connection) -> None:
    add_webhook(connection)

    assert "Nothing to do" in text(
        act(operator, "integrations_webhookevent", "process_again", WebhookEvent.objects.all())
    )


def test_webhooks_are_filtered(operator: Client, connection: Connection) -> None:
    for number, (state, days) in enumerate([("failed", 2), ("processed", 2), ("failed", 0)]):
        WebhookEvent.objects.create(
            integration=connection.integration, event_id=str(number), type="renamed" if number else "moved",
            state=state, received_at=timezone.now() - timedelta(days=days),
        )  # fmt: skip
    url = reverse("admin:integrations_webhookevent_changelist")

    def shown(query: str) -> list[str]:
        return [row.event_id for row in operator.get(f"{url}?{query}").context["cl"].result_list]

    assert shown("state__exact=failed") == ["2", "0"]
    assert shown("age=older") == ["1", "0"]
    assert shown("type=moved") == shown("q=moved") == ["0"]


def test_payload_of_a_webhook_is_not_shown(operator: Client, connection: Connection) -> None:
    event = WebhookEvent.objects.create(
        integration=connection.integration, event_id="e", type="t", payload={"card": "4242"}
    )

    assert "4242" not in text(operator.get(reverse("admin:integrations_webhookevent_change", args=[event.pk])))


@pytest.mark.parametrize(
    "path",
    [
        "auth/user/add/",
        "auth/group/add/",
        "django_celery_beat/crontabschedule/add/",
        "django_celery_beat/intervalschedule/",
        "django_celery_beat/periodictask/add/",
    ],
)
def test_borrowed_pages_open(operator: Client, path: str) -> None:
    Group.objects.create(name="Sales")

    assert text(operator.get(f"/admin/{path}"))


def test_schedule_is_edited(operator: Client, db: None) -> None:
    task = PeriodicTask.objects.get(task="integrations.tasks.prune")

    shown = text(operator.get(reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])))

    assert "integrations.tasks.prune" in shown


def test_record_tells_in_words_what_was_sent(operator: Client) -> None:
    sent = {"contact_name": "Ann", "description": "<p>Hi</p>"}
    record = a_record(LeadFactory(), "https://odoo.example/firm", sent=sent)

    shown = text(operator.get(reverse("admin:integrations_externalrecord_change", args=[record.pk])))

    assert "<b>Name</b> Ann" in shown
    assert "<b>Notes</b> Hi" in shown
    assert "contact_name" not in shown


def test_way_to_a_page_says_nothing_twice(operator: Client, connection: Connection) -> None:
    shown = text(operator.get(reverse("admin:integrations_integration_change", args=[connection.integration_id])))

    heading = strip_tags(shown[shown.index("<h1") : shown.index("</h1>")])
    assert [part.strip() for part in heading.split("chevron_right")] == ["Integrations", "Postbox"]
