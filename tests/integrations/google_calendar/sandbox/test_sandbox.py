"""The stand-in as a whole: its page, its memory, and as a process of its own."""

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from bookings.models import Consultant
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox, accounts_for, settings_for, start

from .conftest import HOUR, MONDAY, busy, google_for

WEEK = "/?week=2027-03-01"


def page(peer: GoogleSandbox, path: str = WEEK) -> str:
    reply = requests.get(peer.url + path, timeout=10)
    assert reply.status_code == 200
    return reply.text


def press(peer: GoogleSandbox, name: str, **form: Any) -> requests.Response:
    return requests.post(f"{peer.url}/sandbox/{name}", data={"calendar": PERSON, "back": WEEK, **form}, timeout=10)


def test_the_page_shows_a_persons_weeks(peer: GoogleSandbox) -> None:
    peer.add_event(MONDAY, MONDAY + HOUR, "Talk", attendees=[{"email": "client@outside.example"}])
    peer.add_event(MONDAY + timedelta(weeks=5), MONDAY + timedelta(weeks=5, hours=1), "Much later")

    text = page(peer)

    assert "Mon 01 Mar 10:00 – 11:00" in text
    assert "client@outside.example <small>needsAction</small>" in text
    assert "Much later" not in text


def test_the_page_escapes_what_entries_say(peer: GoogleSandbox) -> None:
    peer.add_event(MONDAY, MONDAY + HOUR, "<script>alert(1)</script>", description='"&<b>')

    text = page(peer)

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_looking_at_the_page_reads_no_conference(peer: GoogleSandbox) -> None:
    peer.faults.set("meet_pending", 1)
    request = {"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, "Talk", conferenceData=request)

    page(peer)

    assert "hangoutLink" not in peer.events()[0]
    assert "hangoutLink" in peer.event(event_id)


@pytest.mark.parametrize(
    ("kind", "blocked"),
    [
        ("opaque", [("2027-03-02T12:00:00Z", "2027-03-02T12:30:00Z")]),
        ("transparent", []),
        ("day", [("2027-03-01T23:00:00Z", "2027-03-02T23:00:00Z")]),
        (
            "weekly",
            [
                ("2027-03-02T12:00:00Z", "2027-03-02T12:30:00Z"),
                ("2027-03-09T12:00:00Z", "2027-03-09T12:30:00Z"),
            ],
        ),
    ],
)
def test_entries_are_added_by_form(google: Any, peer: GoogleSandbox, kind: str, blocked: list[Any]) -> None:
    form = {"summary": "Lunch", "start": "2027-03-02T13:00", "minutes": "30", "as": kind}

    assert "Lunch" in press(peer, "add", **form).text
    assert busy(google, days=9)["primary"] == blocked


def test_entries_are_moved_answered_and_deleted_by_form(peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, "Talk", attendees=[{"email": "client@outside.example"}])

    press(peer, "move", event=event_id, start="2027-03-02T15:15")
    press(peer, "respond", event=event_id, email="client@outside.example", answer="declined")

    event = peer.event(event_id)
    assert (event["start"]["dateTime"], event["end"]["dateTime"]) == (
        "2027-03-02T15:15:00+01:00",
        "2027-03-02T16:15:00+01:00",
    )
    assert event["attendees"][0]["responseStatus"] == "declined"
    press(peer, "delete", event=event_id)
    assert peer.events() == []


def test_a_guest_answers_on_their_own_page(peer: GoogleSandbox) -> None:
    ben = peer.add_person("ben@sandbox.example", "Ben")
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, "Talk", attendees=[{"email": ben}])

    text = page(peer, f"{WEEK}&person={ben}")

    assert "ben declines" in text
    assert 'action="/sandbox/delete"' not in text
    press(peer, "respond", calendar=ben, event=event_id, email=ben, answer="accepted")
    assert peer.event(event_id)["attendees"][0]["responseStatus"] == "accepted"


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("move", {"event": "nothing", "start": "2027-03-02T15:00"}),
        ("add", {"start": "tomorrow"}),
        ("add", {"calendar": "nobody@sandbox.example", "start": "2027-03-02T15:00"}),
        ("respond", {"event": "nothing", "email": "x@y.example", "answer": "declined"}),
        ("weather", {}),
    ],
)
def test_nonsense_in_a_form_changes_nothing(peer: GoogleSandbox, name: str, form: dict[str, str]) -> None:
    assert press(peer, name, **form).status_code in (400, 404)
    assert peer.events(deleted=True) == []


def test_a_form_leads_back_to_this_page_only(peer: GoogleSandbox) -> None:
    form = {"email": PERSON, "back": "//elsewhere.example/"}

    reply = requests.post(f"{peer.url}/sandbox/revoke", data=form, timeout=10, allow_redirects=False)

    assert reply.headers["Location"] == "/"


def test_permission_is_taken_back_by_a_button(peer: GoogleSandbox) -> None:
    token = peer.tokens()["access_token"]

    press(peer, "revoke", email=PERSON)

    bearer = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{peer.api_url}users/me/calendarList", headers=bearer, timeout=10).status_code == 401


def test_records_outlive_the_stand_in_in_a_file(tmp_path: Path) -> None:
    with GoogleSandbox(path=tmp_path / "google.db") as first:
        event_id = first.add_event(MONDAY, MONDAY + HOUR, "Talk")
        google = google_for(first)
        token = google.events().list(calendarId="primary").execute()["nextSyncToken"]
        first.move(event_id, MONDAY + HOUR)

    with GoogleSandbox(path=tmp_path / "google.db") as second:
        (event,) = google_for(second).events().list(calendarId="primary", syncToken=token).execute()["items"]

        assert (event["id"], event["sequence"]) == (event_id, 1)
        assert second.calendars() == first_calendars()


def first_calendars() -> list[str]:
    return [PERSON, "away.anna@group.calendar.google.com"]


def test_stopped_and_started_again_it_keeps_its_port(peer: GoogleSandbox) -> None:
    url = peer.url
    peer.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=30)

    peer.start()

    assert peer.url == url
    assert requests.get(url, timeout=10).status_code == 200


@pytest.mark.django_db
def test_the_demo_is_told_how_to_connect(tmp_path: Path) -> None:
    fields = {"name": "Ada", "slug": "ada", "email": "ada@firm.example", "zone": "America/New_York"}
    Consultant.objects.create(busy_calendars=["ada@firm.example", "private@firm.example"], **fields)
    peer = start(tmp_path, port=0)
    try:
        told, accounts = settings_for(peer), accounts_for(peer)
        again = accounts_for(peer)

        assert {"client_id", "client_secret", "api_url", "auth_uri", "token_uri", "revoke_uri"} <= set(told)
        assert set(accounts) == set(again) == {"ada"}
        client = {"client_id": told["client_id"], "client_secret": told["client_secret"]}
        form = {**client, "grant_type": "refresh_token", **accounts["ada"]}
        token = requests.post(told["token_uri"], data=form, timeout=10).json()["access_token"]
        reply = requests.get(
            f"{told['api_url']}users/me/calendarList", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )
        listed = [(row["id"], row["timeZone"], row["accessRole"]) for row in reply.json()["items"]]
        assert listed == [
            ("ada@firm.example", "America/New_York", "owner"),
            ("private@firm.example", "America/New_York", "owner"),
        ]
        assert len(peer.events("ada@firm.example")) == 4
        shared = google_for(peer).calendarList().list().execute()["items"]
        assert ("ada@firm.example", "writer") in [(row["id"], row["accessRole"]) for row in shared]
    finally:
        peer.close()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_process_tells_its_address_and_stops_on_a_signal(stop: signal.Signals) -> None:
    command = [sys.executable, "-m", "integrations.google_calendar.sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        assert requests.get(url, timeout=10).status_code == 200
        process.send_signal(stop)

        assert process.wait(60) == 0
