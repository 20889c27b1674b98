"""Our copy of when consultants are busy, and what becomes of bookings that nobody could check."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings import actions
from bookings.availability import Reason
from bookings.freshness import Status, freshness
from bookings.models import Booking, BusyCalendar, BusyInterval, Consultant
from bookings.models.booking import Problem
from bookings.rules import calendars
from integrations import errors
from integrations.google_calendar.names import event_id
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox
from integrations.models import Incident, Integration
from integrations.service import JobReport

from .conftest import AWAY, a_booking, a_consultant, service, sign_in, tomorrow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("google")]
HOUR = timedelta(hours=1)


@pytest.fixture
def anna() -> Consultant:
    return a_consultant(busy_calendars=[PERSON, AWAY])


def sync(slug: str | None = None) -> JobReport:
    return service().sync_calendars(consultant=slug)


def busy(consultant: Consultant) -> list[tuple[str, datetime, datetime]]:
    rows = BusyInterval.objects.filter(calendar__consultant=consultant)
    return list(rows.values_list("calendar__calendar", "starts_at", "ends_at"))


def status(*consultants: Consultant) -> list[Status]:
    found = freshness(consultants, timezone.now())
    return [found[each.pk].status for each in consultants]


class TestReading:
    def test_what_calendars_say_is_copied(self, peer: GoogleSandbox, anna: Consultant) -> None:
        peer.add_event(tomorrow(9), tomorrow(10))
        peer.add_event(tomorrow(12), tomorrow(13), calendar=AWAY)

        sync()

        assert busy(anna) == [(PERSON, tomorrow(9), tomorrow(10)), (AWAY, tomorrow(12), tomorrow(13))]
        assert status(anna) == [Status.FRESH]

    def test_slots_are_not_offered_then(self, peer: GoogleSandbox, anna: Consultant) -> None:
        peer.add_event(tomorrow(9), tomorrow(10))
        sync()

        now = timezone.now()
        calendar = calendars([anna], HOUR, now, start=now, end=now + timedelta(days=3))[anna.pk]
        objection = calendar.why_not(tomorrow(9))
        assert objection
        assert objection.reason == Reason.BUSY
        assert calendar.why_not(tomorrow(10)) is None

    def test_what_changed_there_changes_here(self, peer: GoogleSandbox, anna: Consultant) -> None:
        stays = peer.add_event(tomorrow(9), tomorrow(10))
        goes, moves = peer.add_event(tomorrow(11), tomorrow(12)), peer.add_event(tomorrow(13), tomorrow(14))
        sync()
        kept = BusyInterval.objects.get(starts_at=tomorrow(9)).pk

        peer.delete(goes)
        peer.move(moves, tomorrow(15))
        report = sync()

        assert (report.counts["added"], report.counts["removed"]) == (1, 2)
        assert [start for _calendar, start, _end in busy(anna)] == [tomorrow(9), tomorrow(15)]
        assert BusyInterval.objects.get(starts_at=tomorrow(9)).pk == kept
        assert peer.event(stays)["status"] == "confirmed"

    def test_our_own_entry_is_no_obstacle(self, peer: GoogleSandbox, anna: Consultant) -> None:
        booking = a_booking(anna, tomorrow(10))
        peer.add_event(booking.starts_at, booking.ends_at)
        peer.add_event(tomorrow(11), tomorrow(12))

        sync()

        assert busy(anna) == [(PERSON, tomorrow(11), tomorrow(12))]

    def test_nor_is_it_where_the_consultant_is_only_invited(self, peer: GoogleSandbox) -> None:
        own = peer.add_person("ben.hall@sandbox.example", "Ben Hall")
        peer.share(own, PERSON, "reader")
        consultant = a_consultant("ben-hall", busy_calendars=[own], calendar=AWAY)
        booking = a_booking(consultant, tomorrow(10), unchecked=True)
        guests = [{"email": own, "responseStatus": "accepted"}]
        when = booking.starts_at, booking.ends_at
        peer.add_event(*when, calendar=AWAY, id=event_id(booking), attendees=guests)
        peer.add_event(tomorrow(11), tomorrow(12), calendar=own)

        sync()

        assert busy(consultant) == [(own, tomorrow(11), tomorrow(12))]
        booking.refresh_from_db()
        assert (booking.unchecked, booking.problem) == (False, "")

    def test_calendars_that_nobody_looks_into_any_more_go(self, peer: GoogleSandbox, anna: Consultant) -> None:
        peer.add_event(tomorrow(12), tomorrow(13), calendar=AWAY)
        sync()

        Consultant.objects.filter(pk=anna.pk).update(busy_calendars=[PERSON])
        sync()

        assert list(BusyCalendar.objects.values_list("calendar", flat=True)) == [PERSON]
        assert busy(anna) == []

    def test_only_as_far_as_anybody_can_be_booked(self, peer: GoogleSandbox) -> None:
        consultant = a_consultant(horizon_days=30)
        for days in (29, 40):
            peer.add_event(tomorrow(9) + timedelta(days=days), tomorrow(10) + timedelta(days=days))

        sync()

        assert len(busy(consultant)) == 1

    def test_a_long_horizon_is_asked_for_piece_by_piece(self, peer: GoogleSandbox) -> None:
        consultant = a_consultant(horizon_days=200)
        peer.add_event(tomorrow(9) + timedelta(days=190), tomorrow(10) + timedelta(days=190))

        sync()

        assert (len(busy(consultant)), peer.counted()["freebusy.query"]) == (1, 3)


class TestCalls:
    def test_fifty_calendars_are_one_call(self, peer: GoogleSandbox) -> None:
        ids = [peer.add_calendar(PERSON, f"Calendar {number}") for number in range(51)]
        for number in range(0, 50, 5):
            a_consultant(f"c-{number}", busy_calendars=ids[number : number + 5])
        sync()
        assert peer.counted()["freebusy.query"] == 1

        a_consultant("c-50", busy_calendars=[ids[50]])
        sync()

        assert peer.counted()["freebusy.query"] == 3

    def test_a_calendar_of_several_is_asked_for_once(self, peer: GoogleSandbox) -> None:
        both = [a_consultant("anna-berg", busy_calendars=[AWAY]), a_consultant("ben-hall", busy_calendars=[AWAY])]
        peer.add_event(tomorrow(12), tomorrow(13), calendar=AWAY)

        sync()

        assert [len(busy(each)) for each in both] == [1, 1]

    def test_ten_cost_as_many_queries_as_one(self, peer: GoogleSandbox) -> None:
        peer.add_event(tomorrow(12), tomorrow(13))
        a_consultant("c-0")
        sync()
        with CaptureQueriesContext(database) as one:
            sync()
        for number in range(1, 10):
            a_consultant(f"c-{number}")
        sync()

        with CaptureQueriesContext(database) as ten:
            sync()

        assert len(ten) == len(one)

    def test_each_account_is_asked_for_its_own(self, peer: GoogleSandbox, anna: Consultant) -> None:
        ben = peer.add_person("ben.hall@sandbox.example", "Ben Hall")
        consultant = a_consultant("ben-hall", busy_calendars=["primary"])
        sign_in(peer, "ben-hall", ben)
        peer.add_event(tomorrow(9), tomorrow(10), calendar=ben)

        sync()

        assert (busy(anna), busy(consultant)) == ([], [("primary", tomorrow(9), tomorrow(10))])

    def test_one_consultant_by_command(self, peer: GoogleSandbox, anna: Consultant) -> None:
        other = a_consultant("ben-hall")
        out = StringIO()

        call_command("sync_calendars", "--consultant", "ben-hall", "--json", stdout=out)

        assert json.loads(out.getvalue())["counts"]["read"] == 1
        assert status(anna, other) == [Status.UNKNOWN, Status.FRESH]

    def test_an_unknown_name_is_told(self) -> None:
        with pytest.raises(CommandError, match="nobody-here"):
            call_command("sync_calendars", "--consultant", "nobody-here")


class TestFailing:
    def test_a_calendar_that_cannot_be_read_keeps_what_was_known(self, peer: GoogleSandbox, anna: Consultant) -> None:
        peer.add_event(tomorrow(12), tomorrow(13), calendar=AWAY)
        sync()
        before = BusyCalendar.objects.get(calendar=AWAY).checked_at
        peer.faults.set("calendar_error", value="internalError", call=AWAY)

        report = sync()

        row = BusyCalendar.objects.get(calendar=AWAY)
        assert (row.checked_at, row.error) == (before, "Google could not read this calendar just now.")
        assert busy(anna) == [(AWAY, tomorrow(12), tomorrow(13))]
        assert status(anna) == [Status.STALE]
        assert report.notes == ["1 calendar cannot be read: Google could not read this calendar just now."]

    def test_it_is_well_again_by_itself(self, peer: GoogleSandbox, anna: Consultant) -> None:
        peer.faults.set("calendar_error", value="notFound", call=AWAY, times=1)
        sync()
        assert status(anna) == [Status.UNKNOWN]

        sync()

        assert (status(anna), BusyCalendar.objects.exclude(error="").count()) == ([Status.FRESH], 0)

    def test_one_account_that_fails_keeps_no_other(self, peer: GoogleSandbox, anna: Consultant) -> None:
        ben = peer.add_person("ben.hall@sandbox.example", "Ben Hall")
        consultant = a_consultant("ben-hall", busy_calendars=["primary"])
        sign_in(peer, "ben-hall", ben)
        peer.revoke(ben)

        report = sync()

        assert status(anna, consultant) == [Status.FRESH, Status.UNKNOWN]
        assert report.counts["not_answered"] == 1
        assert "Ben Hall" in report.notes[0]

    def test_where_nobody_answers_the_job_fails(self, peer: GoogleSandbox, anna: Consultant) -> None:
        peer.faults.set("status", value=503)

        with pytest.raises(errors.Unavailable):
            sync()

        assert status(anna) == [Status.UNKNOWN]

    def test_an_older_answer_changes_nothing(self, peer: GoogleSandbox, anna: Consultant) -> None:
        peer.add_event(tomorrow(9), tomorrow(10))
        sync()
        later = timezone.now() + timedelta(minutes=1)
        BusyCalendar.objects.update(checked_at=later)
        peer.add_event(tomorrow(14), tomorrow(15))

        sync()

        assert len(busy(anna)) == 1
        assert BusyCalendar.objects.filter(checked_at=later).count() == 2

    def test_who_is_not_connected_is_named(self, peer: GoogleSandbox, anna: Consultant) -> None:
        a_consultant("no-calendars", busy_calendars=[])
        integration = Integration.objects.get(slug="google_calendar")
        row = integration.connections.get()
        type(row).objects.filter(pk=row.pk).update(secrets={"client_secret": row.secrets["client_secret"]})

        assert sync().notes == ["Nobody has connected the calendars of: Anna Berg."]


class TestChecking:
    def unchecked(self, consultant: Consultant) -> Booking:
        return a_booking(consultant, tomorrow(10), unchecked=True)

    def now(self, booking: Booking) -> Booking:
        return Booking.objects.get(pk=booking.pk)

    def test_a_free_time_is_checked(self, peer: GoogleSandbox, anna: Consultant) -> None:
        booking = self.unchecked(anna)
        peer.add_event(tomorrow(11), tomorrow(12))

        sync()

        assert (self.now(booking).unchecked, self.now(booking).problem) == (False, "")
        assert not Incident.objects.exists()

    def test_meetings_of_somebody_who_is_not_to_be_booked_any_more_are_checked_too(
        self, peer: GoogleSandbox, anna: Consultant
    ) -> None:
        booking = self.unchecked(anna)
        Consultant.objects.filter(pk=anna.pk).update(active=False)

        sync()
        assert not self.now(booking).unchecked

        actions.cancel(self.now(booking))
        before = BusyCalendar.objects.values_list("checked_at", flat=True).first()
        sync()
        assert BusyCalendar.objects.values_list("checked_at", flat=True).first() == before

    def test_our_own_entry_is_no_conflict_even_where_another_touches_it(
        self, peer: GoogleSandbox, anna: Consultant
    ) -> None:
        booking = self.unchecked(anna)
        peer.add_event(booking.starts_at, booking.ends_at, id=event_id(booking))
        peer.add_event(tomorrow(11), tomorrow(12))

        sync()

        assert (self.now(booking).unchecked, self.now(booking).problem) == (False, "")

    @pytest.mark.parametrize("calendar", [PERSON, AWAY])
    def test_a_conflict_is_told_with_both_sides(self, peer: GoogleSandbox, anna: Consultant, calendar: str) -> None:
        booking = self.unchecked(anna)
        peer.add_event(booking.starts_at, booking.ends_at, id=event_id(booking))
        peer.add_event(tomorrow(10, 30), tomorrow(12), "Dentist", calendar=calendar)

        sync()

        found = self.now(booking)
        assert (found.problem, found.unchecked) == (Problem.CALENDAR_BUSY, True)
        assert found.problem_details == {
            "calendar": calendar,
            "starts_at": tomorrow(10, 30).isoformat(),
            "ends_at": tomorrow(12).isoformat(),
        }
        incident = Incident.objects.get()
        assert (incident.kind, incident.subject_id) == ("calendar_conflict", booking.pk)
        assert str(booking.reference) in incident.summary
        assert "Anna Berg" in incident.summary
        assert "Dentist" not in incident.summary

    def test_it_is_told_once(self, peer: GoogleSandbox, anna: Consultant) -> None:
        booking = self.unchecked(anna)
        peer.add_event(tomorrow(10, 30), tomorrow(12))

        for _ in range(3):
            sync()

        assert Incident.objects.count() == 1
        assert self.now(booking).problem == Problem.CALENDAR_BUSY

    def test_the_same_time_exactly_is_a_conflict_too(self, peer: GoogleSandbox, anna: Consultant) -> None:
        booking = self.unchecked(anna)
        peer.add_event(booking.starts_at, booking.ends_at, "Dentist")

        sync()

        assert self.now(booking).problem == Problem.CALENDAR_BUSY

    @pytest.mark.parametrize("entry", [{"transparency": "transparent"}, {"status": "cancelled"}])
    def test_what_blocks_nothing_is_no_conflict(
        self, peer: GoogleSandbox, anna: Consultant, entry: dict[str, str]
    ) -> None:
        booking = self.unchecked(anna)
        peer.add_event(booking.starts_at, booking.ends_at, id=event_id(booking))
        peer.change(peer.add_event(tomorrow(10), tomorrow(11)), **entry)

        sync()

        assert self.now(booking).problem == ""

    def test_when_the_other_one_goes_it_is_over(self, peer: GoogleSandbox, anna: Consultant) -> None:
        booking = self.unchecked(anna)
        other = peer.add_event(tomorrow(10, 30), tomorrow(12))
        sync()

        peer.delete(other)
        sync()

        assert (self.now(booking).problem, self.now(booking).unchecked) == ("", False)
        assert Incident.objects.get().closed_at

    def test_when_somebody_settles_it_it_is_over(self, peer: GoogleSandbox, anna: Consultant) -> None:
        booking = self.unchecked(anna)
        peer.add_event(tomorrow(10, 30), tomorrow(12))
        sync()

        actions.settle_problem(booking)
        sync()

        assert self.now(booking).problem == ""
        assert Incident.objects.get().closed_at

    def test_when_the_booking_is_cancelled_it_is_over(self, peer: GoogleSandbox, anna: Consultant) -> None:
        booking = self.unchecked(anna)
        peer.add_event(tomorrow(10, 30), tomorrow(12))
        sync()

        actions.cancel(booking)
        sync()

        assert Incident.objects.get().closed_at

    def test_where_a_calendar_says_nothing_it_waits(self, peer: GoogleSandbox, anna: Consultant) -> None:
        booking = self.unchecked(anna)
        peer.faults.set("calendar_error", value="internalError", call=AWAY, times=1)

        sync()
        assert self.now(booking).unchecked

        sync()
        assert not self.now(booking).unchecked


def test_days_without_hours_block_by_the_calendars_own_zone(peer: GoogleSandbox, anna: Consultant) -> None:
    day = (timezone.now().astimezone(UTC) + timedelta(days=3)).date()
    peer.add_event(day, day + timedelta(days=1))

    sync()

    [(_calendar, start, end)] = busy(anna)
    assert end - start == timedelta(days=1)
    assert start.astimezone(anna.zone_info).time().hour == 0
