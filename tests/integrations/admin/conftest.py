"""Operators with more and fewer rights, and what they find in the admin."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations import runs
from integrations.models import Connection, Delivery, ExternalRecord, Heartbeat, Integration, IntegrationLog, Run
from integrations.service import Operation
from leads.models import Lead
from tests.factories import A_MOMENT


@pytest.fixture
def operator(db: None) -> Client:
    """May everything; called ada in the log."""
    return logged_in(User.objects.create_superuser("ada"))


@pytest.fixture
def staff(db: None) -> Callable[..., Client]:
    """A colleague with these permissions of the integrations only."""

    def hire(*codenames: str) -> Client:
        user = User.objects.create_user("bob", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return logged_in(user)

    return hire


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(integration: Integration) -> str:
    return reverse("admin:integrations_integration_change", args=[integration.pk])


def press(client: Client, integration: Integration, verb: str, **data: str) -> Any:
    """Press the button of a verb and follow to the page that it leads to."""
    url = reverse(f"admin:integrations_integration_{verb}", args=[integration.pk])
    return client.post(url, data, follow=True)


def a_worker_is_there() -> None:
    Heartbeat.beat(*Heartbeat.QUEUES)


def work() -> Run:
    """Do what a worker would do now, and return the run that it did last."""
    for queue in ("fast", "bulk"):
        runs.sweep(queue)
    return Run.objects.latest("pk")


def run_page(client: Client, run: Run) -> Any:
    return client.get(reverse("admin:integrations_run_change", args=[run.pk]))


def act(client: Client, model: str, action: str, rows: Any) -> Any:
    """Run an action on ticked rows of a list."""
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(reverse(f"admin:{model}_changelist"), data, follow=True)


def text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def queries(client: Client, url: str) -> int:
    """How many the page takes once caches are warm."""
    client.get(url)
    with CaptureQueriesContext(database) as statements:
        assert client.get(url).status_code == 200
    return len(statements)


def logged() -> list[tuple[str, str, str]]:
    """(operation, set off by, user) of every log row, oldest first."""
    rows = IntegrationLog.objects.order_by("pk").values_list("operation", "trigger", "actor__username")
    return [(operation, trigger, user or "") for operation, trigger, user in rows]


def a_delivery(connection: Connection, lead: Lead, operation: Operation[Any, Any], **columns: Any) -> Delivery:
    return Delivery.objects.create(
        key=f"{connection.pk}:{operation.name}:leads.lead:{lead.pk}",
        integration=connection.integration,
        connection=connection,
        operation=operation.name,
        subject_type="leads.lead",
        subject_id=lead.pk,
        **columns,
    )


def a_record(lead: Lead, system: str, **columns: Any) -> ExternalRecord:
    return ExternalRecord.objects.create(
        remote_system=system,
        remote_model="crm.lead",
        subject_type="leads.lead",
        subject_id=lead.pk,
        synced_at=columns.pop("synced_at", A_MOMENT),
        **{"remote_id": str(lead.pk), **columns},
    )
