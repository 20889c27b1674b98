"""When calendars are busy, by Google's own library."""

from datetime import date, timedelta
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from integrations.google_calendar.sandbox import PERSON, GoogleSandbox

from .conftest import HOUR, MONDAY, Http, busy, google_for

DAY = timedelta(days=1)
TEN = [("2027-03-01T09:00:00Z", "2027-03-01T10:00:00Z")]


def test_an_entry_makes_busy(google: Any, peer: GoogleSandbox) -> None:
    peer.add_event(MONDAY, MONDAY + HOUR)

    assert busy(google, "primary", PERSON) == {"primary": TEN, PERSON: TEN}


def test_the_answer_repeats_what_was_asked(http: Http) -> None:
    body = {"timeMin": "2027-03-01T10:00:00+01:00", "timeMax": "2027-03-08T00:00:00Z", "items": [{"id": "primary"}]}

    answer = http("POST", "freeBusy", json=body).json()

    assert answer == {
        "kind": "calendar#freeBusy",
        "timeMin": "2027-03-01T09:00:00.000Z",
        "timeMax": "2027-03-08T00:00:00.000Z",
        "calendars": {"primary": {"busy": []}},
    }


def test_times_are_told_in_the_zone_that_was_asked_for(google: Any, peer: GoogleSandbox) -> None:
    peer.add_event(MONDAY, MONDAY + HOUR)

    told = busy(google, zone="America/New_York")["primary"]

    assert told == [("2027-03-01T04:00:00-05:00", "2027-03-01T05:00:00-05:00")]


@pytest.mark.parametrize(
    "more",
    [
        {"transparency": "transparent"},
        {"attendees": [{"email": PERSON, "responseStatus": "declined"}]},
        {"status": "cancelled"},
    ],
)
def test_some_entries_block_nothing(google: Any, peer: GoogleSandbox, more: dict[str, Any]) -> None:
    peer.add_event(MONDAY, MONDAY + HOUR, **more)

    assert busy(google) == {"primary": []}


@pytest.mark.parametrize("more", [{"status": "tentative"}, {"attendees": [{"email": PERSON}]}])
def test_what_is_not_certain_blocks(google: Any, peer: GoogleSandbox, more: dict[str, Any]) -> None:
    peer.add_event(MONDAY, MONDAY + HOUR, **more)

    assert busy(google) == {"primary": TEN}


def test_a_day_is_one_of_the_calendars_zone(google: Any, peer: GoogleSandbox) -> None:
    peer.add_person("kim@sandbox.example", "Kim", "Asia/Tokyo")
    peer.share("kim@sandbox.example", PERSON, "freeBusyReader")
    peer.add_event(date(2027, 3, 3), date(2027, 3, 4), calendar="kim@sandbox.example")

    assert busy(google, "kim@sandbox.example") == {
        "kim@sandbox.example": [("2027-03-02T15:00:00Z", "2027-03-03T15:00:00Z")]
    }


def test_what_overlaps_or_touches_is_told_as_one(google: Any, peer: GoogleSandbox) -> None:
    for start, end in ((0, 2), (1, 3), (3, 4), (5, 6)):
        peer.add_event(MONDAY + start * HOUR, MONDAY + end * HOUR)

    assert busy(google)["primary"] == [
        ("2027-03-01T09:00:00Z", "2027-03-01T13:00:00Z"),
        ("2027-03-01T14:00:00Z", "2027-03-01T15:00:00Z"),
    ]


def test_series_block_whenever_they_take_place(google: Any, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY - 7 * DAY, MONDAY - 7 * DAY + HOUR, recurrence=["RRULE:FREQ=DAILY"])
    peer.delete(f"{event_id}_20270302T090000Z")
    peer.move(f"{event_id}_20270303T090000Z", MONDAY + 2 * DAY + 5 * HOUR)
    peer.move(f"{event_id}_20270223T090000Z", MONDAY + 6 * HOUR)  # comes in from before

    assert [start for start, _ in busy(google, days=4)["primary"]] == [
        "2027-03-01T09:00:00Z",
        "2027-03-01T15:00:00Z",
        "2027-03-03T14:00:00Z",
        "2027-03-04T09:00:00Z",
    ]


def test_an_invitation_blocks_its_guest_until_declined(peer: GoogleSandbox) -> None:
    ben = google_for(peer, peer.add_person("ben@sandbox.example", "Ben"))
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, attendees=[{"email": "ben@sandbox.example"}])

    assert busy(ben) == {"primary": TEN}
    peer.decline(event_id, "ben@sandbox.example")
    assert busy(ben) == {"primary": []}


def test_one_calendar_that_fails_fails_alone(google: Any, peer: GoogleSandbox) -> None:
    away = peer.add_calendar(PERSON, "Broken")
    peer.add_person("ben@sandbox.example", "Ben")
    peer.faults.set("calendar_error", "internalError", call=away)

    assert busy(google, "primary", away, "ben@sandbox.example", "gone@sandbox.example") == {
        "primary": [],
        away: "internalError",
        "ben@sandbox.example": "notFound",
        "gone@sandbox.example": "notFound",
    }


def test_fifty_calendars_are_told_and_not_one_more(google: Any, peer: GoogleSandbox) -> None:
    names = [peer.add_calendar(PERSON, str(number)) for number in range(51)]

    assert set(map(str, busy(google, *names[:50]).values())) == {"[]"}
    assert set(busy(google, *names).values()) == {"tooManyCalendarsRequested"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"timeMin": "2027-03-01T00:00:00"}, "badRequest"),
        ({"timeMin": None}, "badRequest"),
        ({"timeMax": "2027-02-01T00:00:00Z"}, "timeRangeEmpty"),
        ({"timeMax": "2027-06-01T00:00:00Z"}, "timeRangeTooLong"),
        ({"calendarExpansionMax": 51}, "invalid"),
        ({"calendars": []}, "badRequest"),
    ],
)
def test_nonsense_is_refused(google: Any, change: dict[str, Any], reason: str) -> None:
    body = {"timeMin": "2027-03-01T00:00:00Z", "timeMax": "2027-03-08T00:00:00Z", "items": [{"id": "primary"}]}

    with pytest.raises(HttpError) as error:
        google.freebusy().query(body=body | change).execute()

    assert (error.value.status_code, error.value.error_details[0]["reason"]) == (400, reason)
