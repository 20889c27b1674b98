"""Asking calendars before a meeting is made, and what others tell us of it afterwards."""

from datetime import timedelta

import pytest

from bookings import actions
from bookings.arranging import arrange, rearrange
from bookings.availability import Reason
from bookings.errors import CalendarSilent, NoNewTime, SlotTaken
from bookings.models import Booking
from bookings.models.booking import Problem, Status
from bookings.ports import Answer, OnUnknown, calendars
from bookings.signals import bookings_put_back, bookings_troubled, meeting_links_known
from tests.bookings.times import at
from tests.factories import ConsultantFactory, a_client

pytestmark = pytest.mark.django_db


class Free:
    """A calendar that answers always the same; the others differ in what."""

    answer, on_unknown = Answer.FREE, OnUnknown.ACCEPT

    def ask(self, consultant, span, *, without=None):
        return self.answer

    def makes_links(self, consultant):
        return False


class Busy(Free):
    answer = Answer.BUSY


class Silent(Free):
    answer = Answer.UNKNOWN


class SilentAsRequest(Silent):
    on_unknown = OnUnknown.PENDING


class SilentRefused(Silent):
    on_unknown = OnUnknown.REFUSE


@pytest.fixture
def asking(settings):
    def use(kind):
        settings.BOOKINGS_CALENDAR = f"{__name__}.{kind.__name__}"

    return use


@pytest.fixture
def told():
    facts = []

    def hear(signal, bookings, **kwargs):
        facts.extend(each.reference for each in bookings)

    for signal in (bookings_troubled, meeting_links_known):
        signal.connect(hear)
    yield facts
    for signal in (bookings_troubled, meeting_links_known):
        signal.disconnect(hear)


def wish(**kwargs) -> Booking:
    return arrange(ConsultantFactory(), at("10:00"), 30, a_client(), **kwargs)


@pytest.mark.parametrize(
    ("kind", "status", "unchecked"),
    [(Free, Status.CONFIRMED, False), (Silent, Status.CONFIRMED, True), (SilentAsRequest, Status.PENDING, True)],
)
def test_what_the_calendar_says_decides(asking, kind, status, unchecked):
    asking(kind)
    booking = wish()
    assert (booking.status, booking.unchecked) == (status, unchecked)


@pytest.mark.parametrize(("kind", "error"), [(Busy, SlotTaken), (SilentRefused, CalendarSilent)])
def test_what_is_not_agreed_leaves_nothing(asking, kind, error):
    asking(kind)
    with pytest.raises(error):
        wish()
    assert not Booking.objects.exists()


def test_who_is_busy_elsewhere_is_why(asking):
    asking(Busy)
    with pytest.raises(SlotTaken) as refused:
        wish()
    assert refused.value.objection.reason == Reason.BUSY


@pytest.mark.parametrize(("kind", "unchecked"), [(Busy, False), (SilentRefused, True), (SilentAsRequest, True)])
def test_operators_know_better_than_calendars(asking, kind, unchecked):
    asking(kind)
    booking = wish(lenient=True)
    assert (booking.status, booking.unchecked) == (Status.CONFIRMED, unchecked)


def test_moving_asks_again(asking):
    asking(Silent)
    booking = wish()
    asking(Free)
    rearrange(booking, at("12:00"))
    booking.refresh_from_db()
    assert (booking.starts_at, booking.unchecked) == (at("12:00"), False)

    asking(Busy)
    with pytest.raises(SlotTaken):
        rearrange(booking, at("14:00"))
    booking.refresh_from_db()
    assert booking.starts_at == at("12:00")


def test_without_calendars_everything_is_free(settings):
    settings.BOOKINGS_CALENDAR = "bookings.ports.NoCalendars"
    assert calendars().on_unknown == OnUnknown.ACCEPT
    assert not wish().unchecked


def test_a_problem_is_told_once_and_settled(asking, told):
    asking(Silent)
    booking = wish()
    other = {"calendar": "ada@firm.example", "starts_at": at("10:00"), "ends_at": at("11:00")}

    assert actions.note_problem(booking, Problem.CALENDAR_BUSY, **other)
    assert not actions.note_problem(booking, Problem.CALENDAR_BUSY, **other)

    booking.refresh_from_db()
    assert booking.problem_details == {
        key: str(getattr(value, "isoformat", value.__str__)()) for key, value in other.items()
    }
    assert told == [booking.reference]
    actions.settle_problem(booking)
    booking.refresh_from_db()
    assert (booking.problem, booking.problem_details, booking.unchecked) == ("", {}, False)


def test_at_another_time_there_is_no_problem():
    booking = wish()
    actions.note_problem(booking, Problem.MOVED_OUTSIDE, starts_at=at("12:00"), ends_at=at("12:30"))
    actions.move(booking, at("12:00"))
    assert Booking.objects.get().problem == ""


def test_what_is_over_has_no_problems(told):
    booking = wish()
    actions.cancel(booking)
    assert not actions.note_problem(booking, Problem.DECLINED)
    assert told == []


def test_what_ends_needs_no_decision_any_more():
    booking = wish()
    actions.note_problem(booking, Problem.DECLINED)
    actions.cancel(booking)
    assert (Booking.objects.get().problem, Booking.objects.get().problem_details) == ("", {})


def test_a_calendar_that_answers_at_last(asking):
    asking(Silent)
    booking = wish()
    actions.mark_checked(booking)
    assert not Booking.objects.get().unchecked


def test_a_meeting_link_is_told_when_it_is_another(told):
    booking = wish()
    for _twice in range(2):
        actions.note_meeting_url(booking, "https://meet.example.com/abc")
    assert told == [booking.reference]
    assert Booking.objects.get().meeting_url == "https://meet.example.com/abc"


def test_an_answer_to_the_invitation():
    booking = wish()
    actions.note_answer(booking, Booking.Answer.DECLINED)
    assert Booking.objects.get().answer == "declined"
    assert booking.ends_at - booking.starts_at == timedelta(minutes=30)


class TestDeciding:
    """Something was done to a booking in a calendar, and somebody says what shall be."""

    def test_what_was_moved_there_is_moved_here(self):
        booking = wish()
        actions.note_problem(booking, Problem.MOVED_OUTSIDE, starts_at=at("18:00"), ends_at=at("18:45"))

        actions.take_over(booking)

        booking.refresh_from_db()
        assert (booking.starts_at, booking.ends_at, booking.problem) == (at("18:00"), at("18:45"), "")

    def test_what_was_moved_onto_another_booking_stays(self):
        booking = wish()
        actions.book(booking.consultant, at("12:00"), 30, a_client("bob@client.example"))
        actions.note_problem(booking, Problem.MOVED_OUTSIDE, starts_at=at("12:00"), ends_at=at("12:30"))

        with pytest.raises(SlotTaken):
            actions.take_over(booking)

        booking.refresh_from_db()
        assert (booking.starts_at, booking.problem) == (at("10:00"), Problem.MOVED_OUTSIDE)

    def test_what_has_no_time_there_cannot_be_taken_over(self):
        booking = wish()
        actions.note_problem(booking, Problem.MOVED_OUTSIDE, calendar="primary")
        with pytest.raises(NoNewTime):
            actions.take_over(booking)

    @pytest.mark.parametrize("problem", [Problem.DELETED_OUTSIDE, Problem.DECLINED])
    def test_what_is_not_wanted_there_is_cancelled_here(self, problem):
        booking = wish()
        actions.note_problem(booking, problem)

        actions.take_over(booking)

        booking.refresh_from_db()
        assert (booking.status, booking.problem) == (Status.CANCELLED, "")

    def test_what_was_agreed_stands(self):
        booking = wish()
        actions.note_problem(booking, Problem.MOVED_OUTSIDE, starts_at=at("12:00"), ends_at=at("12:30"))
        stands = []

        def hear(bookings, **kwargs):
            stands.extend(bookings)

        bookings_put_back.connect(hear)
        try:
            actions.put_back(booking)
        finally:
            bookings_put_back.disconnect(hear)

        booking.refresh_from_db()
        assert (booking.starts_at, booking.problem) == (at("10:00"), "")
        assert stands == [booking]
