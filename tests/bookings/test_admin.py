"""What operators do by form: book, move, take time off, plan consultants."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from bookings.actions import book
from bookings.models import Booking, Consultant, TimeOff, WorkingHours
from tests.bookings.test_arranging import Busy, Silent, SilentRefused
from tests.bookings.times import BERLIN, at
from tests.factories import ConsultantFactory, a_client
from tests.integrations.admin.conftest import text

pytestmark = pytest.mark.django_db
ADD = "/admin/bookings/booking/add/"
HOUR = timedelta(hours=1)


@pytest.fixture
def asking(settings: Any) -> Callable[[type], None]:
    def use(kind: type) -> None:
        settings.BOOKINGS_CALENDAR = f"{kind.__module__}.{kind.__name__}"

    return use


def meet(consultant: Consultant, clock: str = "10:00", **details: Any) -> Booking:
    return book(consultant, at(clock), 30, a_client(), **details)


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


def test_who_may_not_see_bookings_reads_no_clients_names(operator: Client, consultant: Consultant) -> None:
    booking, span = meet(consultant), (at("00:00"), at("00:00", days=11))
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["add_timeoff", "view_timeoff"]))
    colleague = Client()
    colleague.force_login(user)

    page = text(take_off(colleague, [consultant], *span))

    assert (booking.reference in page, booking.name in page) == (True, False)
    assert booking.name in text(take_off(operator, [consultant], *span))
    for path in ("", "calendar/", "moment/", f"{booking.pk}/change/", f"{booking.pk}/move/", "add/"):
        assert colleague.get(f"/admin/bookings/booking/{path}").status_code == 403


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


def test_bookings_inside_are_named_where_time_off_is_changed(operator: Client, consultant: Consultant) -> None:
    booking = meet(consultant)
    row = TimeOff.objects.create(consultant=consultant, starts_at=at("15:00"), ends_at=at("16:00"))
    told = {"starts_at_0": f"{at('09:00'):%Y-%m-%d}", "starts_at_1": "09:00",
            "ends_at_0": f"{at('09:00'):%Y-%m-%d}", "ends_at_1": "16:00"}  # fmt: skip

    page = operator.post(f"/admin/bookings/timeoff/{row.pk}/change/", told, follow=True)

    assert f"Booked in this time off, and still so: {booking}." in text(page)


def test_bookings_inside_are_named_where_it_is_added_on_the_consultants_page(
    operator: Client, consultant: Consultant
) -> None:
    booking = meet(consultant)
    rows = {"time_off-TOTAL_FORMS": 1, "time_off-0-starts_at_0": f"{at('09:00'):%Y-%m-%d}",
            "time_off-0-starts_at_1": "09:00", "time_off-0-ends_at_0": f"{at('09:00'):%Y-%m-%d}",
            "time_off-0-ends_at_1": "16:00"}  # fmt: skip
    hours = {"hours-TOTAL_FORMS": 0}

    page = operator.post(
        f"/admin/bookings/consultant/{consultant.pk}/change/", a_consultant(**rows, **hours), follow=True
    )

    assert str(booking) in text(page)
    assert TimeOff.objects.get().starts_at == at("09:00")


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


def test_slug_is_chosen_once(operator: Client, consultant: Consultant) -> None:
    page = operator.post(f"/admin/bookings/consultant/{consultant.pk}/change/", a_consultant(slug="other", name="Ada"))

    assert page.status_code == 302
    assert Consultant.objects.values_list("slug", "name").get() == (consultant.slug, "Ada")


def test_list_tells_whose_turn_it_is(operator: Client, consultant: Consultant) -> None:
    ConsultantFactory(name="Never Booked")
    meet(consultant)

    rows = operator.get("/admin/bookings/consultant/").context["cl"].result_list

    assert [(each.name, each.last_booked_at is None) for each in rows] == [
        ("Grace Hopper", False),
        ("Never Booked", True),
    ]
    assert "Last booked on" in text(operator.get("/admin/bookings/consultant/"))
