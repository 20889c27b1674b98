"""Bookings become entries in Google's calendars, and stay one each whatever happens on the way."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings import actions
from bookings.models import Booking
from bookings.models.booking import Status
from integrations import configuration
from integrations.google_calendar import names
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox
from integrations.models import Delivery, Integration
from tests.bookings.times import at
from tests.factories import ConsultantFactory, a_client

from .booked import (
    GUEST,
    a_booking,
    an_entry,
    asked,
    begins,
    change,
    deliver,
    delivery,
    entry,
    fresh,
    mails,
    pull,
    record,
)
from .conftest import connect, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("google")]


def guests(event: dict[str, Any]) -> list[str]:
    return sorted(guest["email"] for guest in event["attendees"])


class TestNew:
    def test_a_booking_becomes_an_entry(self, peer: GoogleSandbox) -> None:
        booking = a_booking(company="Analytical", message="About engines.", meeting_type="phone", phone="030 1234")
        assert deliver() == {"delivered": 1}

        shown = entry(peer, booking)
        assert shown["summary"] == "Consultation - Ada Lovelace"
        assert "Company: Analytical\n" in shown["description"]
        assert f"Booking Reference: {booking.reference}" in shown["description"]
        assert (begins(shown), shown["end"]["timeZone"]) == (at("10:00"), "Europe/Berlin")
        assert guests(shown) == [GUEST, PERSON]
        assert shown["reminders"]["overrides"] == [
            {"method": "email", "minutes": 1440},
            {"method": "popup", "minutes": 30},
        ]
        assert shown["iCalUID"] == names.ical_uid(booking)
        assert mails(peer) == [("invitation", GUEST)]

    def test_we_remember_which_it_is(self, peer: GoogleSandbox) -> None:
        booking = an_entry(peer)
        kept = record(booking)
        assert kept.remote_id == names.event_id(booking)
        assert kept.url == entry(peer, booking)["htmlLink"]
        assert kept.told["calendar"] == "primary"
        assert kept.sent["summary"] == "Consultation - Ada Lovelace"

    def test_one_call_makes_it(self, peer: GoogleSandbox) -> None:
        an_entry(peer, meeting_type="phone")
        assert asked(peer) == {"events.insert": 1}

    def test_what_is_to_be_confirmed_has_none_before(self, peer: GoogleSandbox) -> None:
        consultant = ConsultantFactory(email=PERSON)
        booking = actions.book(consultant, at("10:00"), 30, a_client(GUEST), pending=True)
        assert not Delivery.objects.filter(integration__slug="google_calendar").exists()

        actions.move(booking, at("11:00"))
        deliver()
        assert peer.events() == []
        assert delivery(booking).error == "It comes into the calendar when it is confirmed."

        actions.confirm(booking)
        deliver()
        assert begins(entry(peer, booking)) == at("11:00")

    def test_minimal_says_no_more_than_the_reference(self, peer: GoogleSandbox) -> None:
        change(event_details="minimal")
        booking = an_entry(peer, company="Analytical", message="A secret.", phone="030 1234")
        shown = entry(peer, booking)
        assert shown["summary"] == f"Consultation - {booking.reference}"
        assert guests(shown) == [PERSON]
        assert not {"Ada", "secret", "1234", "Analytical"} & set(shown["description"].replace("\n", " ").split())
        assert mails(peer) == []

    def test_it_goes_to_the_calendar_that_is_chosen(self, peer: GoogleSandbox) -> None:
        away = peer.add_calendar(PERSON, "Meetings")
        consultant = ConsultantFactory(email=PERSON, calendar=away, busy_calendars=[PERSON])
        booking = an_entry(peer, consultant=consultant)
        assert [event["id"] for event in peer.events(away)] == [names.event_id(booking)]

    def test_a_calendar_that_is_not_there_is_named(self, peer: GoogleSandbox) -> None:
        consultant = ConsultantFactory(email=PERSON, calendar="gone@group.calendar.google.com")
        booking = a_booking(consultant=consultant)
        other = a_booking()
        assert deliver() == {"rejected": 1, "delivered": 1}
        assert (delivery(booking).state, delivery(other).state) == ("dead", "delivered")
        assert delivery(booking).error == (
            f"{consultant.name}: the calendar for meetings is not there, or not for this account."
        )


class TestAccounts:
    def test_a_consultants_own_account_comes_first(self, peer: GoogleSandbox) -> None:
        grace = ConsultantFactory(email="grace@firm.example", slug="grace")
        account = peer.add_person(grace.email, grace.name)
        sign_in(peer, grace.slug, account)
        booking = a_booking(consultant=grace)
        shared = a_booking("12:00", consultant=ConsultantFactory(email="other@firm.example"))
        deliver()
        assert [event["id"] for event in peer.events(account)] == [names.event_id(booking)]
        assert [event["id"] for event in peer.events(PERSON)] == [names.event_id(shared)]
        assert delivery(booking).connection.owner == "grace"

    def test_an_entry_stays_with_the_account_that_made_it(self, peer: GoogleSandbox) -> None:
        grace = ConsultantFactory(email="grace@firm.example", slug="grace")
        booking = an_entry(peer, consultant=grace)
        account = peer.add_person(grace.email, grace.name)
        sign_in(peer, grace.slug, account)

        actions.move(booking, at("11:00"))
        deliver()

        assert begins(entry(peer, booking)) == at("11:00")
        assert [event["organizer"]["email"] for event in peer.events(account)] == [PERSON]

    def test_it_is_made_anew_where_that_account_was_removed(self, peer: GoogleSandbox) -> None:
        grace = ConsultantFactory(email="grace@firm.example", slug="grace")
        sign_in(peer, grace.slug, peer.add_person(grace.email, grace.name))
        booking = an_entry(peer, consultant=grace)
        configuration.remove_account(delivery(booking).connection)

        actions.move(booking, at("11:00"))
        deliver()

        assert begins(entry(peer, booking, PERSON)) == at("11:00")

    def test_without_an_account_nothing_is_promised(self, google: Integration, peer: GoogleSandbox) -> None:
        own = google.own_connection
        type(own).objects.filter(pk=own.pk).update(secrets={"client_secret": "a-secret"})
        booking = a_booking()
        assert not Delivery.objects.filter(integration__slug="google_calendar").exists()

        connect(peer)
        pull()
        assert begins(entry(peer, booking)) == at("10:00")


class TestChanges:
    def test_only_what_differs_is_written_and_told(self, peer: GoogleSandbox) -> None:
        booking = an_entry(peer, meeting_type="phone")
        actions.move(booking, at("11:30"))
        assert deliver() == {"delivered": 1}
        assert begins(entry(peer, booking)) == at("11:30")
        assert mails(peer) == [("invitation", GUEST), ("update", GUEST)]
        assert asked(peer) == {"events.insert": 1, "events.get": 1, "events.patch": 1}

    def test_nothing_is_written_where_nothing_differs(self, peer: GoogleSandbox) -> None:
        booking = an_entry(peer)
        Delivery.objects.filter(subject_id=booking.pk).replay()
        deliver()
        assert peer.counted()["events.patch"] == 0
        assert mails(peer) == [("invitation", GUEST)]

    def test_a_detail_is_corrected_without_a_mail(self, peer: GoogleSandbox) -> None:
        booking = an_entry(peer)
        actions.change_details(booking, {"company": "Engines Ltd"})
        deliver()
        assert "Company: Engines Ltd\n" in entry(peer, booking)["description"]
        assert mails(peer) == [("invitation", GUEST)]

    def test_another_address_is_invited_and_other_guests_stay(self, peer: GoogleSandbox) -> None:
        booking = an_entry(peer)
        shown = entry(peer, booking)
        peer.change(shown["id"], attendees=[*shown["attendees"], {"email": "colleague@firm.example"}])
        peer.respond(shown["id"], "colleague@firm.example", "accepted")

        Booking.objects.filter(pk=booking.pk).update(email="ada@engines.example")
        Delivery.objects.filter(subject_id=booking.pk).replay()
        deliver()

        answers = {guest["email"]: guest["responseStatus"] for guest in entry(peer, booking)["attendees"]}
        assert answers == {
            "ada@engines.example": "needsAction",
            "colleague@firm.example": "accepted",
            PERSON: "accepted",
        }

    def test_what_the_consultant_wrote_there_stays(self, peer: GoogleSandbox) -> None:
        booking = an_entry(peer)
        peer.change(names.event_id(booking), summary="Ada, at last", description="Bring the plans.")
        actions.move(booking, at("11:30"))
        deliver()
        shown = entry(peer, booking)
        assert (shown["summary"], shown["description"]) == ("Ada, at last", "Bring the plans.")
        assert begins(shown) == at("11:30")
        assert record(booking).kept == {}

    def test_where_both_changed_it_theirs_stays_and_is_shown(self, peer: GoogleSandbox) -> None:
        booking = an_entry(peer)
        peer.change(names.event_id(booking), description="Bring the plans.")
        actions.change_details(booking, {"company": "Engines Ltd"})
        deliver()
        assert entry(peer, booking)["description"] == "Bring the plans."
        assert record(booking).kept["description"]["theirs"] == "Bring the plans."
        assert "Engines Ltd" in record(booking).kept["description"]["ours"]

    def test_what_is_over_is_left_alone(self, peer: GoogleSandbox) -> None:
        booking = an_entry(peer)
        past = timezone.now() - timedelta(days=1)
        moved = {"starts_at": past, "ends_at": past + timedelta(minutes=30)}
        Booking.objects.filter(pk=booking.pk).update(**moved)
        Delivery.objects.filter(subject_id=booking.pk).replay()
        assert deliver() == {"obsolete": 1}
        assert begins(entry(peer, booking)) == at("10:00")


class TestCancelled:
    def test_the_entry_goes_and_the_client_is_told(self, peer: GoogleSandbox) -> None:
        booking = an_entry(peer)
        actions.cancel(booking)
        assert deliver() == {"delivered": 1}
        assert peer.events() == []
        assert mails(peer)[-1] == ("cancellation", GUEST)

    def test_that_it_is_gone_already_is_as_good(self, peer: GoogleSandbox) -> None:
        booking = an_entry(peer)
        peer.delete(names.event_id(booking))
        actions.cancel(booking)
        assert deliver() == {"delivered": 1}

    def test_what_never_was_there_is_not_asked_for(self, peer: GoogleSandbox) -> None:
        consultant = ConsultantFactory(email=PERSON)
        booking = actions.book(consultant, at("10:00"), 30, a_client(GUEST), pending=True)
        actions.cancel(booking)
        assert deliver() == {"delivered": 1}
        assert peer.calls == []

    def test_cancelled_before_it_was_told(self, peer: GoogleSandbox) -> None:
        booking = a_booking()
        actions.cancel(booking)
        assert deliver() == {"delivered": 1}
        assert peer.events(deleted=True) == []


class TestLostAnswers:
    @pytest.mark.parametrize("fault", ["cut_after", "truncate"])
    def test_one_entry_in_the_end(self, peer: GoogleSandbox, fault: str) -> None:
        booking = a_booking()
        peer.faults.set(fault, call="events.insert", times=1)
        assert deliver() == {"ambiguous": 1}
        assert deliver() == {"delivered": 1}
        assert [event["id"] for event in peer.events()] == [names.event_id(booking)]
        assert mails(peer) == [("invitation", GUEST)]
        assert record(booking).told["calendar"] == "primary"

    def test_moved_before_the_second_try(self, peer: GoogleSandbox) -> None:
        booking = a_booking()
        peer.faults.set("cut_after", call="events.insert", times=1)
        deliver()
        actions.move(booking, at("11:30"))
        assert deliver() == {"delivered": 1}
        assert [begins(event) for event in peer.events()] == [at("11:30")]
        assert fresh(booking).starts_at == at("11:30")

    def test_cancelled_before_the_second_try(self, peer: GoogleSandbox) -> None:
        booking = a_booking()
        peer.faults.set("cut_after", call="events.insert", times=1)
        deliver()
        actions.cancel(booking)
        assert deliver() == {"delivered": 1}
        assert peer.events() == []

    def test_a_change_whose_answer_was_lost_is_known_as_ours(self, peer: GoogleSandbox) -> None:
        booking = an_entry(peer)
        actions.move(booking, at("11:30"))
        peer.faults.set("cut_after", call="events.patch", times=1)
        assert deliver() == {"ambiguous": 1}
        actions.move(booking, at("12:30"))
        assert deliver() == {"delivered": 1}
        assert begins(entry(peer, booking)) == at("12:30")
        assert (fresh(booking).starts_at, fresh(booking).problem) == (at("12:30"), "")

    def test_changed_by_somebody_at_the_same_moment(self, peer: GoogleSandbox) -> None:
        """Between our reading and our writing: nothing is overwritten, and the next try sees it."""
        booking = an_entry(peer)
        actions.move(booking, at("11:30"))
        peer.faults.set("status", 412, call="events.patch", times=1)
        assert deliver() == {"conflict": 1}
        assert deliver() == {"delivered": 1}
        assert begins(entry(peer, booking)) == at("11:30")


def test_many_are_told_in_one_batch(peer: GoogleSandbox) -> None:
    consultant = ConsultantFactory(email=PERSON)
    booked = [a_booking(f"{hour:02}:00", consultant=consultant) for hour in range(9, 14)]
    assert deliver() == {"delivered": 5}
    assert len(peer.events()) == len(booked)
    assert {each.status for each in booked} == {Status.CONFIRMED}


def test_operators_see_it_on_the_bookings_page(peer: GoogleSandbox, admin_client: Client) -> None:
    booking = an_entry(peer)
    page = admin_client.get(f"/admin/bookings/booking/{booking.pk}/change/").content.decode()
    assert entry(peer, booking)["htmlLink"] in page
    assert "Bookings to Google Calendar" in page
    assert "still open" not in page  # which is said of leads
