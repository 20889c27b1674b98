"""Entries by Google's own library: made once, changed field by field, deleted for good."""

from datetime import timedelta
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from integrations.google_calendar.sandbox import PERSON, GoogleSandbox

from .conftest import HOUR, MONDAY, Http, google_for, times


def refused(request: Any) -> tuple[int, str]:
    """(status, reason)"""
    with pytest.raises(HttpError) as error:
        request.execute()
    return error.value.status_code, error.value.error_details[0]["reason"]


def test_an_entry_is_what_was_said_and_what_google_adds(google: Any, peer: GoogleSandbox) -> None:
    body = {
        "id": "b00k1ng",
        "summary": "Consultation",
        **times(),
        "extendedProperties": {"private": {"booking": "7"}},
    }

    made = google.events().insert(calendarId="primary", body=body).execute()

    assert made == google.events().get(calendarId=PERSON, eventId="b00k1ng").execute()
    assert made["iCalUID"] == "b00k1ng@google.com"
    assert made["start"] == {"dateTime": "2027-03-01T10:00:00+01:00"}
    assert made["organizer"] == made["creator"] == {"email": PERSON, "self": True}
    assert (made["status"], made["sequence"], made["reminders"]) == ("confirmed", 0, {"useDefault": True})
    assert made["extendedProperties"] == {"private": {"booking": "7"}}


def test_an_id_is_given_once_even_when_its_entry_is_deleted(google: Any) -> None:
    insert = google.events().insert(calendarId="primary", body={"id": "b00k1ng", **times()})
    insert.execute()

    assert refused(insert) == (409, "duplicate")
    google.events().delete(calendarId="primary", eventId="b00k1ng").execute()
    assert refused(insert) == (409, "duplicate")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"start": {"dateTime": "2027-03-01T10:00:00Z"}}, "required"),
        ({"id": "WXYZ!", **times()}, "invalid"),
        ({"id": "abcd", **times()}, "invalid"),
        (times(MONDAY, MONDAY - HOUR), "timeRangeEmpty"),
        ({"start": {"dateTime": "2027-03-01T10:00:00"}, "end": {"dateTime": "2027-03-01T11:00:00"}}, "required"),
        ({"start": {"date": "2027-03-01"}, "end": {"dateTime": "2027-03-01T11:00:00Z"}}, "invalid"),
        ({**times(), "attendees": [{"email": "nobody"}]}, "invalid"),
        ({**times(), "recurrence": ["RRULE:FREQ=DAILY"]}, "required"),
        ({**times(), "colour": "red"}, "badRequest"),
        ({**times(), "summary": 7}, "badRequest"),
        ({**times(), "attendees": [{"email": "a@b.example", "phone": "1"}]}, "badRequest"),
    ],
)
def test_nonsense_is_refused(google: Any, peer: GoogleSandbox, body: dict[str, Any], reason: str) -> None:
    assert refused(google.events().insert(calendarId="primary", body=body)) == (400, reason)
    assert peer.events() == []


def test_unknown_parameters_are_refused(http: Http) -> None:
    answer = http("GET", "calendars/primary/events?singleEvent=true")

    assert answer.status_code == 400
    assert answer.json()["error"]["errors"][0]["location"] == "singleEvent"


def test_a_patch_changes_what_it_names(google: Any, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, "Lunch", description="With Ben", location="Canteen")

    google.events().patch(
        calendarId="primary", eventId=event_id, body={"summary": "Dinner", "location": None}
    ).execute()

    event = peer.event(event_id)
    assert (event["summary"], event["description"], "location" in event) == ("Dinner", "With Ben", False)
    assert event["sequence"] == 0


def test_a_moved_entry_counts_its_versions(google: Any, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR)

    google.events().patch(calendarId="primary", eventId=event_id, body=times(MONDAY + HOUR)).execute()

    assert peer.event(event_id)["sequence"] == 1
    assert peer.event(event_id)["end"]["dateTime"] == "2027-03-01T12:00:00+01:00"


def test_an_outdated_version_is_not_written_over(google: Any, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR)
    patch = google.events().patch(calendarId="primary", eventId=event_id, body={"summary": "Mine"})
    patch.headers["If-Match"] = peer.event(event_id)["etag"]
    peer.change(event_id, summary="Theirs")

    assert refused(patch) == (412, "conditionNotMet")
    assert peer.event(event_id)["summary"] == "Theirs"


def test_a_deleted_entry_is_gone_once(google: Any, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR)
    delete = google.events().delete(calendarId="primary", eventId=event_id)

    assert delete.execute() == ""
    assert refused(delete) == (410, "deleted")
    assert google.events().get(calendarId="primary", eventId=event_id).execute()["status"] == "cancelled"
    assert refused(google.events().get(calendarId="primary", eventId="neverwas")) == (404, "notFound")


def test_calendars_of_an_account_are_listed(google: Any) -> None:
    listed = google.calendarList().list().execute()["items"]

    assert [(row["summary"], row["accessRole"], row.get("primary", False)) for row in listed] == [
        ("Anna Berg", "owner", True),
        ("Away", "owner", False),
    ]


@pytest.mark.parametrize(
    ("role", "status", "reason"),
    [("none", 404, "notFound"), ("freeBusyReader", 403, "requiredAccessLevel"), ("reader", 403, "requiredAccessLevel")],
)
def test_only_writers_write_in_a_shared_calendar(peer: GoogleSandbox, role: str, status: int, reason: str) -> None:
    ben = google_for(peer, peer.add_person("ben@sandbox.example", "Ben"))
    peer.share(PERSON, "ben@sandbox.example", role)

    assert refused(ben.events().insert(calendarId=PERSON, body=times())) == (status, reason)


def test_a_writer_writes_for_the_calendars_owner(peer: GoogleSandbox) -> None:
    ben = google_for(peer, peer.add_person("ben@sandbox.example", "Ben"))
    peer.share(PERSON, "ben@sandbox.example", "writer")

    made = ben.events().insert(calendarId=PERSON, body=times()).execute()

    assert made["creator"] == {"email": "ben@sandbox.example"}
    assert made["organizer"] == {"email": PERSON, "self": True}


def test_who_sees_free_and_busy_only_sees_no_titles(peer: GoogleSandbox) -> None:
    ben = google_for(peer, peer.add_person("ben@sandbox.example", "Ben"))
    peer.share(PERSON, "ben@sandbox.example", "freeBusyReader")
    peer.add_event(MONDAY, MONDAY + HOUR, "Secret", description="Very")

    (seen,) = ben.events().list(calendarId=PERSON).execute()["items"]

    assert not {"summary", "description", "attendees", "creator"} & seen.keys()


@pytest.mark.parametrize(
    ("scope", "calendar", "status"),
    [
        ("calendar.freebusy", "primary", 403),
        ("calendar.events.readonly", "primary", 403),
        ("calendar.events.owned", "primary", 200),
        ("calendar.events.owned", "ben@sandbox.example", 403),
        ("calendar.events", "ben@sandbox.example", 200),
    ],
)
def test_scopes_say_what_may_be_done(peer: GoogleSandbox, http: Http, scope: str, calendar: str, status: int) -> None:
    peer.add_person("ben@sandbox.example", "Ben")
    peer.share("ben@sandbox.example", PERSON, "writer")
    http.token = peer.tokens(PERSON, [f"https://www.googleapis.com/auth/{scope}"])["access_token"]

    answer = http("POST", f"calendars/{calendar}/events", json=times())

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"


# --- guests -----------------------------------------------------------------------------------------------------------


def invite(google: Any, *emails: str, send: str = "all") -> Any:
    body = {"summary": "Talk", **times(), "attendees": [{"email": email} for email in emails]}
    return google.events().insert(calendarId="primary", body=body, sendUpdates=send).execute()


@pytest.mark.parametrize(
    ("send", "told"),
    [
        ("all", ["ben@sandbox.example", "client@outside.example"]),
        ("externalOnly", ["client@outside.example"]),
        ("none", []),
    ],
)
def test_guests_are_told_as_asked(google: Any, peer: GoogleSandbox, send: str, told: list[str]) -> None:
    peer.add_person("ben@sandbox.example", "Ben")

    invite(google, PERSON, "ben@sandbox.example", "client@outside.example", send=send)

    assert [(mail["kind"], mail["to"]) for mail in peer.mails] == [("invitation", email) for email in told]


def test_a_patch_that_changes_nothing_writes_letters_all_the_same(google: Any, peer: GoogleSandbox) -> None:
    made = invite(google, "client@outside.example")

    google.events().patch(
        calendarId="primary", eventId=made["id"], body={"summary": "Talk"}, sendUpdates="all"
    ).execute()
    google.events().delete(calendarId="primary", eventId=made["id"], sendUpdates="all").execute()

    assert [mail["kind"] for mail in peer.mails] == ["invitation", "update", "cancellation"]


def test_an_entry_stands_in_its_guests_calendar_too(google: Any, peer: GoogleSandbox) -> None:
    ben = google_for(peer, peer.add_person("ben@sandbox.example", "Ben"))
    made = invite(google, PERSON, "ben@sandbox.example")

    (seen,) = ben.events().list(calendarId="primary").execute()["items"]

    assert (seen["id"], seen["organizer"]) == (made["id"], {"email": PERSON})
    assert seen["attendees"] == [
        {"email": PERSON, "responseStatus": "accepted", "organizer": True},
        {"email": "ben@sandbox.example", "responseStatus": "needsAction", "self": True},
    ]


def test_guests_change_their_answer_and_nothing_else(google: Any, peer: GoogleSandbox) -> None:
    ben = google_for(peer, peer.add_person("ben@sandbox.example", "Ben"))
    event_id = invite(google, PERSON, "ben@sandbox.example")["id"]
    no = {"attendees": [{"email": "ben@sandbox.example", "responseStatus": "declined"}]}

    ben.events().patch(calendarId="primary", eventId=event_id, body=no).execute()

    assert [guest["responseStatus"] for guest in peer.event(event_id)["attendees"]] == ["accepted", "declined"]
    moved = ben.events().patch(calendarId="primary", eventId=event_id, body=times(MONDAY + timedelta(days=1)))
    assert refused(moved) == (403, "forbiddenForNonOrganizer")


def test_a_guest_who_deletes_it_has_declined(google: Any, peer: GoogleSandbox) -> None:
    ben = google_for(peer, peer.add_person("ben@sandbox.example", "Ben"))
    event_id = invite(google, "ben@sandbox.example")["id"]

    ben.events().delete(calendarId="primary", eventId=event_id).execute()

    assert peer.event(event_id)["attendees"][0]["responseStatus"] == "declined"
    assert peer.events("ben@sandbox.example") == []
    assert refused(ben.events().delete(calendarId="primary", eventId=event_id)) == (410, "deleted")


# --- conferences ------------------------------------------------------------------------------------------------------

MEET = {"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}


def state(event: Any) -> str:
    return str(event["conferenceData"]["createRequest"]["status"]["statusCode"])


def test_a_conference_needs_the_version_that_knows_it(google: Any) -> None:
    body = {**times(), "conferenceData": MEET}

    without = google.events().insert(calendarId="primary", body=body).execute()
    with_it = google.events().insert(calendarId="primary", body=body, conferenceDataVersion=1).execute()

    assert "conferenceData" not in without
    assert state(with_it) == "success"
    assert with_it["conferenceData"]["entryPoints"][0]["uri"] == with_it["hangoutLink"]


def test_a_conference_may_take_some_reads(google: Any, peer: GoogleSandbox) -> None:
    peer.faults.set("meet_pending", 2)
    made = (
        google.events()
        .insert(calendarId="primary", body={**times(), "conferenceData": MEET}, conferenceDataVersion=1)
        .execute()
    )

    reads = [google.events().get(calendarId="primary", eventId=made["id"]).execute() for _ in range(3)]

    assert [state(event) for event in (made, *reads)] == ["pending", "pending", "success", "success"]
    assert ["hangoutLink" in event for event in (made, *reads)] == [False, False, True, True]


def test_a_conference_may_fail(google: Any, peer: GoogleSandbox) -> None:
    peer.faults.set("meet_failure")

    made = (
        google.events()
        .insert(calendarId="primary", body={**times(), "conferenceData": MEET}, conferenceDataVersion=1)
        .execute()
    )

    assert (state(made), "hangoutLink" in made) == ("failure", False)


def test_a_patch_keeps_the_conference_and_takes_it_away_when_told(google: Any, peer: GoogleSandbox) -> None:
    made = (
        google.events()
        .insert(calendarId="primary", body={**times(), "conferenceData": MEET}, conferenceDataVersion=1)
        .execute()
    )
    patch = google.events().patch

    kept = patch(calendarId="primary", eventId=made["id"], body={"summary": "New"}).execute()
    again = patch(
        calendarId="primary", eventId=made["id"], body={"conferenceData": MEET}, conferenceDataVersion=1
    ).execute()
    without = patch(
        calendarId="primary", eventId=made["id"], body={"conferenceData": None}, conferenceDataVersion=1
    ).execute()

    assert kept["hangoutLink"] == again["hangoutLink"] == made["hangoutLink"]
    assert "hangoutLink" not in without
