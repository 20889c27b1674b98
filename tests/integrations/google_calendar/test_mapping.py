"""A booking in Google's words, and an entry in ours: nobody is asked."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings

from bookings.models import Booking, Consultant
from bookings.spans import Span
from integrations.google_calendar import mapping, names
from integrations.google_calendar.mapping import Conference

NAMED = uuid.UUID("12345678-1234-5678-1234-567812345678")
TEN = datetime(2026, 12, 1, 9, tzinfo=UTC)  # in Berlin


def a_booking(**fields: Any) -> Booking:
    consultant = Consultant(
        name="Grace Hopper", email="Grace@firm.example", zone="Europe/Berlin", place="Ring 1\nBerlin"
    )
    usual = {
        "pk": 7,
        "uuid": NAMED,
        "reference": "VLT-20261124-7KQX",
        "consultant": consultant,
        "starts_at": TEN,
        "ends_at": TEN + timedelta(minutes=30),
        "name": "Ada Lovelace",
        "email": "ada@client.example",
        "company": "Analytical",
        "phone": "+44 20 7946 0000",
        "message": "About engines.",
        "status": "confirmed",
    }
    return Booking(**{**usual, **fields})


def entry(booking: Booking, *, minimal: bool = False) -> dict[str, Any]:
    return mapping.entry(booking, mapping.values(booking, minimal=minimal))


class TestNames:
    def test_a_name_has_the_letters_that_google_allows(self) -> None:
        assert names.event_id(a_booking()) == "28q5cu0i6hb7g4hkaps14d2mf0"
        assert names.ical_uid(a_booking()) == "28q5cu0i6hb7g4hkaps14d2mf0@google.com"

    def test_a_name_leads_back(self) -> None:
        for booking in (Booking(), Booking(), a_booking()):
            assert names.uuid_of(names.event_id(booking)) == booking.uuid

    @pytest.mark.parametrize(
        "strange",
        [
            "",
            "1vk76ch9q0e0b4v13ku0rklsnr",  # Google's own: as long, and with other last bits
            "28q5cu0i6hb7g4hkaps14d2mf0_20261201T090000Z",  # one of a series
            "28q5cu0i6hb7g4hkaps14d2mfz",
            "28Q5CU0I6HB7G4HKAPS14D2MF0",
        ],
    )
    def test_others_names_lead_nowhere(self, strange: str) -> None:
        assert names.uuid_of(strange) is None


class TestEntry:
    def test_says_what_the_specification_wants(self) -> None:
        assert entry(a_booking(meeting_type="video")) == {
            "id": "28q5cu0i6hb7g4hkaps14d2mf0",
            "status": "confirmed",
            "summary": "Consultation - Ada Lovelace",
            "description": (
                "Consultation with Ada Lovelace\nCompany: Analytical\nEmail: ada@client.example\n"
                "Phone: +44 20 7946 0000\n\nMessage:\nAbout engines.\n\nBooking Reference: VLT-20261124-7KQX"
            ),
            "location": "",
            "start": {"dateTime": "2026-12-01T10:00:00+01:00", "timeZone": "Europe/Berlin"},
            "end": {"dateTime": "2026-12-01T10:30:00+01:00", "timeZone": "Europe/Berlin"},
            "attendees": [
                {"email": "ada@client.example"},
                {"email": "grace@firm.example", "responseStatus": "accepted"},
            ],
            "conferenceData": {
                "createRequest": {
                    "requestId": "booking-12345678-1234-5678-1234-567812345678",
                    "conferenceSolutionKey": {"type": "hangoutsMeet"},
                }
            },
            "reminders": {
                "useDefault": False,
                "overrides": [{"method": "email", "minutes": 1440}, {"method": "popup", "minutes": 30}],
            },
            "extendedProperties": {"private": {"magnetiq": str(NAMED)}},
        }

    def test_what_was_not_told_is_said_to_be_missing(self) -> None:
        said = entry(a_booking(company="", phone="", message=""))["description"]
        assert "Company: N/A\n" in said
        assert "Phone: N/A\n" in said
        assert "Message:\nNo specific message\n" in said

    def test_speaks_the_clients_language(self) -> None:
        assert entry(a_booking(language="de"))["summary"] == "Beratung - Ada Lovelace"

    @pytest.mark.parametrize(("way", "place"), [("phone", ""), ("in_person", "Ring 1\nBerlin"), ("video", "")])
    def test_only_a_video_meeting_has_a_conference(self, way: str, place: str) -> None:
        made = entry(a_booking(meeting_type=way))
        assert ("conferenceData" in made, made["location"]) == (way == "video", place)

    def test_minimal_names_nobody(self, settings: LazySettings) -> None:
        settings.SITE_URL = "https://www.firm.example"
        made = entry(a_booking(), minimal=True)
        assert made["summary"] == "Consultation - VLT-20261124-7KQX"
        assert made["description"] == (
            "Booking Reference: VLT-20261124-7KQX\nhttps://www.firm.example/admin/bookings/booking/7/change/"
        )
        assert made["attendees"] == [{"email": "grace@firm.example", "responseStatus": "accepted"}]

    def test_what_a_visitor_wrote_makes_no_links(self) -> None:
        said = entry(a_booking(message='<a href="https://evil.example">Join</a> if 3 < 4 & <3'))["description"]
        assert '< a href="https://evil.example">Join< /a> if 3 < 4 & <3' in said

    def test_a_change_says_nothing_else(self) -> None:
        booking = a_booking()
        said = mapping.values(booking, minimal=False)
        assert mapping.changed(booking, said, ["summary"]) == {"summary": "Consultation - Ada Lovelace"}
        assert mapping.changed(booking, said, ["ends_at"]).keys() == {"start", "end"}

    def test_nothing_personal_is_left_of_somebody_who_was_forgotten(self) -> None:
        booking = a_booking()
        booking.anonymise()
        assert mapping.blank(booking) == {
            "summary": "Consultation - VLT-20261124-7KQX",
            "description": "",
            "attendees": [{"email": "Grace@firm.example", "responseStatus": "accepted"}],
        }


class TestHeld:
    @pytest.mark.parametrize("minimal", [True, False])
    def test_what_we_send_is_what_we_read(self, minimal: bool) -> None:
        booking = a_booking(message="Two\r\nlines  \nof it. ", language="de", meeting_type="in_person")
        said = mapping.values(booking, minimal=minimal)
        assert mapping.held(mapping.entry(booking, said)) == said

    def test_times_are_the_same_in_every_zone(self) -> None:
        moved = {"start": {"dateTime": "2026-12-01T04:00:00-05:00"}, "end": {"dateTime": "2026-12-01T09:30:00Z"}}
        assert mapping.span_of(moved) == Span(TEN, TEN + timedelta(minutes=30))

    @pytest.mark.parametrize(
        "event",
        [
            {"kind": "calendar#event", "etag": '"1"', "id": "28q5cu0i6hb7g4hkaps14d2mf0", "status": "cancelled"},
            {"status": "confirmed", "start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"}},
        ],
    )
    def test_what_has_no_hours_has_no_times(self, event: dict[str, Any]) -> None:
        assert mapping.span_of(event) is None
        assert (mapping.held(event)["starts_at"], mapping.held(event)["ends_at"]) == ("", "")

    @pytest.mark.parametrize(
        ("guests", "answer"),
        [
            ([], None),
            ([{"email": "grace@firm.example", "responseStatus": "declined"}], None),
            ([{"email": "Ada@Client.example", "responseStatus": "declined"}], "declined"),
            ([{"email": "ada@client.example", "responseStatus": "tentative"}], "tentative"),
            ([{"email": "ada@client.example", "responseStatus": "accepted"}], "accepted"),
            ([{"email": "ada@client.example", "responseStatus": "needsAction"}], ""),
            ([{"email": "ada@client.example"}], ""),
        ],
    )
    def test_only_the_clients_answer_counts(self, guests: list[dict[str, str]], answer: str | None) -> None:
        assert mapping.answer_of({"attendees": guests}, a_booking()) == answer


class TestConference:
    REQUEST = {"requestId": f"booking-{NAMED}", "conferenceSolutionKey": {"type": "hangoutsMeet"}}

    @pytest.mark.parametrize(
        ("code", "state"), [("pending", Conference.PENDING), ("failure", Conference.FAILED), ("", Conference.PENDING)]
    )
    def test_one_that_is_asked_for(self, code: str, state: Conference) -> None:
        event = {"conferenceData": {"createRequest": {**self.REQUEST, "status": {"statusCode": code}}}}
        assert (mapping.conference_of(event), mapping.meeting_url(event)) == (state, "")

    def test_none_was_asked_for(self) -> None:
        assert mapping.conference_of({}) == Conference.NONE

    @pytest.mark.parametrize(
        "event",
        [
            {"hangoutLink": "https://meet.google.com/a-b-c"},
            {
                "conferenceData": {
                    "entryPoints": [
                        {"entryPointType": "phone", "uri": "tel:+1-555"},
                        {"entryPointType": "video", "uri": "https://meet.google.com/a-b-c"},
                    ]
                }
            },
        ],
    )
    def test_one_that_is_ready(self, event: dict[str, Any]) -> None:
        assert mapping.conference_of(event) == Conference.READY
        assert mapping.meeting_url(event) == "https://meet.google.com/a-b-c"

    def test_one_that_failed_is_asked_for_under_another_number(self) -> None:
        booking = a_booking()
        asked = mapping.conference(booking)
        assert mapping.next_request(asked) == 2
        assert mapping.next_request(mapping.conference(booking, 2)) == 3
        assert mapping.conference(booking, 2) != asked
