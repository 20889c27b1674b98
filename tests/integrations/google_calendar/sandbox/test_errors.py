"""Refusals, word for word as Google documents them."""

from typing import Any

import pytest

from integrations.google_calendar.sandbox import GoogleSandbox

from .conftest import HOUR, MONDAY, Http, times


def body(code: int, domain: str, reason: str, message: str, kind: str = "", where: str = "") -> dict[str, Any]:
    error = {"domain": domain, "reason": reason, "message": message}
    if kind:
        error |= {"locationType": kind, "location": where}
    return {"error": {"errors": [error], "code": code, "message": message}}


TOO_FAST = body(429, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded")
FAULTS = [
    ("status", 401, body(401, "global", "authError", "Invalid Credentials", "header", "Authorization")),
    ("status", 429, TOO_FAST),
    ("status", 500, body(500, "global", "backendError", "Backend Error")),
    ("status", 503, body(503, "global", "backendError", "Service Unavailable")),
    ("limit", "quotaExceeded", body(403, "usageLimits", "quotaExceeded", "Calendar usage limits exceeded.")),
    ("limit", "rateLimitExceeded", body(403, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded")),
    ("limit", "userRateLimitExceeded", body(403, "usageLimits", "userRateLimitExceeded", "User Rate Limit Exceeded")),
]


@pytest.mark.parametrize(("fault", "value", "expected"), FAULTS)
def test_faults_speak_as_google_does(peer: GoogleSandbox, http: Http, fault: str, value: Any, expected: Any) -> None:
    peer.faults.set(fault, value)

    answer = http("GET", "users/me/calendarList")

    assert answer.json() == expected
    assert answer.status_code == expected["error"]["code"]
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


NOT_FOUND = body(404, "global", "notFound", "Not Found")
DUPLICATE = body(409, "global", "duplicate", "The requested identifier already exists.")
DELETED = body(410, "global", "deleted", "Resource has been deleted")
CHANGED = body(412, "global", "conditionNotMet", "Precondition Failed", "header", "If-Match")
EMPTY = body(400, "calendar", "timeRangeEmpty", "The specified time range is empty.", "parameter", "timeMax")
SYNC = body(
    410,
    "calendar",
    "fullSyncRequired",
    "Sync token is no longer valid, a full sync is required.",
    "parameter",
    "syncToken",
)
TOO_LONG_AGO = body(
    410,
    "calendar",
    "updatedMinTooLongAgo",
    "The requested minimum modification time lies too far in the past.",
    "parameter",
    "updatedMin",
)


@pytest.mark.parametrize(
    ("method", "path", "more", "expected"),
    [
        ("GET", "calendars/nobody@sandbox.example/events", {}, NOT_FOUND),
        ("GET", "calendars/primary/events/neverwas", {}, NOT_FOUND),
        ("POST", "calendars/primary/events", {"json": {"id": "g0ne0", **times()}}, DUPLICATE),
        ("DELETE", "calendars/primary/events/g0ne0", {}, DELETED),
        ("PATCH", "calendars/primary/events/here0", {"json": {}, "headers": {"If-Match": '"1"'}}, CHANGED),
        ("POST", "calendars/primary/events", {"json": times(MONDAY, MONDAY - HOUR)}, EMPTY),
        ("GET", "calendars/primary/events?syncToken=old", {}, SYNC),
        ("GET", "calendars/primary/events?updatedMin=2020-01-01T00:00:00Z", {}, TOO_LONG_AGO),
    ],
)
def test_refusals_speak_as_google_does(
    peer: GoogleSandbox, http: Http, method: str, path: str, more: Any, expected: Any
) -> None:
    peer.add_event(MONDAY, MONDAY + HOUR, id="here0")
    peer.delete(peer.add_event(MONDAY, MONDAY + HOUR, id="g0ne0"))

    answer = http(method, path, **more)

    assert answer.json() == expected
    assert answer.status_code == expected["error"]["code"]
