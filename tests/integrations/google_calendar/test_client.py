"""What Google says becomes what we do next; over sockets."""

import json
from typing import Any

import pytest

from integrations import errors
from integrations.google_calendar.refusals import AlreadyThere, SyncExpired, refused
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox
from integrations.models import IntegrationLog

from .conftest import connect, connection, service, tomorrow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("google")]
MEETING = {
    "summary": "A meeting",
    "start": {"dateTime": "2027-03-01T10:00:00Z"},
    "end": {"dateTime": "2027-03-01T11:00:00Z"},
}


def test_busy_times_are_told_and_errors_of_single_calendars_too(peer: GoogleSandbox) -> None:
    peer.add_event(tomorrow(9), tomorrow(10))

    told = service().client.freebusy([PERSON, "gone@example.test"], tomorrow(0), tomorrow(23))

    assert [(each["start"], each["end"]) for each in told[PERSON]["busy"]] == [
        (f"{tomorrow(9):%Y-%m-%dT%H:%M:%S}Z", f"{tomorrow(10):%Y-%m-%dT%H:%M:%S}Z")
    ]
    assert told["gone@example.test"]["errors"] == [{"domain": "global", "reason": "notFound"}]


def test_every_page_of_a_list_is_read(peer: GoogleSandbox) -> None:
    for number in range(5):
        peer.add_event(tomorrow(9 + number), tomorrow(10 + number))

    pages = list(service().client.events(PERSON, maxResults=2))

    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert pages[-1]["nextSyncToken"]


def test_an_event_is_made_read_changed_and_deleted(peer: GoogleSandbox) -> None:
    client = service().client
    made = client.insert(PERSON, {"id": "abc123", **MEETING}, sendUpdates="none")
    changed = client.patch(PERSON, "abc123", {"summary": "Another"}, etag=made["etag"])
    with pytest.raises(errors.Conflict):
        client.patch(PERSON, "abc123", {"summary": "Too late"}, etag=made["etag"])

    client.delete(PERSON, "abc123")

    assert (changed["summary"], client.event(PERSON, "abc123")["status"]) == ("Another", "cancelled")
    with pytest.raises(errors.Gone):
        client.delete(PERSON, "abc123")


def test_an_id_that_is_taken_and_a_calendar_that_is_not_there(peer: GoogleSandbox) -> None:
    client = service().client
    client.insert(PERSON, {"id": "abc123", **MEETING})

    with pytest.raises(AlreadyThere):
        client.insert(PERSON, {"id": "abc123", **MEETING})
    with pytest.raises(errors.Gone):
        client.insert("nobody@example.test", MEETING)


def test_a_forgotten_sync_token_is_told_apart(peer: GoogleSandbox) -> None:
    *_, last = service().client.events(PERSON)
    peer.expire_sync_tokens()

    with pytest.raises(SyncExpired):
        list(service().client.events(PERSON, syncToken=last["nextSyncToken"]))


@pytest.mark.parametrize(
    ("fault", "value", "expected"),
    [
        ("refuse", True, errors.Ambiguous),
        ("status", 503, errors.Unavailable),
        ("status", 500, errors.Ambiguous),
        ("status", 429, errors.RateLimited),
        ("status", 403, errors.Rejected),
        ("limit", "rateLimitExceeded", errors.RateLimited),
        ("limit", "userRateLimitExceeded", errors.RateLimited),
        ("limit", "quotaExceeded", errors.RateLimited),
        ("cut_before", True, errors.Ambiguous),
        ("cut_after", True, errors.Ambiguous),
        ("truncate", True, errors.Ambiguous),
    ],
)
def test_what_fails_while_writing(peer: GoogleSandbox, fault: str, value: Any, expected: type[Exception]) -> None:
    service().tokens.access()
    peer.faults.set(fault, value=value, times=5)

    with pytest.raises(errors.IntegrationError) as raised:
        service().client.insert(PERSON, {"id": "abc123", **MEETING})

    assert isinstance(raised.value, expected)


@pytest.mark.parametrize(("fault", "value"), [("cut_after", True), ("truncate", True), ("status", 500)])
def test_a_lost_answer_to_a_question_changed_nothing(peer: GoogleSandbox, fault: str, value: Any) -> None:
    service().tokens.access()
    peer.faults.set(fault, value=value)

    with pytest.raises(errors.Unavailable):
        service().client.freebusy([PERSON], tomorrow(0), tomorrow(23))


def test_nothing_is_sent_twice_by_the_library(peer: GoogleSandbox) -> None:
    service().tokens.access()
    peer.faults.set("cut_after", call="events.insert")

    with pytest.raises(errors.Ambiguous):
        service().client.insert(PERSON, MEETING)

    assert peer.counted()["events.insert"] == 1


def test_a_slow_answer_is_given_up_after_the_timeout(peer: GoogleSandbox) -> None:
    connect(peer, timeout=0.2)
    service().tokens.access()
    peer.faults.set("slow", value=1.0, call="freebusy.query")

    with pytest.raises(errors.Unavailable):
        service().client.freebusy([PERSON], tomorrow(0), tomorrow(23))


def test_quota_pauses_the_connection_and_is_nobodys_failure(peer: GoogleSandbox) -> None:
    service().tokens.access()
    peer.faults.set("limit", value="quotaExceeded")

    with pytest.raises(errors.RateLimited) as raised:
        service().client.freebusy([PERSON], tomorrow(0), tomorrow(23))

    assert (raised.value.retry_after, connection().failures) == (600, 0)
    assert connection().paused_until is not None


def test_a_missing_permission_bars_only_the_operation(peer: GoogleSandbox) -> None:
    only = ["https://www.googleapis.com/auth/calendar.events.freebusy"]
    connect(peer, refresh_token=peer.tokens(scopes=only)["refresh_token"])
    client = service().client
    client.operation = "push_bookings"

    with pytest.raises(errors.Misconfigured) as raised:
        client.insert(PERSON, MEETING)

    assert (raised.value.operation, connection().blocked) == ("push_bookings", ["push_bookings"])


def test_calls_leave_a_row_without_secrets(peer: GoogleSandbox) -> None:
    service().client.freebusy([PERSON, "other@example.test"], tomorrow(0), tomorrow(23))

    rows = IntegrationLog.objects.filter(integration__slug="google_calendar", status="ok")
    assert set(rows.values_list("operation", "size")) >= {("ask_freebusy", 2), ("refresh_token", None)}
    stored = str(list(IntegrationLog.objects.values()))
    assert all(str(value) not in stored for name, value in connection().secrets.items() if name != "scopes")


class TestReasons:
    """Bodies that no stand-in gives, as Google's pages and captures have them."""

    def refused(self, code: int, **error: Any) -> errors.IntegrationError:
        return refused(code, json.dumps({"error": {"code": code, "message": "Said by Google", **error}}).encode())

    def test_a_project_over_its_quota(self) -> None:
        told = [{"domain": "usageLimits", "reason": "rateLimitExceeded"}]
        assert isinstance(self.refused(403, errors=told, status="PERMISSION_DENIED"), errors.RateLimited)

    def test_an_api_that_is_switched_off(self) -> None:
        assert isinstance(self.refused(403, details=[{"reason": "SERVICE_DISABLED"}]), errors.Misconfigured)

    def test_an_event_of_somebody_else(self) -> None:
        error = self.refused(403, errors=[{"reason": "forbiddenForNonOrganizer"}])
        assert (type(error), error.message) == (errors.Rejected, "Said by Google")

    @pytest.mark.parametrize(("status", "kind"), [(404, errors.Misconfigured), (503, errors.Unavailable)])
    def test_a_page_that_is_none_of_googles(self, status: int, kind: type[Exception]) -> None:
        assert isinstance(refused(status, b"<html>nginx</html>"), kind)

    @pytest.mark.parametrize("content", [b"[]", b'{"error": "text"}', b'{"error": {"errors": ["odd"]}}', b"\xff"])
    def test_odd_bodies_are_no_bugs(self, content: bytes) -> None:
        assert isinstance(refused(400, content), errors.IntegrationError)
