"""Asked while a visitor waits: free, busy or unknown, soon, and never an error."""

from datetime import timedelta

import pytest
from django.conf import LazySettings

from bookings.arranging import arrange, rearrange
from bookings.errors import SlotTaken
from bookings.models import Booking, Consultant
from bookings.ports import Answer, OnUnknown, calendars
from bookings.spans import Span
from integrations import configuration
from integrations.google_calendar.port import GoogleCalendars
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox
from integrations.models import Connection, Integration
from tests.timing import in_time

from .conftest import AWAY, a_booking, a_consultant, connect, connection, service, sign_in, tomorrow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("google")]
TEN = 10, 11


@pytest.fixture
def anna() -> Consultant:
    return a_consultant(busy_calendars=[PERSON, AWAY])


def ask(consultant: Consultant, hours: tuple[int, int] = TEN, without: Booking | None = None) -> Answer:
    span = Span(tomorrow(hours[0]), tomorrow(hours[1]))
    return GoogleCalendars().ask(consultant, span, without=without)


def test_the_site_asks_google(settings: LazySettings) -> None:
    assert isinstance(calendars(), GoogleCalendars)


def test_free_and_busy_in_one_call(peer: GoogleSandbox, anna: Consultant) -> None:
    peer.add_event(tomorrow(12), tomorrow(13), calendar=AWAY)

    assert [ask(anna), ask(anna, (12, 13)), ask(anna, (11, 12))] == [Answer.FREE, Answer.BUSY, Answer.FREE]
    assert peer.counted()["freebusy.query"] == 3


def test_time_around_a_meeting_counts(peer: GoogleSandbox) -> None:
    consultant = a_consultant(before_minutes=15)
    peer.add_event(tomorrow(9), tomorrow(10))

    assert ask(consultant) == Answer.BUSY


def test_entries_that_block_nothing_do_not_count(peer: GoogleSandbox, anna: Consultant) -> None:
    peer.add_event(tomorrow(10), tomorrow(11), transparency="transparent")

    assert ask(anna) == Answer.FREE


def test_our_entry_of_the_booking_that_moves_does_not_count(peer: GoogleSandbox, anna: Consultant) -> None:
    booking = a_booking(anna, tomorrow(10))
    peer.add_event(tomorrow(10), tomorrow(11))
    half_later = Span(tomorrow(10, 30), tomorrow(11, 30))

    assert GoogleCalendars().ask(anna, half_later) == Answer.BUSY
    assert GoogleCalendars().ask(anna, half_later, without=booking) == Answer.FREE


def test_nor_does_it_where_the_consultant_is_only_invited(peer: GoogleSandbox, anna: Consultant) -> None:
    booking = a_booking(anna, tomorrow(10))
    peer.add_event(tomorrow(10), tomorrow(11), calendar=AWAY)

    assert ask(anna, (10, 12), without=booking) == Answer.FREE


def test_one_calendar_that_cannot_be_read_is_unknown(peer: GoogleSandbox, anna: Consultant) -> None:
    peer.faults.set("calendar_error", value="internalError", call=AWAY)

    assert ask(anna) == Answer.UNKNOWN


def test_busy_is_known_although_another_calendar_cannot_be_read(peer: GoogleSandbox, anna: Consultant) -> None:
    peer.faults.set("calendar_error", value="internalError", call=AWAY)
    peer.add_event(tomorrow(10), tomorrow(11))

    assert ask(anna) == Answer.BUSY


@pytest.mark.parametrize(
    ("fault", "value"),
    [("refuse", True), ("status", 503), ("status", 500), ("limit", "quotaExceeded"), ("truncate", True)],
)
def test_whatever_fails_is_unknown(peer: GoogleSandbox, anna: Consultant, fault: str, value: object) -> None:
    peer.faults.set(fault, value=value)

    assert ask(anna) == Answer.UNKNOWN


@pytest.mark.parametrize("call", ["freebusy.query", "oauth.token"])
def test_slow_google_is_given_up_within_three_seconds(peer: GoogleSandbox, anna: Consultant, call: str) -> None:
    peer.faults.set("slow", value=4, call=call)

    answer = in_time(3, lambda: ask(anna))

    assert answer == Answer.UNKNOWN


def test_both_calls_slow_are_three_seconds_in_all(peer: GoogleSandbox, anna: Consultant) -> None:
    peer.faults.set("slow", value=1.6)

    answer = in_time(3, lambda: ask(anna))

    assert answer == Answer.UNKNOWN


def test_paused_or_refused_is_not_asked_at_all(peer: GoogleSandbox, anna: Consultant) -> None:
    peer.revoke()
    assert ask(anna) == Answer.UNKNOWN
    before = peer.counted()

    assert ask(anna) == Answer.UNKNOWN

    assert peer.counted() == before


def test_a_connection_that_rests_is_not_asked(peer: GoogleSandbox, anna: Consultant) -> None:
    connect(peer, breaker_failures=2)
    service().tokens.access()
    peer.faults.set("status", value=503)
    answers = [ask(anna) for _ in range(4)]

    assert answers == [Answer.UNKNOWN] * 4
    assert peer.faults.met["status"] == 2


def test_links_are_made_where_somebody_signed_in(peer: GoogleSandbox, anna: Consultant) -> None:
    assert GoogleCalendars().makes_links(anna)
    peer.revoke()
    ask(anna)

    assert not GoogleCalendars().makes_links(anna)


def test_without_calendars_or_integration_our_bookings_are_all(peer: GoogleSandbox, anna: Consultant) -> None:
    nobody = a_consultant("no-calendars", busy_calendars=[])
    assert ask(nobody) == Answer.FREE

    configuration.set_enabled(Integration.objects.get(slug="google_calendar"), False)

    assert ask(anna) == Answer.FREE
    assert peer.calls == []


def test_nobody_connected_is_unknown(peer: GoogleSandbox, anna: Consultant) -> None:
    Connection.objects.filter(pk=connection().pk).update(secrets={"client_secret": "x"})

    assert ask(anna) == Answer.UNKNOWN


def test_each_consultant_is_asked_as_themselves(peer: GoogleSandbox, anna: Consultant) -> None:
    ben = peer.add_person("ben.hall@sandbox.example", "Ben Hall")
    consultant = a_consultant("ben-hall", busy_calendars=["primary"])
    sign_in(peer, "ben-hall", ben)
    peer.add_event(tomorrow(10), tomorrow(11), calendar=ben)

    assert (ask(anna), ask(consultant)) == (Answer.FREE, Answer.BUSY)


def test_a_bug_of_ours_loses_no_booking(anna: Consultant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.google_calendar.freebusy.add", lambda *args: 1 / 0)

    assert ask(anna) == Answer.UNKNOWN


@pytest.mark.parametrize("chosen", list(OnUnknown))
def test_settings_say_what_unknown_means(peer: GoogleSandbox, chosen: OnUnknown) -> None:
    connect(peer, on_unknown=chosen.value)

    assert GoogleCalendars().on_unknown == chosen


class TestArranging:
    """The whole way, as pages and API go it."""

    def test_busy_in_google_is_taken(self, peer: GoogleSandbox, anna: Consultant) -> None:
        peer.add_event(tomorrow(10), tomorrow(11))

        with pytest.raises(SlotTaken):
            a_booking(anna, tomorrow(10), ask=arrange)

    def test_while_google_fails_the_booking_counts_and_is_marked(self, peer: GoogleSandbox, anna: Consultant) -> None:
        peer.faults.set("status", value=503)

        booking = a_booking(anna, tomorrow(10), ask=arrange)

        assert (booking.status, booking.unchecked) == (Booking.Status.CONFIRMED, True)

    def test_a_booking_moves_past_its_own_entry(self, peer: GoogleSandbox, anna: Consultant) -> None:
        booking = a_booking(anna, tomorrow(10), ask=arrange)
        peer.add_event(tomorrow(10), tomorrow(11))

        rearrange(booking, tomorrow(10) + timedelta(minutes=30))

        booking.refresh_from_db()
        assert (booking.starts_at, booking.unchecked) == (tomorrow(10, 30), False)
