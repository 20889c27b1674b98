"""What operators do to bookings by buttons, and what they see of what was promised about them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from bookings.actions import book, note_problem
from bookings.actions.slots import occupy
from bookings.models import Booking
from bookings.models.booking import Problem
from integrations import incidents
from integrations.models import Connection, Delivery, Integration
from tests.bookings.times import at
from tests.factories import ConsultantFactory, a_client

from .conftest import logged_in, queries, text

pytestmark = pytest.mark.django_db
LIST = "/admin/bookings/booking/"


def meeting(clock: str = "10:00", **details: Any) -> Booking:
    return book(ConsultantFactory(), at(clock), 30, a_client(), **details)


def begun(booking: Booking) -> Booking:
    occupy(booking, timezone.now() - timedelta(hours=1), timedelta(minutes=30))
    booking.save()
    return booking


def page(client: Client, booking: Booking) -> str:
    return text(client.get(f"{LIST}{booking.pk}/change/"))


def press(client: Client, booking: Booking, verb: str) -> str:
    return text(client.post(f"{LIST}{booking.pk}/{verb}/", follow=True))


def now(booking: Booking) -> Booking:
    return Booking.objects.get(pk=booking.pk)


def offered(client: Client, booking: Booking) -> set[str]:
    shown = page(client, booking)
    verbs = ["confirm", "complete", "no-show", "cancel", "take-over", "put-back", "settle"]
    return {verb for verb in verbs if f'action="{LIST}{booking.pk}/{verb}/"' in shown}


# --- verbs ----------------------------------------------------------------------------------------------------------


def test_request_is_confirmed(operator: Client) -> None:
    booking = meeting(pending=True)

    assert "is confirmed" in press(operator, booking, "confirm")
    assert now(booking).status == "confirmed"


def test_booking_is_cancelled_after_a_question(operator: Client) -> None:
    booking = meeting()
    assert "This cannot be undone. Cancel it?" in page(operator, booking)

    press(operator, booking, "cancel")

    assert now(booking).status == "cancelled"


def test_client_who_did_not_come_is_noted_and_that_can_be_corrected(operator: Client) -> None:
    booking = begun(meeting())

    press(operator, booking, "no-show")
    assert now(booking).status == "no_show"
    press(operator, booking, "complete")
    assert now(booking).status == "completed"


def test_only_what_can_be_done_has_a_button(operator: Client) -> None:
    assert offered(operator, meeting()) == {"cancel"}
    assert offered(operator, meeting(pending=True)) == {"confirm", "cancel"}
    assert offered(operator, begun(meeting())) == {"complete", "no-show", "cancel"}


def test_what_cannot_be_is_told(operator: Client) -> None:
    booking = meeting()
    press(operator, booking, "cancel")

    assert "state is “Cancelled”" in press(operator, booking, "confirm")


def test_auditor_sees_and_presses_nothing(db: None) -> None:
    user = User.objects.create_user("bob", is_staff=True)
    user.groups.add(Group.objects.get(name="Auditor"))
    booking = meeting(pending=True)

    assert offered(logged_in(user), booking) == set()
    assert logged_in(user).post(f"{LIST}{booking.pk}/confirm/").status_code == 403
    assert now(booking).status == "pending"


# --- what must be decided -------------------------------------------------------------------------------------------


def test_problem_tells_calendar_and_time_by_the_consultants_clock(operator: Client) -> None:
    booking = meeting()
    note_problem(
        booking, Problem.CALENDAR_BUSY, calendar="grace@firm.example", starts_at=at("10:15"), ends_at=at("11:00")
    )

    shown = page(operator, booking)

    assert "The calendar has another entry at that time." in shown
    assert "grace@firm.example: " in shown
    assert "10:15–11:00 (Europe/Berlin)" in shown
    assert offered(operator, booking) == {"cancel", "settle"}


def test_what_was_moved_in_the_calendar_is_taken_over(operator: Client) -> None:
    booking = meeting()
    note_problem(booking, Problem.MOVED_OUTSIDE, starts_at=at("14:00"), ends_at=at("15:00"))

    assert {"take-over", "put-back", "settle"} <= offered(operator, booking)
    press(operator, booking, "take-over")

    assert (now(booking).starts_at, now(booking).ends_at, now(booking).problem) == (at("14:00"), at("15:00"), "")


def test_what_was_deleted_in_the_calendar_is_put_back(operator: Client) -> None:
    booking = meeting()
    note_problem(booking, Problem.DELETED_OUTSIDE)

    press(operator, booking, "put-back")

    assert (now(booking).status, now(booking).problem) == ("confirmed", "")


def test_unchecked_booking_says_so_until_somebody_settles_it(operator: Client) -> None:
    booking = meeting(unchecked=True)
    assert "The calendar could not be asked" in page(operator, booking)

    press(operator, booking, "settle")

    assert "The calendar could not be asked" not in page(operator, booking)
    assert not now(booking).unchecked


# --- where everything stands ----------------------------------------------------------------------------------------


def test_page_shows_what_was_promised_about_it(operator: Client) -> None:
    booking = meeting()
    letter = Delivery.objects.filter(subject_type="bookings.booking", subject_id=booking.pk).first()

    assert letter is not None
    assert f"/admin/integrations/delivery/{letter.pk}/change/" in page(operator, booking)


def test_page_of_a_booking_with_a_problem_costs_no_more_than_others(operator: Client) -> None:
    plain, troubled = meeting(), meeting()
    note_problem(troubled, Problem.CALENDAR_BUSY)

    cost = [queries(operator, f"{LIST}{booking.pk}/change/") for booking in (plain, troubled)]

    assert cost[0] == cost[1]


@pytest.mark.parametrize(("look", "found"), [("troubled", 1), ("asked_for", 1), ("unasked", 1), ("nonsense", 3)])
def test_list_is_filtered_by_what_waits(operator: Client, look: str, found: int) -> None:
    note_problem(meeting(), Problem.DECLINED)
    meeting(pending=True)
    meeting(unchecked=True)

    assert operator.get(LIST, {"look": look}).context["cl"].result_count == found


def test_dashboard_names_each_kind_with_the_way_to_its_list(operator: Client) -> None:
    note_problem(meeting(), Problem.DECLINED)
    meeting(pending=True)
    meeting(unchecked=True)
    begun(meeting(unchecked=True))  # it is over

    needs = [need for need in operator.get("/admin/").context["needs"] if need.kind == "bookings"]

    assert [operator.get(need.url).context["cl"].result_count for need in needs] == [1, 1, 1]
    assert [need.text.split(" ")[0] for need in needs] == ["One", "One", "One"]


def test_dashboard_says_nothing_of_bookings_to_who_may_not_see_them(
    operator: Client, staff: Callable[..., Client]
) -> None:
    meeting(pending=True)

    assert [need.kind for need in staff().get("/admin/").context["needs"]] == []


def test_what_is_told_as_a_problem_is_not_told_as_an_incident_too(operator: Client) -> None:
    booking = meeting()
    note_problem(booking, Problem.CALENDAR_BUSY)
    Integration.objects.filter(slug="google_calendar").update(enabled=True)
    own = Connection.objects.get(integration__slug="google_calendar", owner="")
    incidents.report(own, "calendar_conflict", booking, "Two at once.")

    needs = [need.kind for need in operator.get("/admin/").context["needs"]]

    assert (needs.count("bookings"), needs.count("incident")) == (1, 0)


def test_calendar_leads_to_where_an_account_is_signed_in_for_again(
    operator: Client, staff: Callable[..., Client]
) -> None:
    google = Integration.objects.get(slug="google_calendar")
    Integration.objects.filter(pk=google.pk).update(enabled=True)
    shared = Connection.objects.get(integration=google, owner="")
    grace = ConsultantFactory(name="Grace Hopper", slug="grace", busy_calendars=["grace@firm.example"])
    own = Connection.objects.create(integration=google, owner=grace.slug)
    ConsultantFactory(name="Edith Clarke", busy_calendars=["edith@firm.example"])
    ConsultantFactory(name="Joan Miller")  # without calendars

    ages = operator.get(f"{LIST}calendar/").context["ages"]

    connect = f"/admin/integrations/integration/{google.pk}/accounts/"
    urls = {str(age["consultant"]): age["url"] for age in ages}
    assert urls == {
        "Edith Clarke": f"{connect}{shared.pk}/connect/",
        "Grace Hopper": f"{connect}{own.pk}/connect/",
        "Joan Miller": "",
    }
    assert "Reconnect" not in text(staff("view_booking", "view_consultant").get(f"{LIST}calendar/"))


def test_list_leads_to_the_calendar(operator: Client) -> None:
    assert 'href="/admin/bookings/booking/calendar/"' in text(operator.get(LIST))
