"""A stand-in Google on a socket, and our integration connected to it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from bookings.models import Consultant
from integrations import configuration
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox, settings_for
from integrations.google_calendar.service import GoogleCalendarService
from integrations.models import Connection, Integration

AWAY = "away.anna@group.calendar.google.com"


@pytest.fixture
def peer() -> Iterator[GoogleSandbox]:
    with GoogleSandbox() as peer:
        yield peer


@pytest.fixture
def google(db: None, peer: GoogleSandbox) -> Integration:
    """Connected as PERSON, for all consultants."""
    return connect(peer)


def connect(peer: GoogleSandbox, **values: Any) -> Integration:
    integration = Integration.objects.get(slug="google_calendar")
    configuration.configure(integration, {**settings_for(peer), "rate": "10000/second", **values})
    configuration.set_enabled(integration, True)
    integration.refresh_from_db()
    return integration


def sign_in(peer: GoogleSandbox, owner: str, email: str = PERSON) -> Connection:
    """The consultant of that slug connects an account of their own."""
    values = {"refresh_token": peer.tokens(email)["refresh_token"]}
    configuration.configure_account(Integration.objects.get(slug="google_calendar"), owner, values)
    return connection(owner)


def connection(owner: str = "") -> Connection:
    return Connection.objects.select_related("integration").get(integration__slug="google_calendar", owner=owner)


def service(owner: str = "") -> GoogleCalendarService:
    return GoogleCalendarService(connection(owner))


def a_consultant(slug: str = "anna-berg", **fields: Any) -> Consultant:
    usual = {"name": slug.replace("-", " ").title(), "email": f"{slug}@firm.example", "busy_calendars": [PERSON]}
    return Consultant.objects.create(slug=slug, **{"zone": "Europe/Berlin", **usual, **fields})


def tomorrow(hour: int, minute: int = 0) -> datetime:
    """UTC."""
    day = timezone.now().astimezone(UTC) + timedelta(days=1)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)
