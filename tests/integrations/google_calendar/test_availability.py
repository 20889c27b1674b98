"""When calendars are free, told by their ids."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bookings.models import WorkingHours
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox

from .conftest import AWAY, a_consultant, service, tomorrow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("google")]
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2027, 3, 22)  # in Berlin the clocks change on the Sunday after


def berlin(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN)


def hours(slot: dict[str, str]) -> str:
    return f"{slot['start'][11:16]}-{slot['end'][11:16]}"


class TestOneStretch:
    def test_free(self) -> None:
        told = service().check_consultant_availability(PERSON, tomorrow(10), tomorrow(11))

        assert told == {"available": True, "conflicts": [], "message": "Available"}

    def test_conflicts_are_told_without_what_they_are_called(self, peer: GoogleSandbox) -> None:
        peer.add_event(tomorrow(9), tomorrow(10, 30), "Dentist")

        told = service().check_consultant_availability(PERSON, tomorrow(10), tomorrow(12))

        conflict = {"start": tomorrow(10).isoformat(), "end": tomorrow(10, 30).isoformat()}
        assert told == {"available": False, "conflicts": [conflict], "message": "1 conflict found"}

    @pytest.mark.parametrize(("fault", "value"), [("calendar_error", "internalError"), ("status", 503)])
    def test_unknown_is_not_free(self, peer: GoogleSandbox, fault: str, value: object) -> None:
        peer.faults.set(fault, value=value)

        told = service().check_consultant_availability(PERSON, tomorrow(10), tomorrow(11))

        assert told["available"] is None
        assert told["message"]


class TestWeeks:
    def test_every_day_of_every_calendar_in_one_call(self, peer: GoogleSandbox) -> None:
        told = service().get_multi_week_availability([PERSON, AWAY], MONDAY, weeks=4)

        assert [len(told[calendar]) for calendar in (PERSON, AWAY)] == [28, 28]
        assert next(iter(told[PERSON])) == "2027-03-22"
        assert [day for day, each in told[PERSON].items() if each["is_weekend"]][:2] == ["2027-03-27", "2027-03-28"]
        assert peer.counted()["freebusy.query"] == 1

    def test_free_stretches_of_the_consultants_hours(self, peer: GoogleSandbox) -> None:
        a_consultant(zone="Europe/Berlin")
        peer.add_event(berlin(MONDAY, 10), berlin(MONDAY, 11))
        peer.add_event(berlin(MONDAY, 16, 30), berlin(MONDAY, 18))

        day = service().get_multi_week_availability([PERSON], MONDAY, weeks=1)[PERSON]["2027-03-22"]

        assert [hours(slot) for slot in day["available_slots"]] == ["09:00-10:00", "11:00-16:30"]
        assert (day["total_events"], day["is_weekend"]) == (2, False)

    def test_hours_stay_where_they_are_when_clocks_change(self, peer: GoogleSandbox) -> None:
        a_consultant(zone="Europe/Berlin")

        told = service().get_multi_week_availability([PERSON], MONDAY, weeks=2)[PERSON]

        slots = {told[day.isoformat()]["available_slots"][0]["start"] for day in (MONDAY, MONDAY + timedelta(days=7))}
        assert slots == {"2027-03-22T09:00:00+01:00", "2027-03-29T09:00:00+02:00"}

    def test_days_without_work_have_no_slots(self) -> None:
        consultant = a_consultant()
        WorkingHours.objects.filter(consultant=consultant, weekday=0).delete()

        told = service().get_multi_week_availability([PERSON], MONDAY, weeks=1)[PERSON]

        assert [len(each["available_slots"]) for each in told.values()] == [0, 1, 1, 1, 1, 1, 1]

    def test_whole_days_leave_nothing(self, peer: GoogleSandbox) -> None:
        peer.add_event(MONDAY, MONDAY + timedelta(days=2))

        told = service().get_multi_week_availability([PERSON], MONDAY, weeks=1)[PERSON]

        assert [len(each["available_slots"]) for each in told.values()][:3] == [0, 0, 1]

    def test_a_calendar_that_cannot_be_read_says_so_and_keeps_no_other(self, peer: GoogleSandbox) -> None:
        told = service().get_multi_week_availability([PERSON, "gone@example.test"], MONDAY)

        assert told["gone@example.test"]["error"].startswith("Google knows no such calendar")
        assert len(told[PERSON]) == 28

    def test_while_google_is_silent_nothing_is_called_free(self, peer: GoogleSandbox) -> None:
        peer.faults.set("status", value=503)

        told = service().get_multi_week_availability([PERSON, AWAY], MONDAY)

        assert [set(told[calendar]) for calendar in (PERSON, AWAY)] == [{"error", "message"}] * 2
