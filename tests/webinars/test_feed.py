"""Sessions in calendars and in the sitemap, read as other programs read them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import vobject
from django.test import Client
from django.utils import timezone

from leads import vtimezone
from tests.factories import RegistrationFactory, SessionFactory, WhitepaperFactory
from webinars import links

pytestmark = pytest.mark.django_db

IN_SPRING = [datetime(2031, 3, 30, hour, 30, tzinfo=UTC) for hour in (0, 1)]  # 01:30 and 03:30 in Berlin
IN_AUTUMN = [datetime(2031, 10, 26, 1, 30, tzinfo=UTC)]  # the second 02:30 in Berlin


@pytest.fixture(autouse=True)
def fresh_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """vobject keeps the first description that it reads of a zone, which is of some years only."""
    monkeypatch.setattr("vobject.icalendar.__tzidMap", {})


def read(answer: Any) -> Any:
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    return vobject.readOne(answer.content.decode())


def events(client: Client, path: str = "/en/webinars/feed.ics") -> list[Any]:
    return list(read(client.get(path)).contents.get("vevent", []))


def path_of(link: str) -> str:
    return urlsplit(link).path


def test_feed_has_what_is_published_and_ahead(client: Client) -> None:
    SessionFactory(topic__title_en="Data, and more", topic__description_en="Öl; 1,\n2", slug="data")
    SessionFactory(status="draft")
    SessionFactory(starts_at=timezone.now() - timedelta(days=1))

    (event,) = events(client)

    assert (event.summary.value, event.description.value) == ("Data, and more", "Öl; 1,\n2")
    assert event.url.value.endswith("/en/webinars/data/")


def test_feed_is_published_and_named_in_the_language_of_its_address(client: Client) -> None:
    SessionFactory(topic__title_de="Daten")

    calendar = read(client.get("/de/webinars/feed.ics"))

    assert (calendar.method.value, calendar.vevent.summary.value) == ("PUBLISH", "Daten")


def test_bare_address_leads_to_the_feed_in_a_language(client: Client) -> None:
    assert client.get("/webinars/feed.ics")["Location"] == "/en/webinars/feed.ics"


def test_empty_feed_is_a_calendar(client: Client) -> None:
    assert events(client) == []


@pytest.mark.parametrize("starts_at", [*IN_SPRING, IN_AUTUMN[0] + timedelta(hours=1)])
def test_feed_is_right_beside_the_change_to_and_from_summer_time(client: Client, starts_at: datetime) -> None:
    SessionFactory(starts_at=starts_at, duration_minutes=120)

    (event,) = events(client)

    assert event.dtstart.value.astimezone(UTC) == starts_at
    assert event.dtend.value.astimezone(UTC) == starts_at + timedelta(minutes=120)
    assert event.dtstart.params["X-VOBJ-ORIGINAL-TZID"] == ["Europe/Berlin"]


def test_meeting_link_is_not_in_the_feed(client: Client) -> None:
    SessionFactory(meeting_url="https://meet.example/1")

    assert b"meet.example" not in client.get("/en/webinars/feed.ics").content


def test_same_session_gives_the_same_bytes(client: Client) -> None:
    SessionFactory()

    assert client.get("/en/webinars/feed.ics").content == client.get("/en/webinars/feed.ics").content


@pytest.mark.parametrize("count", [1, 3])
def test_feed_takes_one_query(client: Client, count: int, django_assert_num_queries: Any) -> None:
    SessionFactory.create_batch(count)

    with django_assert_num_queries(1):
        client.get("/en/webinars/feed.ics")


def test_registration_goes_into_the_calendar_with_its_meeting_link(client: Client) -> None:
    session = SessionFactory(slug="data", sequence=3, meeting_url="https://meet.example/1")
    registration = RegistrationFactory(session=session)

    answer = client.get(path_of(links.calendar(registration)))

    event = read(answer).vevent
    assert answer["Content-Disposition"] == 'attachment; filename="data.ics"'
    assert (event.uid.value.partition("@")[0], event.sequence.value) == (registration.uuid.hex, "3")
    assert (event.location.value, event.status.value) == ("https://meet.example/1", "CONFIRMED")


def test_registration_that_was_cancelled_is_so_in_the_calendar_and_the_last_word(client: Client) -> None:
    registration = RegistrationFactory(session__sequence=3, status="cancelled")

    event = read(client.get(path_of(links.calendar(registration)))).vevent

    assert (event.status.value, event.sequence.value) == ("CANCELLED", "4")


@pytest.mark.parametrize("status", ["waitlisted", "offered", "pending_payment"])
def test_seat_that_nobody_has_yet_is_tentative_in_the_calendar(client: Client, status: str) -> None:
    registration = RegistrationFactory(status=status)

    assert read(client.get(path_of(links.calendar(registration)))).vevent.status.value == "TENTATIVE"


def test_session_that_was_cancelled_is_so_in_the_calendar(client: Client) -> None:
    registration = RegistrationFactory(session__status="cancelled", status="cancelled")

    assert read(client.get(path_of(links.calendar(registration)))).vevent.status.value == "CANCELLED"


def test_sitemap_has_lists_whitepapers_and_sessions_in_both_languages(client: Client) -> None:
    WhitepaperFactory(slug="gdpr")
    WhitepaperFactory(slug="draft", published=False)
    SessionFactory(slug="data")
    SessionFactory(slug="secret", status="draft")

    found = re.findall(r"<loc>http://testserver(.*?)</loc>", client.get("/sitemap.xml").content.decode())

    pages = ["whitepapers/", "webinars/", "book/", "whitepapers/gdpr/", "webinars/data/"]
    assert sorted(found) == sorted(f"/{language}/{page}" for language in ("en", "de") for page in pages)


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "UTC"]


def test_clock_changes_when_it_leaves_the_old_time(client: Client) -> None:
    SessionFactory(starts_at=IN_SPRING[0])

    described = client.get("/en/webinars/feed.ics").content.decode()

    assert "BEGIN:DAYLIGHT\r\nDTSTART:20310330T020000\r\nTZNAME:CEST\r\n" in described


@pytest.mark.parametrize("zone", ZONES)
def test_every_hour_around_every_change_of_the_clock_is_read_right(client: Client, zone: str) -> None:
    """Except the hour that comes twice, of which vobject, as other readers, knows the one only."""
    changes = [*vtimezone.changes(ZoneInfo(zone), datetime(2031, 1, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC))]
    hours = [change + timedelta(hours=hour) for change in changes for hour in (-3, -2, 2, 3)]
    moments = sorted([*hours, datetime(2031, 6, 1, tzinfo=UTC)])
    for starts_at in moments:
        SessionFactory(starts_at=starts_at, zone=zone)

    assert [event.dtstart.value.astimezone(UTC) for event in events(client)] == moments
