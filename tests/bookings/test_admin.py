"""What operators see of everybody's days, and what they do to them by form."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from bookings.actions import book, hold
from bookings.models import Booking, BusyCalendar, BusyInterval, Consultant, TimeOff, WorkingHours
from tests.bookings.test_arranging import Busy, Silent, SilentRefused
from tests.bookings.times import BERLIN, at
from tests.factories import ConsultantFactory, a_client
from tests.integrations.admin.conftest import queries, text

pytestmark = pytest.mark.django_db
CALENDAR, MOMENT, ADD = (f"/admin/bookings/booking/{page}/" for page in ("calendar", "moment", "add"))
HOUR = timedelta(hours=1)


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


@pytest.fixture
def consultant() -> Consultant:
    return ConsultantFactory(name="Grace Hopper")


@pytest.fixture
def asking(settings: Any) -> Callable[[type], None]:
    def use(kind: type) -> None:
        settings.BOOKINGS_CALENDAR = f"{kind.__module__}.{kind.__name__}"

    return use


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


# --- booking for a client -------------------------------------------------------------------------------------------


def wish(consultant: Consultant, start: datetime, **told: Any) -> dict[str, Any]:
    wall = start.astimezone(consultant.zone_info)
    return {
        "consultant": consultant.pk,
        "starts_at_0": f"{wall:%Y-%m-%d}",
        "starts_at_1": f"{wall:%H:%M}",
        "minutes": 30,
        "meeting_type": "phone",
        "name": "Ada Lovelace",
        "email": "Ada@client.example",
        "language": "en",
        **told,
    }


def test_operator_books_for_a_client_by_the_consultants_clock(operator: Client) -> None:
    tokyo = ConsultantFactory(zone="Asia/Tokyo")
    start = datetime.combine(at("00:00").date(), time(10), tokyo.zone_info)

    page = operator.post(ADD, wish(tokyo, start), follow=True)

    booking = Booking.objects.get()
    assert (booking.starts_at, booking.status, booking.email) == (start, "confirmed", "ada@client.example")
    assert f"{booking} is booked." in text(page)


@pytest.mark.parametrize(("clock", "told"), [("07:00", "does not work then"), ("10:10", "do not begin at this minute")])
def test_rule_that_is_broken_is_told_first_and_then_given_way(
    operator: Client, consultant: Consultant, clock: str, told: str
) -> None:
    asked = operator.post(ADD, wish(consultant, at(clock)))
    assert told in text(asked)
    assert Booking.objects.count() == 0

    operator.post(ADD, wish(consultant, at(clock), confirmed="on"))

    assert Booking.objects.get().starts_at == at(clock)


def test_two_bookings_at_once_are_never_made(operator: Client, consultant: Consultant) -> None:
    meet(consultant)

    page = operator.post(ADD, wish(consultant, at("10:00"), confirmed="on"))

    assert "too near to another booking" in text(page)
    assert str(Booking.objects.get().reference) in text(page)


@pytest.mark.parametrize(("kind", "told"), [(Busy, "too near to an entry"), (SilentRefused, "cannot see just now")])
def test_what_the_calendar_says_is_told_first_too(
    operator: Client, consultant: Consultant, asking: Callable[[type], None], kind: type, told: str
) -> None:
    asking(kind)
    assert told in text(operator.post(ADD, wish(consultant, at("10:00"))))

    operator.post(ADD, wish(consultant, at("10:00"), confirmed="on"))

    assert Booking.objects.get().status == "confirmed"


def test_unchecked_booking_is_marked_as_that(
    operator: Client, consultant: Consultant, asking: Callable[[type], None]
) -> None:
    asking(Silent)

    operator.post(ADD, wish(consultant, at("10:00")))

    assert Booking.objects.get().unchecked
    assert "calendar not checked" in text(operator.get("/admin/bookings/booking/"))


def test_what_the_consultant_does_not_offer_is_refused_and_said(operator: Client, consultant: Consultant) -> None:
    page = operator.post(ADD, wish(consultant, at("10:00"), minutes=45))

    assert "Grace Hopper: 30, 60 minutes" in text(page)
    assert Booking.objects.count() == 0


def test_click_on_the_calendar_fills_the_form_in(operator: Client, consultant: Consultant) -> None:
    asked = {"consultant": consultant.pk, "start": at("10:00").astimezone(UTC).isoformat(), "minutes": 60}

    form = operator.get(ADD, asked).context["form"]

    assert form["consultant"].value() == consultant.pk
    assert form["starts_at"].value() == at("10:00").replace(tzinfo=None)
    assert form["minutes"].value() == "60"


@pytest.mark.parametrize("asked", [{"consultant": "9" * 30}, {"consultant": "x"}, {"start": "soon"}])
def test_nonsense_fills_nothing_in(operator: Client, consultant: Consultant, asked: dict[str, str]) -> None:
    assert operator.get(ADD, {"consultant": consultant.pk, **asked}).status_code == 200


# --- moving ---------------------------------------------------------------------------------------------------------


def move(client: Client, booking: Booking, start: datetime, **more: str) -> Any:
    wall = start.astimezone(booking.consultant.zone_info)
    told = {"starts_at_0": f"{wall:%Y-%m-%d}", "starts_at_1": f"{wall:%H:%M}", **more}
    return client.post(f"/admin/bookings/booking/{booking.pk}/move/", told, follow=True)


def test_operator_moves_a_booking(operator: Client, consultant: Consultant) -> None:
    booking = meet(consultant)

    assert "is moved" in text(move(operator, booking, at("12:00")))

    booking.refresh_from_db()
    assert (booking.starts_at, booking.ends_at) == (at("12:00"), at("12:30"))


def test_move_against_a_rule_is_asked_about(operator: Client, consultant: Consultant) -> None:
    booking = meet(consultant)

    assert "does not work then" in text(move(operator, booking, at("20:00")))
    move(operator, booking, at("20:00"), confirmed="on")

    booking.refresh_from_db()
    assert booking.starts_at == at("20:00")


def test_move_onto_another_booking_is_refused(operator: Client, consultant: Consultant) -> None:
    booking, other = meet(consultant), meet(consultant, "12:00")

    assert str(other.reference) in text(move(operator, booking, at("12:00"), confirmed="on"))

    booking.refresh_from_db()
    assert booking.starts_at == at("10:00")


# --- time off -------------------------------------------------------------------------------------------------------


def take_off(client: Client, consultants: list[Consultant], start: datetime, end: datetime, **more: str) -> Any:
    told = {
        "consultants": [each.pk for each in consultants],
        "starts_at_0": f"{start:%Y-%m-%d}",
        "starts_at_1": f"{start:%H:%M}",
        "ends_at_0": f"{end:%Y-%m-%d}",
        "ends_at_1": f"{end:%H:%M}",
        **more,
    }
    return client.post("/admin/bookings/timeoff/add/", told, follow=True)


def test_several_are_off_at_once_each_by_their_own_clock(operator: Client, consultant: Consultant) -> None:
    tokyo = ConsultantFactory(zone="Asia/Tokyo")
    day, end = at("00:00"), at("00:00", days=11)

    take_off(operator, [consultant, tokyo], day, end, note="Retreat")

    rows = {row.consultant_id: row.starts_at for row in TimeOff.objects.filter(note="Retreat")}
    wall = datetime.combine(day.date(), time(0))
    assert rows == {consultant.pk: wall.replace(tzinfo=BERLIN), tokyo.pk: wall.replace(tzinfo=tokyo.zone_info)}


def test_bookings_inside_are_named_before_it_is_saved(operator: Client, consultant: Consultant) -> None:
    booking = meet(consultant)
    day, end = at("00:00"), at("00:00", days=11)

    page = text(take_off(operator, [consultant], day, end))
    assert str(booking.reference) in page
    assert TimeOff.objects.count() == 0

    take_off(operator, [consultant], day, end, confirmed="on")
    assert TimeOff.objects.count() == 1
    assert Booking.objects.get().status == "confirmed"


def test_time_off_that_ends_before_it_begins_is_refused(operator: Client, consultant: Consultant) -> None:
    page = take_off(operator, [consultant], at("12:00"), at("10:00"))

    assert "must begin before it ends" in text(page)


def test_time_off_is_changed_by_the_consultants_clock(operator: Client) -> None:
    tokyo = ConsultantFactory(zone="Asia/Tokyo")
    start = datetime(2026, 12, 1, 9, tzinfo=tokyo.zone_info)
    row = TimeOff.objects.create(consultant=tokyo, starts_at=start, ends_at=start + HOUR)
    url = f"/admin/bookings/timeoff/{row.pk}/change/"
    assert 'value="09:00:00"' in text(operator.get(url))

    told = {"starts_at_0": "2026-12-01", "starts_at_1": "08:00", "ends_at_0": "2026-12-01", "ends_at_1": "10:00"}
    operator.post(url, told)

    row.refresh_from_db()
    assert row.starts_at == start - HOUR


# --- consultants ----------------------------------------------------------------------------------------------------


def a_consultant(**told: Any) -> dict[str, Any]:
    forms = {f"{name}-{count}_FORMS": 0 for name in ("hours", "time_off") for count in ("TOTAL", "INITIAL")}
    return {
        "name": "Grace Hopper",
        "slug": "grace",
        "email": "grace@firm.example",
        "zone": "Europe/Berlin",
        "active": "on",
        "minutes": "60, 30 30",
        "meeting_types": ["video"],
        "step_minutes": 30,
        "before_minutes": 0,
        "after_minutes": 0,
        "notice_hours": 24,
        "horizon_days": 60,
        "change_hours": 24,
        "busy_calendars": "grace@firm.example\n\n team@firm.example \ngrace@firm.example",
        **forms,
        **told,
    }


def test_consultant_is_made_with_hours(operator: Client) -> None:
    hours = {"hours-TOTAL_FORMS": 1, "hours-0-weekday": 0, "hours-0-start": "9:00", "hours-0-end": "17:00"}

    operator.post("/admin/bookings/consultant/add/", a_consultant(title_en="Admiral", title_de="Admiralin", **hours))

    grace = Consultant.objects.get()
    assert (grace.minutes, grace.busy_calendars) == ([30, 60], ["grace@firm.example", "team@firm.example"])
    assert (grace.title_en, grace.title_de) == ("Admiral", "Admiralin")  # type: ignore[attr-defined]
    assert str(WorkingHours.objects.get()) == "Monday 09:00–17:00"


@pytest.mark.parametrize("wrong", [{"minutes": "soon"}, {"minutes": "3"}, {"minutes": ""}, {"zone": "Berlin"}])
def test_nonsense_about_a_consultant_is_refused(operator: Client, wrong: dict[str, str]) -> None:
    page = operator.post("/admin/bookings/consultant/add/", a_consultant(**wrong))

    assert "errors" in text(page)
    assert Consultant.objects.count() == 0


def test_list_tells_the_next_free_time_of_each(operator: Client, consultant: Consultant) -> None:
    Consultant.objects.filter(pk=ConsultantFactory().pk).update(active=False)

    rows = operator.get("/admin/bookings/consultant/").context["cl"].result_list

    found = {row.pk: row.next_free for row in rows}
    assert found[consultant.pk] is not None
    assert [free for pk, free in found.items() if pk != consultant.pk] == [None]
