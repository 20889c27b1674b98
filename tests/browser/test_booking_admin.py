"""The operators' calendar by browser: why not, book, move, who did not come; by mouse, by keyboard, on a phone."""

from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from bookings.actions import book
from bookings.actions.slots import occupy
from bookings.models import Booking, Consultant, TimeOff
from tests.bookings.times import at
from tests.browser.clicks import press
from tests.factories import ConsultantFactory, a_client

pytestmark = pytest.mark.django_db(transaction=True)
A_PHONE = {"width": 360, "height": 740}


@pytest.fixture
def grace(transactional_db: None) -> Consultant:
    grace = ConsultantFactory(name="Grace Hopper")
    book(grace, at("10:00"), 30, a_client())
    TimeOff.objects.create(consultant=grace, starts_at=at("14:00"), ends_at=at("15:00"), note="Dentist")
    return grace


def look(page: Page, view: str = "day") -> None:
    page.goto(f"/admin/bookings/booking/calendar/?view={view}&day={at('10:00').date()}&clock=own")


def moment(page: Page, clock: str, told: str) -> None:
    page.get_by_role("link", name=f"{clock} Grace Hopper: {told}").click()


def test_free_moment_is_booked_for_a_client(admin: Page, grace: Consultant) -> None:
    look(admin)
    moment(admin, "11:00", "free")
    admin.get_by_role("link", name="Book here").click()
    admin.locator("#id_name").fill("Edith Clarke")
    admin.locator("#id_email").fill("edith@client.example")
    press(admin, "Book")

    admin.get_by_text("is booked.").wait_for()
    assert Booking.objects.get(name="Edith Clarke").starts_at == at("11:00")


def test_moment_in_time_off_says_why_and_may_be_booked_after_all(admin: Page, grace: Consultant) -> None:
    look(admin)
    moment(admin, "14:00", "not offered")
    expect(admin.get_by_text("The consultant has time off.")).to_be_visible()
    expect(admin.get_by_role("link", name="Dentist")).to_be_visible()

    admin.get_by_role("link", name="Book here anyway").click()
    admin.locator("#id_name").fill("Edith Clarke")
    admin.locator("#id_email").fill("edith@client.example")
    press(admin, "Book")
    expect(admin.get_by_text("The consultant has time off.")).to_be_visible()
    admin.get_by_label("Yes, do it anyway.").check()
    press(admin, "Book")

    admin.get_by_text("is booked.").wait_for()
    assert Booking.objects.get(name="Edith Clarke").starts_at == at("14:00")


def test_booking_is_moved_by_its_page(admin: Page, grace: Consultant) -> None:
    look(admin, "week")
    admin.get_by_role("link", name="10:00–10:30 Grace Hopper: Ada Lovelace").click()
    admin.get_by_role("link", name="edit_calendar Move").click()
    admin.locator("#id_starts_at_1").fill("12:00")
    press(admin, "Move")

    admin.get_by_text("is moved.").wait_for()
    assert Booking.objects.get().starts_at == at("12:00")


def test_client_who_did_not_come_is_noted(admin: Page, grace: Consultant) -> None:
    booking = Booking.objects.get()
    occupy(booking, timezone.now() - timedelta(hours=1), timedelta(minutes=30))
    booking.save()

    admin.goto(f"/admin/bookings/booking/{booking.pk}/change/")
    press(admin, "Did not come")

    admin.get_by_text("the client did not come").wait_for()
    assert Booking.objects.get().status == "no_show"


def test_arrows_lead_through_the_calendar(admin: Page, grace: Consultant) -> None:
    look(admin, "week")
    free = admin.locator("a.cal-free").first
    free.focus()
    began = start_of(free.get_attribute("href"))

    admin.keyboard.press("ArrowDown")
    below = start_of(admin.locator(":focus").get_attribute("href"))
    admin.keyboard.press("ArrowRight")
    beside = start_of(admin.locator(":focus").get_attribute("href"))
    assert (below - began, beside - below) == (timedelta(minutes=30), timedelta(days=1))
    assert admin.locator("[data-calendar] .cal-body a[tabindex='0']").count() == 1

    admin.keyboard.press("Enter")
    admin.locator("#verdict").wait_for()


def start_of(href: str | None) -> datetime:
    return datetime.fromisoformat(parse_qs(urlsplit(href or "").query)["start"][0])


def test_calendar_fits_a_phone(admin: Page, grace: Consultant) -> None:
    admin.set_viewport_size(A_PHONE)
    for view in ("day", "week"):
        look(admin, view)
        assert admin.evaluate("document.documentElement.scrollWidth") <= A_PHONE["width"]

    look(admin)
    moment(admin, "11:00", "free")
    expect(admin.get_by_role("link", name="Book here")).to_be_visible()


def test_calendar_speaks_german(admin: Page, grace: Consultant) -> None:
    admin.context.add_cookies([{"name": "django_language", "value": "de", "url": admin.url}])
    look(admin)

    expect(admin.get_by_role("link", name="Uhr des Beraters")).to_be_visible()
    admin.get_by_role("link", name="14:00 Grace Hopper: nicht angeboten").click()
    expect(admin.get_by_text("Trotzdem hier buchen")).to_be_visible()
