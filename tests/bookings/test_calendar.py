"""Bookings in calendars, read by another library."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
import vobject

from bookings.actions import book, cancel, confirm, move
from bookings.calendar import calendar, for_consultant, ics, id_of, uid_of
from bookings.models import Booking
from tests.bookings.times import at
from tests.factories import ConsultantFactory, a_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """vobject keeps the first description that it reads of a zone, which is of some years only."""
    monkeypatch.setattr("vobject.icalendar.__tzidMap", {})


def entry(file: bytes) -> Any:
    return vobject.readOne(file.decode()).vevent


def booked(*, pending: bool = False, **details: Any) -> Booking:
    consultant = ConsultantFactory(
        name="Charles Babbage", meeting_types=["video", "phone", "in_person"], place="Room 1"
    )
    return book(consultant, at("10:00"), 60, a_client(**details), pending=pending)


def test_entry_has_the_name_that_google_gives_it() -> None:
    booking = Booking(uuid=uuid.UUID("0001f2e3-0000-4000-8000-00000000ffff"))

    assert id_of(booking) == "000v5oo0010010000000007vvs"
    assert uid_of(booking) == "000v5oo0010010000000007vvs@google.com"


def test_client_reads_whom_they_meet_and_when_and_where_to_change_it() -> None:
    booking = booked(zone="Europe/London", phone="+49 30 1", meeting_type="phone")

    file = ics(booking, url="https://firm.example/b/")

    read = entry(file)
    assert (read.summary.value, read.location.value) == ("Consultation with Charles Babbage", "We call you: +49 30 1")
    assert (read.dtstart.value, read.dtend.value) == (at("10:00"), at("11:00"))
    assert b"DTSTART;TZID=Europe/London:" in file
    assert read.url.value == "https://firm.example/b/"
    told = ["Change or cancel your booking: https://firm.example/b/", f"Reference: {booking.reference}"]
    assert read.description.value.splitlines() == told


def test_consultant_reads_who_comes_on_their_own_clock() -> None:
    booking = booked(zone="Asia/Tokyo", company="Analytical", phone="+49 30 1", message="Öl;\n1", meeting_type="phone")

    file = calendar([for_consultant(booking)])

    read = entry(file)
    assert (read.summary.value, read.location.value) == ("Consultation - Ada Lovelace", "You call: +49 30 1")
    assert b"DTSTART;TZID=Europe/Berlin:" in file
    about = ["Analytical", "ada@client.example", "+49 30 1", "Öl;", "1"]
    assert read.description.value.splitlines() == [*about, f"Reference: {booking.reference}"]


@pytest.mark.parametrize(
    ("details", "location"),
    [
        ({"meeting_type": "video"}, "Video call"),
        ({"meeting_type": "phone"}, "Phone call"),
        ({"meeting_type": "in_person"}, "Room 1"),
    ],
)
def test_place_is_where_they_meet(details: dict[str, Any], location: str) -> None:
    assert entry(ics(booked(**details))).location.value == location


def test_video_meeting_is_where_its_link_leads() -> None:
    booking = booked()
    booking.meeting_url = "https://meet.example/abc"

    read = entry(ics(booking, url="https://firm.example/b/"))

    assert (read.location.value, read.url.value) == ("https://meet.example/abc", "https://meet.example/abc")


def test_moved_and_cancelled_entry_is_the_same_one_and_the_newest() -> None:
    booking = booked()
    files = [ics(booking)]
    move(booking, at("14:00"))
    files.append(ics(booking))
    cancel(booking)
    files.append(ics(booking))

    read = [entry(file) for file in files]

    assert {each.uid.value for each in read} == {uid_of(booking)}
    assert [(each.sequence.value, each.status.value) for each in read] == [
        ("0", "CONFIRMED"),
        ("1", "CONFIRMED"),
        ("2", "CANCELLED"),
    ]
    assert read[1].dtstart.value == at("14:00")


def test_what_nobody_confirmed_yet_is_tentative() -> None:
    booking = booked(pending=True)
    before = entry(ics(booking)).status.value
    confirm(booking)

    assert (before, entry(ics(booking)).status.value) == ("TENTATIVE", "CONFIRMED")


def test_file_is_the_same_until_something_changes() -> None:
    booking = booked()

    assert ics(booking) == ics(Booking.objects.get())


def test_hour_that_comes_twice_is_told_in_utc() -> None:
    start = datetime(2031, 10, 26, 1, 30, tzinfo=UTC)  # the second 02:30 in Berlin
    with time_machine.travel(start - timedelta(days=10), tick=False):
        booking = book(ConsultantFactory(), start, 30, a_client(), lenient=True)

    assert entry(ics(booking)).dtstart.value == start
