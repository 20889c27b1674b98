"""What operators see of everybody's days, and why a moment is not offered."""

from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from bookings.actions import book, cancel, hold
from bookings.models import Booking, BusyCalendar, BusyInterval, Consultant, TimeOff, WorkingHours
from tests.bookings.times import at
from tests.factories import ConsultantFactory, a_client
from tests.integrations.admin.conftest import queries, text

pytestmark = pytest.mark.django_db
CALENDAR, MOMENT = "/admin/bookings/booking/calendar/", "/admin/bookings/booking/moment/"


def meet(consultant: Consultant, clock: str = "10:00", **details: Any) -> Booking:
    return book(consultant, at(clock), 30, a_client(), **details)


def busy(consultant: Consultant, start: datetime, end: datetime) -> BusyInterval:
    calendar = BusyCalendar.objects.create(consultant=consultant, calendar="grace@firm.example")
    return BusyInterval.objects.create(calendar=calendar, starts_at=start, ends_at=end)


def calendar(client: Client, **asked: Any) -> Any:
    return client.get(CALENDAR, {"day": at("10:00").date().isoformat(), **asked})


def blocks(response: Any) -> list[tuple[int, int, str]]:
    """(from, to, kind) of what stands there, of all columns."""
    grids = response.context["grids"]
    return [(each.start, each.end, each.kind) for grid in grids for column in grid.columns for each in column.blocks]


def free(response: Any) -> list[int]:
    grids = response.context["grids"]
    return [cell.start for grid in grids for column in grid.columns for cell in column.cells if cell.kind == "free"]


# --- the calendar page ----------------------------------------------------------------------------------------------


def test_a_day_shows_what_stands_in_it_and_what_is_free(operator: Client, consultant: Consultant) -> None:
    meet(consultant)
    hold(consultant, at("11:00"), 30)
    busy(consultant, at("13:00"), at("14:00"))
    TimeOff.objects.create(consultant=consultant, starts_at=at("15:00"), ends_at=at("17:00"))

    page = calendar(operator, view="day", minutes=30)

    assert blocks(page) == [(600, 630, "confirmed"), (660, 690, "held"), (780, 840, "busy"), (900, 1020, "off")]
    assert free(page) == [540, 570, 630, 690, 720, 750, 840, 870]
    assert "10:00 Ada Lovelace" in text(page)


def test_whoever_is_not_to_be_booked_any_more_is_there_as_long_as_somebody_comes(
    operator: Client, consultant: Consultant
) -> None:
    booking = meet(consultant)
    Consultant.objects.update(active=False)

    page = calendar(operator, view="day", minutes=30)
    assert (blocks(page), free(page)) == ([(600, 630, "confirmed")], [])

    cancel(booking)
    assert blocks(calendar(operator, view="day", minutes=30)) == []


def test_hold_that_is_over_is_not_there(operator: Client, consultant: Consultant) -> None:
    held = hold(consultant, at("11:00"), 30)
    Booking.objects.filter(pk=held.pk).update(held_until=timezone.now())

    assert blocks(calendar(operator, view="day")) == []


def test_a_week_has_a_grid_for_each_consultant_and_a_column_for_each_day(operator: Client) -> None:
    ConsultantFactory.create_batch(3)

    grids = calendar(operator).context["grids"]

    assert [len(grid.columns) for grid in grids] == [7, 7, 7]
    assert len(calendar(operator, view="day").context["grids"][0].columns) == 3


def test_everybody_by_the_readers_clock_or_by_their_own(operator: Client) -> None:
    tokyo = ConsultantFactory(zone="Asia/Tokyo")
    start = datetime.combine(at("00:00").date(), time(16), tokyo.zone_info)
    book(tokyo, start, 30, a_client())

    operator.cookies["zone"] = "UTC"

    assert blocks(calendar(operator, view="day")) == [(7 * 60, 7 * 60 + 30, "confirmed")]
    assert blocks(calendar(operator, view="day", clock="own")) == [(16 * 60, 16 * 60 + 30, "confirmed")]


def test_holiday_is_named_and_no_working_time(operator: Client, consultant: Consultant) -> None:
    Consultant.objects.update(holidays="DE")

    page = operator.get(CALENDAR, {"day": "2026-12-25", "view": "day"})

    (column,) = page.context["grids"][0].columns
    assert (column.holiday, column.working) == ("Christmas Day", [])


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_days_on_which_clocks_are_changed_are_drawn(operator: Client, consultant: Consultant, day: str) -> None:
    WorkingHours.objects.update(start=time(0), end=time(0))

    operator.cookies["zone"] = "Europe/Berlin"
    page = operator.get(CALENDAR, {"day": day, "view": "day"})

    (column,) = page.context["grids"][0].columns
    assert [(each.start, each.end) for each in column.working] == [(0, 1440)]
    missing = {2 * 60, 2 * 60 + 30} if day == "2026-03-29" else set()
    assert {cell.start for cell in column.cells} == set(range(0, 1440, 30)) - missing


def test_nonsense_in_the_address_counts_as_nothing(operator: Client, consultant: Consultant) -> None:
    page = operator.get(CALENDAR, {"day": "9999-99-99", "view": "x", "minutes": "-1", "clock": "y"})

    assert page.context["view"].kind == "week"
    assert page.context["view"].day == timezone.localdate()


def test_calendar_asks_as_often_for_ten_consultants_as_for_one(operator: Client, consultant: Consultant) -> None:
    meet(consultant)
    url = f"{CALENDAR}?{urlencode({'day': at('10:00').date()})}"
    for_one = queries(operator, url)
    for each in ConsultantFactory.create_batch(9):
        meet(each)
        busy(each, at("13:00"), at("14:00"))

    assert queries(operator, url) == for_one


def test_calendar_without_consultants_says_what_to_do(operator: Client) -> None:
    assert "add a consultant first" in text(operator.get(CALENDAR))


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(None, "calendar not read yet"), (3, "calendar read 3"), (30, "calendar out of date: read 30")],
)
def test_age_of_what_is_known_of_a_calendar_is_told(
    operator: Client, consultant: Consultant, minutes: int | None, said: str
) -> None:
    assert "no calendar of their own" in text(operator.get(CALENDAR))
    Consultant.objects.update(busy_calendars=["grace@firm.example"])
    if minutes:
        read = timezone.now() - timedelta(minutes=minutes)
        BusyCalendar.objects.create(consultant=consultant, calendar="grace@firm.example", checked_at=read)

    assert said in text(operator.get(CALENDAR))


# --- why not? -------------------------------------------------------------------------------------------------------


def why_not(client: Client, consultant: Consultant, start: datetime, minutes: int = 30) -> str:
    asked = {"consultant": consultant.pk, "start": start.isoformat(), "minutes": minutes}
    return text(client.get(MOMENT, asked))


def test_free_moment_can_be_booked(operator: Client, consultant: Consultant) -> None:
    page = why_not(operator, consultant, at("10:00"))

    assert "It is free, and offered." in page
    assert "Book here" in page


def test_booking_in_the_way_is_named_and_linked_and_nobody_books_over_it(
    operator: Client, consultant: Consultant
) -> None:
    booking = meet(consultant)

    page = why_not(operator, consultant, at("10:00"))

    assert "too near to another booking" in page
    assert f"/admin/bookings/booking/{booking.pk}/change/" in page
    assert "Book here" not in page
    assert "The next free time" in page


def test_every_other_reason_is_told_with_what_is_in_the_way(operator: Client, consultant: Consultant) -> None:
    off = TimeOff.objects.create(consultant=consultant, starts_at=at("14:00"), ends_at=at("15:00"), note="Dentist")
    busy(consultant, at("12:00"), at("13:00"))

    told = {
        clock: why_not(operator, consultant, start)
        for clock, start in {
            "off": at("14:00"),
            "busy": at("12:30"),
            "early": at("07:00"),
            "between": at("10:10"),
            "soon": at("10:00", days=0),
            "far": at("10:00", days=80),
        }.items()
    }

    assert f"/admin/bookings/timeoff/{off.pk}/change/" in told["off"]
    assert "Dentist" in told["off"]
    assert "grace@firm.example" in told["busy"]
    assert "09:00–17:00" in told["early"]
    assert "Meetings begin every 30 minutes" in told["between"]
    assert "Bookable from" in told["soon"]
    assert "Bookable until" in told["far"]
    assert all("Book here anyway" in page for page in told.values())


def test_whoever_is_not_active_has_no_free_moment_and_that_is_why(operator: Client, consultant: Consultant) -> None:
    consultant.active = False
    consultant.save()

    page = why_not(operator, consultant, at("10:00"))

    assert "Grace Hopper cannot be booked: they are not active." in page
    assert "The next free time" not in page


def test_full_day_names_the_bookings_that_fill_it(operator: Client, consultant: Consultant) -> None:
    Consultant.objects.update(per_day=1)
    booking = meet(consultant)

    page = why_not(operator, consultant, at("15:00"))

    assert "as many bookings that day" in page
    assert str(booking.reference) in page


def test_moment_may_be_typed_by_the_consultants_clock(operator: Client) -> None:
    tokyo = ConsultantFactory(zone="Asia/Tokyo")
    wall = (timezone.now() + timedelta(days=10)).strftime("%Y-%m-%dT10:00")

    page = text(operator.get(MOMENT, {"consultant": tokyo.pk, "start": wall, "minutes": 30}))

    assert "10:00 (Asia/Tokyo)" in page
    assert "It is free, and offered." in page


def test_moment_that_is_none_is_refused_kindly(operator: Client, consultant: Consultant) -> None:
    page = operator.get(MOMENT, {"consultant": consultant.pk, "start": "0001-01-01T00:00+14:00", "minutes": 30})

    assert "Please enter a day and a time." in text(page)
