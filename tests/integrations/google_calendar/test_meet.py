"""The link of a video meeting: Google makes it in its own time, and the client's letter waits for it for a while."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings import actions
from integrations.google_calendar import names
from integrations.google_calendar.sandbox import GoogleSandbox
from integrations.models import Delivery
from tests.bookings.times import at

from .booked import a_booking, an_entry, asked, begins, deliver, delivery, entry, fresh, mails

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("google")]
LINK = "https://meet.google.com/"


def test_a_video_meeting_has_a_link_at_once(peer: GoogleSandbox) -> None:
    booking = an_entry(peer)
    assert booking.meeting_url.startswith(LINK)
    assert booking.meeting_url == entry(peer, booking)["hangoutLink"]
    assert asked(peer) == {"events.insert": 1}


@pytest.mark.parametrize("way", ["phone"])
def test_others_have_none(peer: GoogleSandbox, way: str) -> None:
    booking = an_entry(peer, meeting_type=way)
    assert booking.meeting_url == ""
    assert "conferenceData" not in entry(peer, booking)


class TestPending:
    @pytest.fixture(autouse=True)
    def takes_its_time(self, peer: GoogleSandbox) -> None:
        peer.faults.set("meet_pending", 2, times=1)

    def test_it_is_asked_for_until_it_is_there(self, peer: GoogleSandbox) -> None:
        booking = a_booking()
        assert deliver() == {"conflict": 1}
        assert delivery(booking).error == "Google is still making the meeting link."
        assert fresh(booking).meeting_url == ""

        assert deliver() == {"conflict": 1}
        assert deliver() == {"delivered": 1}
        assert fresh(booking).meeting_url.startswith(LINK)
        assert asked(peer) == {"events.insert": 1, "events.get": 2}
        assert len(mails(peer)) == 1

    def test_it_is_asked_for_soon_enough_for_the_letter(self, peer: GoogleSandbox) -> None:
        """Two tries within a letter's five minutes, however long the pauses happen to be."""
        booking = a_booking()
        deliver()
        deliver()
        assert delivery(booking).due_at <= timezone.now() + timedelta(minutes=1)

    def test_the_letter_waits_for_it(self, peer: GoogleSandbox) -> None:
        booking = a_booking()
        letter = Delivery.objects.get(operation="booking_confirmation", subject_id=booking.pk)
        assert letter.due_at > timezone.now() + timedelta(minutes=4)
        for _try in range(3):
            deliver()
        letter.refresh_from_db()
        assert letter.due_at <= timezone.now()
        assert not Delivery.objects.filter(operation="booking_meeting_link").exists()

    def test_moved_meanwhile(self, peer: GoogleSandbox) -> None:
        booking = a_booking()
        deliver()
        actions.move(booking, at("11:00"))
        deliver()
        deliver()
        assert fresh(booking).meeting_url.startswith(LINK)
        assert begins(entry(peer, booking)) == at("11:00")


def test_one_that_failed_is_asked_for_again(peer: GoogleSandbox) -> None:
    peer.faults.set("meet_failure", times=1)
    booking = a_booking()
    assert deliver() == {"conflict": 1}
    assert delivery(booking).error == "Google could not make a meeting link; it is asked for again."
    assert deliver() == {"delivered": 1}
    assert fresh(booking).meeting_url.startswith(LINK)
    assert entry(peer, booking)["conferenceData"]["createRequest"]["requestId"] == names.conference_request(booking, 2)
    assert len(mails(peer)) == 1


def test_where_google_makes_none_somebody_is_told(peer: GoogleSandbox) -> None:
    """Its meetings are switched off for this account: the entry is there, and the delivery says what it lacks."""
    peer.faults.set("meet_failure")
    booking = a_booking()
    for _try in range(9):
        deliver()
    assert (delivery(booking).state, delivery(booking).error_kind) == ("dead", "conflict")
    assert begins(entry(peer, booking)) == at("10:00")


def test_a_move_keeps_the_link(peer: GoogleSandbox) -> None:
    booking = an_entry(peer)
    actions.move(booking, at("11:00"))
    deliver()
    assert entry(peer, booking)["hangoutLink"] == booking.meeting_url == fresh(booking).meeting_url


def test_one_that_the_consultant_took_away_stays_away(peer: GoogleSandbox) -> None:
    booking = an_entry(peer)
    peer.change(names.event_id(booking), conferenceData=None)
    actions.move(booking, at("11:00"))
    deliver()
    assert "conferenceData" not in entry(peer, booking)
