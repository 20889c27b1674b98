"""What the stand-in gets wrong when it is told to."""

from typing import Any

import pytest
import requests
from googleapiclient.errors import HttpError

from integrations.google_calendar.sandbox import PERSON, GoogleSandbox

from .conftest import Http, times


def insert(http: Http, **body: Any) -> requests.Response:
    return http("POST", "calendars/primary/events", json={**times(), **body})


@pytest.mark.parametrize(
    ("fault", "value", "status", "reason"),
    [
        ("status", 503, 503, "backendError"),
        ("status", 500, 500, "backendError"),
        ("status", 429, 429, "rateLimitExceeded"),
        ("status", 401, 401, "authError"),
        ("limit", "quotaExceeded", 403, "quotaExceeded"),
        ("limit", "userRateLimitExceeded", 403, "userRateLimitExceeded"),
    ],
)
def test_a_refusal_does_nothing(
    peer: GoogleSandbox, http: Http, fault: str, value: Any, status: int, reason: str
) -> None:
    peer.faults.set(fault, value, times=1)

    refused = insert(http)

    assert (refused.status_code, refused.json()["error"]["errors"][0]["reason"]) == (status, reason)
    assert refused.json()["error"]["code"] == status
    assert peer.events() == []
    assert insert(http).status_code == 200


def test_googles_own_library_reads_the_refusals(peer: GoogleSandbox, google: Any) -> None:
    peer.faults.set("limit", "quotaExceeded")

    with pytest.raises(HttpError, match="Calendar usage limits exceeded"):
        google.events().list(calendarId="primary").execute()


@pytest.mark.parametrize(("fault", "kept"), [("refuse", 0), ("cut_before", 0), ("cut_after", 1)])
def test_a_connection_ends_without_an_answer(peer: GoogleSandbox, http: Http, fault: str, kept: int) -> None:
    peer.faults.set(fault, times=1)

    with pytest.raises(requests.ConnectionError):
        insert(http)

    assert len(peer.events()) == kept
    assert peer.faults.met == {fault: 1}


def test_half_an_answer_is_no_answer(peer: GoogleSandbox, google: Any) -> None:
    peer.faults.set("truncate", times=1)

    told = google.events().insert(calendarId="primary", body=times()).execute()

    assert isinstance(told, str)
    assert len(peer.events()) == 1


def test_a_slow_answer_comes_after_the_work(peer: GoogleSandbox, http: Http) -> None:
    peer.faults.set("slow", 30, times=1)

    with pytest.raises(requests.Timeout):
        requests.post(
            f"{peer.api_url}calendars/primary/events",
            json=times(),
            headers={"Authorization": f"Bearer {http.token}"},
            timeout=0.5,
        )

    assert len(peer.events()) == 1


def test_faults_meet_the_calls_they_are_for(peer: GoogleSandbox, http: Http) -> None:
    peer.faults.set("status", 503, call="freebusy.*")

    assert insert(http).status_code == 200
    assert http("POST", "freeBusy", json={}).status_code == 503


def test_the_token_endpoint_fails_too(peer: GoogleSandbox) -> None:
    peer.faults.set("status", 503, call="oauth.token")

    assert requests.post(peer.token_uri, data={}, timeout=10).status_code == 503
    assert requests.post(peer.revoke_uri, data={}, timeout=10).status_code == 400


def test_faults_are_steered_from_outside(peer: GoogleSandbox, http: Http) -> None:
    steer = f"{peer.url}/sandbox/faults"
    requests.post(steer, json={"fault": "status", "value": 503}, timeout=10).raise_for_status()
    assert insert(http).status_code == 503

    requests.post(steer, json={"fault": "refuse"}, timeout=10).raise_for_status()
    assert [fault["fault"] for fault in requests.get(steer, timeout=10).json()] == ["status", "refuse"]
    requests.delete(steer, timeout=10)

    assert insert(http).status_code == 200


@pytest.mark.parametrize(
    "nonsense",
    [{"fault": "weather"}, {"fault": "status", "value": 200}, {"fault": "limit", "value": "x"}, {}],
)
def test_nonsense_is_no_fault(peer: GoogleSandbox, nonsense: dict[str, Any]) -> None:
    assert requests.post(f"{peer.url}/sandbox/faults", json=nonsense, timeout=10).status_code == 400
    assert peer.faults.show() == []


def test_expired_access_is_refused_until_refreshed(peer: GoogleSandbox, http: Http) -> None:
    peer.expire_access()

    assert insert(http).status_code == 401
    http.token = peer.tokens()["access_token"]
    assert insert(http).status_code == 200


def test_calls_are_counted(peer: GoogleSandbox, http: Http) -> None:
    insert(http)
    insert(http, colour="red")
    http("GET", "calendars/primary/events")

    assert peer.calls == [("events.insert", PERSON, PERSON), ("events.list", PERSON, PERSON)]
    assert peer.counted() == {"events.insert": 1, "events.list": 1}


def test_what_the_stand_in_lacks_it_says(http: Http) -> None:
    assert http("POST", "calendars", json={"summary": "New"}).status_code == 501
    assert http("GET", "nothing/here").status_code == 404
