"""A stand-in Google on a socket, and our integration connected to it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from bookings.actions import book
from bookings.models import Booking, Consultant
from integrations import configuration
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox, settings_for
from integrations.google_calendar.service import GoogleCalendarService
from integrations.models import Connection, Integration
from tests.factories import ConsultantFactory, a_client

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
    """Works every day from nine to five in Berlin, and can be booked at once."""
    usual = {"name": slug.replace("-", " ").title(), "busy_calendars": [PERSON], "notice_hours": 0}
    return ConsultantFactory(slug=slug, **{**usual, **fields})


def a_booking(
    consultant: Consultant, start: datetime, *, ask: Callable[..., Booking] = book, **details: Any
) -> Booking:
    """An hour; `ask=arrange` goes the way of pages and API."""
    given = {name: details.pop(name) for name in ("unchecked", "pending") if name in details}
    return ask(consultant, start, 60, a_client(**details), **given)


def tomorrow(hour: int, minute: int = 0) -> datetime:
    """UTC."""
    day = timezone.now().astimezone(UTC) + timedelta(days=1)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)
