"""The stand-in on a socket, driven by Google's own library and by bare requests."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build

from integrations.google_calendar.sandbox import PERSON, GoogleSandbox

MONDAY = datetime(2027, 3, 1, 9, tzinfo=UTC)  # 10:00 in Berlin
HOUR = timedelta(hours=1)


@pytest.fixture
def peer() -> Iterator[GoogleSandbox]:
    with GoogleSandbox() as peer:
        yield peer


@pytest.fixture
def google(peer: GoogleSandbox) -> Any:
    """Google's own library, as PERSON."""
    return google_for(peer)


@pytest.fixture
def http(peer: GoogleSandbox) -> "Http":
    return Http(peer)


def google_for(peer: GoogleSandbox, email: str = PERSON, *scopes: str) -> Any:
    tokens = peer.tokens(email, scopes) if scopes else peer.tokens(email)
    return build(
        "calendar",
        "v3",
        credentials=Credentials(tokens["access_token"]),
        client_options={"api_endpoint": peer.api_url},
        static_discovery=True,
        cache_discovery=False,
    )


class Http:
    """Bare requests with PERSON's token: what the library would not send."""

    def __init__(self, peer: GoogleSandbox) -> None:
        self.peer = peer
        self.token = peer.tokens()["access_token"]

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return requests.request(method, self.peer.api_url + path, headers=headers, timeout=10, **more)


def times(start: datetime = MONDAY, end: datetime | None = None) -> dict[str, Any]:
    """The start and the end of an entry, an hour long."""
    return {"start": {"dateTime": start.isoformat()}, "end": {"dateTime": (end or start + HOUR).isoformat()}}


def busy(google: Any, *calendars: str, start: datetime = MONDAY, days: int = 7, zone: str = "UTC") -> Any:
    """{calendar: [(start, end)] or the reason why not}."""
    body = {
        "timeMin": start.isoformat(),
        "timeMax": (start + timedelta(days=days)).isoformat(),
        "timeZone": zone,
        "items": [{"id": name} for name in calendars or ("primary",)],
    }
    answer = google.freebusy().query(body=body).execute()["calendars"]
    return {
        name: told["errors"][0]["reason"] if told.get("errors") else [(s["start"], s["end"]) for s in told["busy"]]
        for name, told in answer.items()
    }
