"""The checklist of what must be true before an integration goes live."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from integrations import configuration, golive, health
from integrations.models import Connection, Delivery, Heartbeat, Installation, Integration
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import a_delivery
from tests.integrations.conftest import fresh
from tests.postbox.service import PostboxService

IN_AN_HOUR = timezone.now() + timedelta(hours=1)
STAND_IN = {"The settings lead to the real system.", "The way there is encrypted."}


@pytest.fixture
def ready(connection: Connection, settings: LazySettings) -> Connection:
    """Everything is as it must be, but that the other side is a stand-in."""
    settings.SITE_URL, settings.DEBUG = "https://firm.example", False
    Installation.settle_here()
    for name in (*Heartbeat.QUEUES, "beat"):
        Heartbeat.beat(name)
    health.test(connection)
    return fresh()


def open_points() -> dict[str, str]:
    """{what is not so yet: the next step}, the stand-in left out."""
    lines = golive.checklist(Integration.objects.get(slug="postbox"))
    return {str(line.text): str(line.next_step) for line in lines if not line.met and line.text not in STAND_IN}


def test_all_is_well(ready: Connection) -> None:
    assert open_points() == {}
    assert len(golive.checklist(ready.integration)) == 15


def test_address_of_a_real_system_is_told_from_a_stand_in(ready: Connection) -> None:
    def met() -> set[str]:
        return {str(line.text) for line in golive.checklist(ready.integration) if line.met}

    assert met().isdisjoint(STAND_IN)
    configuration.configure(ready.integration, {"url": "https://post.example"})
    assert met() >= STAND_IN


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"tested_at": None}, "Press “Test connection”."),
        ({"report": {"ok": False}}, "Mend what the last test found, then test again."),
        ({"rotated_at": IN_AN_HOUR}, "The settings were changed after the last test: test again."),
    ],
)
def test_green_test_is_asked_for(ready: Connection, columns: dict[str, Any], said: str) -> None:
    Connection.objects.filter(pk=ready.pk).update(**columns)

    assert list(open_points().values()) == [said]


def test_test_of_last_week_does_not_count(ready: Connection) -> None:
    last_week = timezone.now() - timedelta(days=7)
    Integration.objects.update(updated_at=last_week - timedelta(days=1))
    Connection.objects.update(tested_at=last_week, rotated_at=None)

    assert list(open_points().values()) == ["The last test is older than a day: test again."]


def test_credentials_that_end_soon_do_not_do(ready: Connection) -> None:
    Connection.objects.filter(pk=ready.pk).update(expires_at=timezone.now() + timedelta(days=13))

    assert list(open_points()) == ["The credentials last longer than 14 days."]


def test_missing_settings_and_what_follows_are_told(registered: Integration, ready: Connection) -> None:
    Integration.objects.filter(slug="postbox").update(settings={})

    assert list(open_points()) == ["All settings are there."]


def test_secrets_that_nobody_can_read_are_told(ready: Connection, settings: LazySettings) -> None:
    settings.FERNET_KEYS = ["another-key-of-at-least-32-characters"]

    assert "The stored secrets can be read." in open_points()


def test_what_holds_everything_is_told(ready: Connection) -> None:
    configuration.pause(ready.integration)
    configuration.set_enabled(ready.integration, False)
    Installation.objects.update(site_url="https://production.example")
    a_delivery(ready, LeadFactory(), PostboxService.post_letters, state=Delivery.State.DEAD)

    assert list(open_points()) == [
        "It is in use.",
        "Nothing holds it: neither an operator, nor failures, nor a refusal.",
        "No delivery is dead.",
        "This database is where it belongs, and no copy.",
    ]


def test_schedule_that_is_switched_off_is_told(ready: Connection) -> None:
    PeriodicTask.objects.filter(name="postbox: post_greetings").update(enabled=False)

    assert list(open_points()) == ["“Post greetings” has a schedule, and it is on."]


def test_installation_for_trying_out_is_told(ready: Connection, settings: LazySettings) -> None:
    settings.SITE_URL, settings.DEBUG = "http://localhost:8000", True
    Installation.settle_here()
    Heartbeat.objects.all().delete()

    assert list(open_points()) == [
        "A worker is running.",
        "The scheduler (beat) is running.",
        "The site has a public address that is encrypted.",
        "Debugging is off.",
    ]
