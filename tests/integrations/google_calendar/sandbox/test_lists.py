"""Lists of entries: what is in them, page by page, and what has changed since."""

from datetime import date, timedelta
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from integrations.google_calendar.sandbox import PERSON, GoogleSandbox

from .conftest import HOUR, MONDAY, google_for

DAY = timedelta(days=1)
DAILY = {"recurrence": ["RRULE:FREQ=DAILY;COUNT=3"]}


def listed(google: Any, calendar: str = "primary", **query: Any) -> Any:
    return google.events().list(calendarId=calendar, **query).execute()


def titles(answer: Any) -> list[str]:
    return [item.get("summary", item["status"]) for item in answer["items"]]


def refused(google: Any, **query: Any) -> tuple[int, str]:
    with pytest.raises(HttpError) as error:
        listed(google, **query)
    return error.value.status_code, error.value.error_details[0]["reason"]


def test_an_empty_calendar_tells_of_itself(google: Any) -> None:
    answer = listed(google)

    assert answer["items"] == []
    assert (answer["summary"], answer["timeZone"], answer["accessRole"]) == ("Anna Berg", "Europe/Berlin", "owner")
    assert answer["nextSyncToken"]


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (MONDAY - HOUR, MONDAY, []),
        (MONDAY - HOUR, MONDAY + timedelta(seconds=1), ["Talk"]),
        (MONDAY + HOUR - timedelta(seconds=1), MONDAY + 2 * HOUR, ["Talk"]),
        (MONDAY + HOUR, MONDAY + 2 * HOUR, []),
    ],
)
def test_bounds_are_of_the_end_and_of_the_start(
    google: Any, peer: GoogleSandbox, low: Any, high: Any, found: list[str]
) -> None:
    peer.add_event(MONDAY, MONDAY + HOUR, "Talk")

    assert titles(listed(google, timeMin=low.isoformat(), timeMax=high.isoformat())) == found


def test_bounds_without_an_offset_are_refused(google: Any) -> None:
    assert refused(google, timeMin="2027-03-01T09:00:00") == (400, "invalidParameter")


def test_a_page_leads_to_the_next_and_the_last_one_to_the_next_sync(google: Any, peer: GoogleSandbox) -> None:
    for number in range(5):
        peer.add_event(MONDAY + number * HOUR, MONDAY + (number + 1) * HOUR, str(number))
    query = {"singleEvents": True, "orderBy": "startTime", "maxResults": 2}

    first = listed(google, **query)
    second = listed(google, **query, pageToken=first["nextPageToken"])
    third = listed(google, **query, pageToken=second["nextPageToken"])

    assert [titles(page) for page in (first, second, third)] == [["0", "1"], ["2", "3"], ["4"]]
    assert ["nextSyncToken" in page for page in (first, second, third)] == [False, False, True]
    assert "nextPageToken" not in third


def test_what_changes_while_pages_are_turned_is_told_at_the_next_sync(google: Any, peer: GoogleSandbox) -> None:
    ids = sorted(peer.add_event(MONDAY, MONDAY + HOUR, "Old") for _ in range(3))
    first = listed(google, maxResults=2)
    peer.change(ids[0], summary="New")
    last = listed(google, maxResults=2, pageToken=first["nextPageToken"])

    assert titles(listed(google, syncToken=last["nextSyncToken"])) == ["New"]


def test_order_by_start_needs_single_events(google: Any) -> None:
    assert refused(google, orderBy="startTime") == (400, "badRequest")


def test_deleted_ones_are_told_when_asked_for(google: Any, peer: GoogleSandbox) -> None:
    peer.delete(peer.add_event(MONDAY, MONDAY + HOUR, "Gone"))

    assert titles(listed(google)) == []
    assert titles(listed(google, showDeleted=True)) == ["cancelled"]


def test_entries_are_found_by_what_they_say(google: Any, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, "Talk", extendedProperties={"private": {"booking": "7"}})
    peer.add_event(MONDAY, MONDAY + HOUR, "Lunch")

    assert titles(listed(google, q="talk")) == ["Talk"]
    assert titles(listed(google, iCalUID=f"{event_id}@google.com")) == ["Talk"]
    assert titles(listed(google, privateExtendedProperty=["booking=7"])) == ["Talk"]
    assert titles(listed(google, privateExtendedProperty=["booking=7", "more=1"])) == []


# --- since the last time ----------------------------------------------------------------------------------------------


def test_a_sync_tells_what_changed(google: Any, peer: GoogleSandbox) -> None:
    moved = peer.add_event(MONDAY, MONDAY + HOUR, "Moved")
    deleted = peer.add_event(MONDAY, MONDAY + HOUR, "Deleted")
    peer.add_event(MONDAY, MONDAY + HOUR, "Left alone")
    token = listed(google)["nextSyncToken"]

    peer.move(moved, MONDAY + DAY)
    peer.delete(deleted)
    answer = listed(google, syncToken=token)

    by_id = {item["id"]: item for item in answer["items"]}
    assert set(by_id) == {moved, deleted}
    assert by_id[moved]["start"]["dateTime"] == "2027-03-02T10:00:00+01:00"
    assert set(by_id[deleted]) == {"kind", "etag", "id", "status"}
    assert listed(google, syncToken=answer["nextSyncToken"])["items"] == []


def test_reads_do_not_change_anything(google: Any, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR)
    token = listed(google)["nextSyncToken"]

    google.events().get(calendarId="primary", eventId=event_id).execute()
    google.events().patch(calendarId="primary", eventId=event_id, body={"summary": ""}).execute()

    assert listed(google, syncToken=token)["items"] == []


def test_a_clients_answer_is_a_change(google: Any, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, attendees=[{"email": "client@outside.example"}])
    token = listed(google)["nextSyncToken"]

    peer.decline(event_id, "client@outside.example")

    (item,) = listed(google, syncToken=token)["items"]
    assert (item["status"], item["attendees"][0]["responseStatus"]) == ("confirmed", "declined")


def test_a_conference_that_is_made_is_a_change(google: Any, peer: GoogleSandbox) -> None:
    peer.faults.set("meet_pending", 1)
    request = {"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, conferenceData=request)
    token = listed(google, singleEvents=True, q="nothing")["nextSyncToken"]

    google.events().get(calendarId="primary", eventId=event_id).execute()

    (item,) = listed(google, singleEvents=True, syncToken=token)["items"]
    assert item["hangoutLink"].startswith("https://meet.google.com/")


def test_an_expired_token_asks_for_a_full_sync(google: Any, peer: GoogleSandbox) -> None:
    token = listed(google)["nextSyncToken"]
    peer.expire_sync_tokens()

    assert refused(google, syncToken=token) == (410, "fullSyncRequired")
    assert refused(google, syncToken="nonsense") == (410, "fullSyncRequired")
    assert listed(google, syncToken=listed(google)["nextSyncToken"])["items"] == []


def test_a_token_is_of_one_calendar(google: Any, peer: GoogleSandbox) -> None:
    other = peer.add_calendar(PERSON, "Other")

    assert refused(google, syncToken=listed(google, other)["nextSyncToken"]) == (410, "fullSyncRequired")


@pytest.mark.parametrize(
    "more",
    [
        {"timeMin": MONDAY.isoformat()},
        {"q": "x"},
        {"orderBy": "updated"},
        {"showDeleted": False},
        {"singleEvents": True},
    ],
)
def test_a_sync_asks_for_nothing_else(google: Any, more: dict[str, Any]) -> None:
    token = listed(google)["nextSyncToken"]

    assert refused(google, syncToken=token, **more) == (400, "invalidParameter")


def test_a_guest_who_is_taken_off_sees_it_deleted(google: Any, peer: GoogleSandbox) -> None:
    ben = google_for(peer, peer.add_person("ben@sandbox.example", "Ben"))
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, "Talk", attendees=[{"email": "ben@sandbox.example"}])
    token = listed(ben)["nextSyncToken"]

    peer.change(event_id, attendees=[])

    assert [item["status"] for item in listed(ben, syncToken=token)["items"]] == ["cancelled"]
    assert titles(listed(ben)) == []
    assert titles(listed(google)) == ["Talk"]


# --- series -----------------------------------------------------------------------------------------------------------


def test_a_series_is_one_entry_unless_single_ones_are_asked_for(google: Any, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, "Daily", **DAILY)

    (master,) = listed(google)["items"]
    single = listed(google, singleEvents=True, orderBy="startTime")["items"]

    assert master["recurrence"] == DAILY["recurrence"]
    assert [item["id"] for item in single] == [f"{event_id}_2027030{day}T090000Z" for day in (1, 2, 3)]
    assert single[1]["start"] == {"dateTime": "2027-03-02T10:00:00+01:00", "timeZone": "Europe/Berlin"}
    assert all(item["recurringEventId"] == event_id and "recurrence" not in item for item in single)


def test_a_series_keeps_its_local_hour_when_the_clocks_change(google: Any, peer: GoogleSandbox) -> None:
    saturday = MONDAY + 26 * DAY  # the clocks go forward in the night after it
    peer.add_event(saturday, saturday + HOUR, **DAILY)

    starts = [item["start"]["dateTime"] for item in listed(google, singleEvents=True, orderBy="startTime")["items"]]

    assert starts == ["2027-03-27T10:00:00+01:00", "2027-03-28T10:00:00+02:00", "2027-03-29T10:00:00+02:00"]


def test_an_instance_is_deleted_alone(google: Any, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, "Daily", **DAILY)
    token = listed(google)["nextSyncToken"]
    instance = f"{event_id}_20270302T090000Z"

    google.events().delete(calendarId="primary", eventId=instance).execute()

    assert len(listed(google, singleEvents=True)["items"]) == 2
    (gone,) = listed(google, syncToken=token)["items"]
    assert gone["id"] == instance
    assert set(gone) == {"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"}
    assert [item["id"] for item in listed(google)["items"]] == [event_id, instance]


def test_an_instance_is_moved_alone(google: Any, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, "Daily", **DAILY)
    instance = f"{event_id}_20270302T090000Z"

    peer.move(instance, MONDAY + DAY + 3 * HOUR)

    items = listed(google, singleEvents=True, orderBy="startTime")["items"]
    assert [item["start"]["dateTime"][:13] for item in items] == ["2027-03-01T10", "2027-03-02T13", "2027-03-03T10"]
    assert items[1]["originalStartTime"]["dateTime"] == "2027-03-02T10:00:00+01:00"


def test_a_deleted_series_takes_its_instances_along(google: Any, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, "Daily", **DAILY)
    peer.move(f"{event_id}_20270302T090000Z", MONDAY + DAY + 3 * HOUR)
    token = listed(google, singleEvents=True)["nextSyncToken"]

    peer.delete(event_id)

    assert listed(google, singleEvents=True)["items"] == []
    assert {item["status"] for item in listed(google, singleEvents=True, syncToken=token)["items"]} == {"cancelled"}


def test_rules_have_ends_and_exceptions(google: Any, peer: GoogleSandbox) -> None:
    rules = ["RRULE:FREQ=DAILY;UNTIL=20270304T090000Z", "EXDATE;TZID=Europe/Berlin:20270302T100000"]
    peer.add_event(MONDAY, MONDAY + HOUR, recurrence=rules)

    starts = [item["start"]["dateTime"][:10] for item in listed(google, singleEvents=True)["items"]]

    assert starts == ["2027-03-01", "2027-03-03", "2027-03-04"]


def test_days_repeat_too(google: Any, peer: GoogleSandbox) -> None:
    peer.add_event(date(2027, 3, 27), date(2027, 3, 29), recurrence=["RRULE:FREQ=WEEKLY;UNTIL=20270403"])

    items = listed(google, singleEvents=True)["items"]

    assert [(item["start"], item["end"]) for item in items] == [
        ({"date": "2027-03-27"}, {"date": "2027-03-29"}),
        ({"date": "2027-04-03"}, {"date": "2027-04-05"}),
    ]


def test_a_series_without_an_end_fits_into_bounds(google: Any, peer: GoogleSandbox) -> None:
    peer.add_event(MONDAY, MONDAY + HOUR, recurrence=["RRULE:FREQ=WEEKLY;BYDAY=MO"])

    answer = listed(
        google,
        singleEvents=True,
        timeMin=(MONDAY + 100 * DAY).isoformat(),
        timeMax=(MONDAY + 114 * DAY).isoformat(),
    )

    assert len(answer["items"]) == 2
