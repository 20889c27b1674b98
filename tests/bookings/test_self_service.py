"""The page behind the link in a booking's letters."""

import re
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import urlsplit

import icalendar
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from bookings import actions, links
from bookings.models import Booking, Consultant
from bookings.signals import bookings_changed
from tests.bookings.test_holding_pages import Busy, Refusing
from tests.bookings.times import at
from tests.bookings.visiting import clocks, heading, text_of
from tests.factories import ConsultantFactory, a_client

pytestmark = pytest.mark.django_db

DETAILS = {"name": "Grace", "company": "Navy", "phone": "+1 2", "message": "Hello"}


@pytest.fixture(autouse=True)
def consultant() -> Consultant:
    made: Consultant = ConsultantFactory(slug="grace", name="Grace Hopper", change_hours=24)
    return made


def a_booking(clock: str = "10:00", **details: Any) -> Booking:
    told = {"language": "en", "zone": "Europe/Berlin", **details}
    return actions.book(Consultant.objects.get(), at(clock), 30, a_client(**told))


def path_of(booking: Booking, page: str = "manage") -> str:
    return urlsplit(getattr(links, page)(booking)).path


def press(client: Client, booking: Booking, button: str, **typed: str) -> Any:
    return client.post(path_of(booking), {"button": button, **typed}, follow=True)


def test_link_is_in_the_language_of_the_booking() -> None:
    assert path_of(a_booking(language="de")).startswith("/de/book/meeting/")


@pytest.mark.parametrize("token", ["x.y", "0" * 32 + ".x"])
def test_link_that_is_not_of_us_is_not_found(client: Client, token: str) -> None:
    assert client.get(f"/en/book/meeting/{token}/").status_code == 404


def test_page_is_for_who_has_the_link_only(client: Client) -> None:
    page = client.get(path_of(a_booking()))

    assert (page["Referrer-Policy"], page["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize(
    ("status", "told", "buttons"),
    [
        ("confirmed", "Your consultation", ["change", "cancel"]),
        ("pending", "Your consultation is not confirmed yet", ["change", "cancel"]),
        ("cancelled", "Your consultation is cancelled", []),
        ("completed", "This consultation is over", []),
        ("no_show", "This consultation is over", []),
    ],
)
def test_page_tells_the_state_and_offers_what_can_be_done(
    client: Client, status: str, told: str, buttons: list[str]
) -> None:
    booking = a_booking()
    Booking.objects.update(status=status)

    page = client.get(path_of(booking))

    assert heading(page) == told
    assert re.findall(r'name="button" value="(\w+)"', page.content.decode()) == buttons
    assert (path_of(booking, "move") in page.content.decode()) is bool(buttons)


def test_page_tells_the_meeting_on_the_clock_where_it_was_booked(client: Client) -> None:
    booking = a_booking(zone="America/New_York")
    actions.note_meeting_url(booking, "https://meet.example/1")

    page = text_of(client.get(path_of(booking)))

    assert f"{at('10:00').astimezone(timezone.get_default_timezone()):%Y}, 0" in page
    assert "America/New_York" in page
    assert "https://meet.example/1" in page
    assert booking.reference in page


def test_looking_changes_nothing(client: Client) -> None:
    booking = a_booking()
    before = Booking.objects.values().get()

    for page in ("manage", "move", "calendar"):
        client.get(path_of(booking, page))
        client.head(path_of(booking, page))

    assert Booking.objects.values().get() == before


def test_meeting_is_moved_to_where_it_overlaps_itself(client: Client) -> None:
    booking = a_booking()
    Consultant.objects.update(step_minutes=15)

    page = client.get(f"{path_of(booking, 'move')}?week={at('10:00'):%Y-%m-%d}")
    answer = client.post(path_of(booking, "move"), {"start": at("10:15").isoformat()}, follow=True)

    assert f'value="{at("10:15").astimezone(UTC).isoformat()}"' in page.content.decode()
    assert "Your consultation is moved." in text_of(answer)
    assert Booking.objects.get().starts_at == at("10:15")


def test_time_that_is_gone_is_told_and_the_meeting_stays(client: Client) -> None:
    booking = a_booking()
    a_booking("12:00", email="bob@client.example")

    answer = client.post(path_of(booking, "move"), {"start": at("12:00").isoformat()})

    assert (answer.status_code, "This time is not free any more." in text_of(answer)) == (409, True)
    assert Booking.objects.get(pk=booking.pk).starts_at == at("10:00")


@pytest.mark.parametrize(
    ("calendar", "told"), [(Busy, "This time is not free any more."), (Refusing, "We cannot see just now")]
)
def test_what_the_calendar_is_against_is_not_moved(client: Client, settings: Any, calendar: type, told: str) -> None:
    booking = a_booking()
    settings.BOOKINGS_CALENDAR = f"{calendar.__module__}.{calendar.__name__}"

    answer = client.post(path_of(booking, "move"), {"start": at("12:00").isoformat()})

    assert (answer.status_code, told in text_of(answer)) == (409, True)
    assert Booking.objects.get().starts_at == at("10:00")


@pytest.mark.parametrize("start", ["", "x", "9999-12-31T23:59:00+00:00"])
def test_time_that_is_none_is_refused_in_words(client: Client, start: str) -> None:
    assert client.post(path_of(a_booking(), "move"), {"start": start}).status_code == 409


def test_meeting_is_cancelled_and_its_time_free(client: Client) -> None:
    booking = a_booking()

    page = press(client, booking, "cancel")

    assert heading(page) == "Your consultation is cancelled"
    a_booking(email="bob@client.example")


def test_link_in_the_letter_still_tells_of_a_cancelled_meeting_and_changes_nothing(client: Client) -> None:
    booking = a_booking()
    press(client, booking, "cancel")

    page = client.get(path_of(booking))
    buttons = [press(client, booking, button, **DETAILS) for button in ("cancel", "change")]
    moved = client.post(path_of(booking, "move"), {"start": at("12:00").isoformat()}, follow=True)
    entry = icalendar.Calendar.from_ical(client.get(path_of(booking, "calendar")).content).walk("VEVENT")[0]

    assert (heading(page), heading(moved)) == ("Your consultation is cancelled",) * 2
    assert [answer.status_code for answer in buttons] == [409, 409]
    assert (entry["STATUS"], entry["SEQUENCE"]) == ("CANCELLED", 1)
    row = Booking.objects.get()
    assert (row.status, row.starts_at, row.name, row.sequence) == ("cancelled", at("10:00"), "Ada Lovelace", 1)


def test_meeting_with_somebody_who_is_not_to_be_booked_any_more_stays_and_can_be_cancelled(client: Client) -> None:
    booking = a_booking()
    Consultant.objects.update(active=False)

    times = client.get(path_of(booking, "move"))
    moved = client.post(path_of(booking, "move"), {"start": at("12:00").isoformat()})

    assert (clocks(times), moved.status_code) == ([], 409)
    assert Booking.objects.get().starts_at == at("10:00")
    assert heading(press(client, booking, "cancel")) == "Your consultation is cancelled"


def test_too_late_is_told_beforehand_and_afterwards(client: Client) -> None:
    booking = a_booking()

    with time_machine.travel(booking.changeable_until + timedelta(minutes=1)):
        shown, cancelled = client.get(path_of(booking)), press(client, booking, "cancel")
        moved = client.post(path_of(booking, "move"), {"start": at("12:00").isoformat()})
        changed = press(client, booking, "change", **DETAILS)

    assert "It is too late to move or cancel it here." in text_of(shown)
    assert 'value="cancel"' not in shown.content.decode()
    assert (cancelled.status_code, "It is too late to change this online." in text_of(cancelled)) == (409, True)
    assert (moved["Location"], "Your changes are saved." in text_of(changed)) == (path_of(booking), True)
    row = Booking.objects.get()
    assert (row.status, row.starts_at) == ("confirmed", at("10:00"))


def test_details_are_corrected(client: Client) -> None:
    booking = a_booking()

    page = press(client, booking, "change", **DETAILS)

    assert Booking.objects.values(*DETAILS).get() == DETAILS
    assert "Your changes are saved." in text_of(page)


def test_correction_is_told(client: Client) -> None:
    booking, told = a_booking(), []

    def hear(bookings: list[Booking], **kwargs: Any) -> None:
        told.extend(bookings)

    bookings_changed.connect(hear)
    press(client, booking, "change", **DETAILS)
    press(client, booking, "change", **DETAILS)
    bookings_changed.disconnect(hear)

    assert told == [booking]


def test_number_for_a_call_can_be_another_but_not_none(client: Client) -> None:
    booking = a_booking(meeting_type="phone", phone="1")

    page = press(client, booking, "change", **{**DETAILS, "phone": ""})

    assert (page.status_code, Booking.objects.get().phone) == (422, "1")
    assert 'value="Navy"' in page.content.decode()


@pytest.mark.parametrize("button", ["cancel", "change"])
def test_button_of_an_old_page_says_that_it_is_too_late(client: Client, button: str) -> None:
    booking = a_booking()
    actions.cancel(booking)

    page = press(client, booking, button, **DETAILS)

    assert (page.status_code, "This is not possible" in text_of(page)) == (409, True)


def test_meeting_that_is_over_cannot_be_changed(client: Client) -> None:
    booking = a_booking()

    with time_machine.travel(booking.ends_at + timedelta(minutes=1)):
        page = client.get(path_of(booking))

    assert (heading(page), "<button" in page.content.decode()) == ("This consultation is over", False)


def test_forgotten_person_is_told_so(client: Client) -> None:
    booking = a_booking()
    path = path_of(booking)
    booking.anonymise()
    booking.save()

    page = client.get(path)

    assert (page.status_code, heading(page)) == (410, "We know nothing of you any more")
    assert client.post(path, {"button": "cancel"}).status_code == 410
    assert client.get(f"{path}calendar.ics").status_code == 404
    assert client.get(f"{path}move/")["Location"] == path
    assert Booking.objects.get().status == "confirmed"


def test_meeting_is_had_as_a_file_for_calendars(client: Client) -> None:
    booking = a_booking()

    answer = client.get(path_of(booking, "calendar"))

    entry = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")[0]
    assert (answer["Content-Type"], entry["SUMMARY"]) == (
        "text/calendar; charset=utf-8",
        "Consultation with Grace Hopper",
    )
    assert f'filename="{booking.reference}.ics"' in answer["Content-Disposition"]
    assert entry.start == at("10:00")
    assert links.manage(booking) in str(entry["DESCRIPTION"])


def test_buttons_work_without_cookies() -> None:
    booking = a_booking()

    answer = Client(enforce_csrf_checks=True).post(path_of(booking), {"button": "cancel"})

    assert (answer.status_code, Booking.objects.get().status) == (302, "cancelled")


def test_thirty_first_change_within_ten_minutes_waits(client: Client) -> None:
    booking = a_booking()

    answers = [client.post(path_of(booking), {"button": "change", **DETAILS}) for _ in range(31)]

    assert [answer.status_code for answer in answers] == [302] * 30 + [429]
    assert client.post(path_of(booking, "move"), {"start": at("12:00").isoformat()}).status_code == 429


def test_page_takes_one_query(client: Client, django_assert_num_queries: Any) -> None:
    booking = a_booking()

    with django_assert_num_queries(1):
        client.get(path_of(booking))
    with django_assert_num_queries(6):
        client.get(path_of(booking, "move"))
