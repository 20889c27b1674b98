"""What `manage.py demo` does before it shows the guide: how long it waits for its leads, what it tests and reads."""

from io import StringIO

import pytest
from django.utils import timezone

from integrations import outbox
from integrations.models import Integration, Run
from integrations.odoo.service import OdooService
from magnetiq.management.commands import demo
from tests.factories import LeadFactory

pytestmark = pytest.mark.django_db


def said_while_waiting() -> str:
    screen = StringIO()
    demo.Command(stdout=screen).await_leads()
    return screen.getvalue()


@pytest.fixture(autouse=True)
def waiting_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "PATIENCE", 1.2)
    Integration.objects.filter(slug="odoo").update(enabled=True)
    outbox.keep_in_sync(OdooService.push_leads, [LeadFactory()])


def test_what_does_not_move_is_told_once_and_not_waited_for_for_ever() -> None:
    assert said_while_waiting().splitlines() == ["On their way to Odoo: 1 ..."]


def test_what_an_operator_holds_is_not_waited_for() -> None:
    Integration.objects.filter(slug="odoo").update(paused_at=timezone.now())

    assert said_while_waiting() == ""


def test_test_of_every_connection_in_use_is_set_off() -> None:
    demo.Command().test_connections(["odoo", "webhooks"])  # which nobody has put into use

    assert list(Run.objects.values_list("kind", "integration__slug")) == [("test", "odoo")]


@pytest.mark.parametrize(("enabled", "expected"), [(True, [{"job": "sync_calendars"}]), (False, [])])
def test_calendars_are_read_at_once_where_they_are_in_use(enabled: bool, expected: list[dict[str, str]]) -> None:
    Integration.objects.filter(slug="google_calendar").update(enabled=enabled)

    demo.Command().read_calendars()

    assert [run.arguments for run in Run.objects.filter(kind="job")] == expected
