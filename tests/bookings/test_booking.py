"""From a free time to a meeting, and what may become of it."""

from datetime import UTC, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from bookings.actions import HOLD, book, cancel, complete, confirm, hold, in_turn, mark_no_show, move, release
from bookings.availability import Reason
from bookings.errors import ImpossibleMove, NotOffered, SlotTaken
from bookings.models import Booking, BusyCalendar, BusyInterval, TimeOff
from bookings.models.booking import Status
from bookings.signals import bookings_cancelled, bookings_confirmed, bookings_moved, bookings_requested
from leads.models import Lead, Touchpoint
from tests.bookings.times import at
from tests.factories import ConsultantFactory, a_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def told():
    """What was told since, as (fact, references)."""
    facts = []
    signals = {
        "requested": bookings_requested,
        "confirmed": bookings_confirmed,
        "moved": bookings_moved,
        "cancelled": bookings_cancelled,
    }

    def listener(name):
        def hear(bookings, **kwargs):
            facts.append((name, [each.reference for each in bookings]))

        return hear

    listeners = {name: listener(name) for name in signals}
    for name, signal in signals.items():
        signal.connect(listeners[name])
    yield facts
    for name, signal in signals.items():
        signal.disconnect(listeners[name])


def test_a_free_time_becomes_a_meeting(told):
    consultant = ConsultantFactory(before_minutes=10, after_minutes=5)

    booking = book(consultant, at("10:00"), 60, a_client(" ADA@client.example", company="Analytical", message="Hello"))

    row = Booking.objects.get()
    assert (row.status, row.starts_at, row.ends_at) == (Status.CONFIRMED, at("10:00"), at("11:00"))
    assert (row.blocked.lower, row.blocked.upper) == (at("09:50"), at("11:05"))
    assert (row.name, row.email, row.company, row.message) == (
        "Ada Lovelace",
        "ada@client.example",
        "Analytical",
        "Hello",
    )
    assert row.reference.startswith(f"VLT-{timezone.localdate():%Y%m%d}-")
    assert told == [("confirmed", [booking.reference])]


def test_the_client_is_a_lead_that_asked_for_a_consultation():
    booking = book(ConsultantFactory(), at("10:00"), 30, a_client())
    assert booking.lead == Lead.objects.get(email="ada@client.example")
    assert Touchpoint.objects.get().kind == Touchpoint.Kind.CONSULTATION


def test_two_bookings_of_one_client_are_two_touchpoints_of_one_lead():
    consultant = ConsultantFactory()
    book(consultant, at("10:00"), 30, a_client())
    book(consultant, at("12:00"), 30, a_client())
    assert (Lead.objects.count(), Touchpoint.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    ("clock", "reason"),
    [("10:30", Reason.BOOKED), ("09:30", Reason.BOOKED), ("18:00", Reason.NOT_WORKING), ("11:10", Reason.BETWEEN)],
)
def test_what_is_not_free_is_refused_and_leaves_nothing(clock, reason):
    consultant = ConsultantFactory()
    book(consultant, at("10:00"), 60, a_client())
    with pytest.raises(SlotTaken) as refused, transaction.atomic():
        book(consultant, at(clock), 60, a_client("bob@client.example"))
    assert refused.value.objection.reason == reason
    assert Booking.objects.count() == 1
    assert Lead.objects.count() == 1


def test_time_off_and_busy_calendars_keep_people_out():
    consultant = ConsultantFactory()
    TimeOff.objects.create(consultant=consultant, starts_at=at("09:00"), ends_at=at("10:00"))
    calendar = BusyCalendar.objects.create(consultant=consultant, calendar="primary", checked_at=timezone.now())
    BusyInterval.objects.create(calendar=calendar, starts_at=at("12:00"), ends_at=at("13:00"))
    for clock, reason in [("09:30", Reason.TIME_OFF), ("12:30", Reason.BUSY)]:
        with pytest.raises(SlotTaken) as refused:
            book(consultant, at(clock), 30, a_client())
        assert refused.value.objection.reason == reason


def test_only_what_is_offered_can_be_booked():
    consultant = ConsultantFactory(minutes=[30], meeting_types=["phone"])
    with pytest.raises(NotOffered):
        book(consultant, at("10:00"), 45, a_client(meeting_type="phone"))
    with pytest.raises(NotOffered):
        book(consultant, at("10:00"), 30, a_client(meeting_type="video"))
    consultant.active = False
    consultant.save()
    with pytest.raises(NotOffered):
        book(consultant, at("10:00"), 30, a_client(meeting_type="phone"))


class TestHold:
    def test_it_keeps_others_out_and_becomes_the_booking(self):
        consultant = ConsultantFactory()
        held = hold(consultant, at("10:00"), 60)
        assert timezone.now() < held.held_until <= timezone.now() + HOLD
        with pytest.raises(SlotTaken):
            book(consultant, at("10:00"), 60, a_client("bob@client.example"))
        booking = book(consultant, at("10:00"), 60, a_client(), held=held)
        assert list(Booking.objects.all()) == [booking]

    def test_one_that_is_over_keeps_nobody_out(self):
        consultant = ConsultantFactory()
        held = hold(consultant, at("10:00"), 60)
        Booking.objects.update(held_until=timezone.now() - timedelta(seconds=1))
        booking = book(consultant, at("10:00"), 60, a_client("bob@client.example"))
        assert list(Booking.objects.all()) == [booking]
        with pytest.raises(SlotTaken):
            book(consultant, at("10:00"), 60, a_client(), held=held)

    def test_it_is_given_back(self):
        consultant = ConsultantFactory()
        release(hold(consultant, at("10:00"), 60))
        assert not Booking.objects.exists()

    def test_giving_back_what_was_booked_changes_nothing(self):
        booking = book(ConsultantFactory(), at("10:00"), 60, a_client())
        release(booking)
        assert Booking.objects.get().status == Status.CONFIRMED

    def test_a_strangers_hold_opens_no_door(self):
        """One of another consultant, or of another time."""
        consultant, other = ConsultantFactory(), ConsultantFactory()
        held = hold(other, at("10:00"), 60)
        hold(consultant, at("10:00"), 60)
        with pytest.raises(SlotTaken):
            book(consultant, at("10:00"), 60, a_client(), held=held)
        assert Booking.objects.filter(pk=held.pk).exists()


class TestChanges:
    def test_moved_to_where_it_overlaps_itself(self, told):
        booking = book(ConsultantFactory(), at("10:00"), 60, a_client())
        move(booking, at("10:30"))
        row = Booking.objects.get()
        assert (row.starts_at, row.ends_at, row.sequence) == (at("10:30"), at("11:30"), 1)
        assert (row.blocked.lower, row.blocked.upper) == (at("10:30"), at("11:30"))
        assert told[-1] == ("moved", [booking.reference])

    def test_moved_to_the_same_time_is_no_news(self, told):
        booking = book(ConsultantFactory(), at("10:00"), 60, a_client())
        move(booking, at("10:00").astimezone(UTC))
        assert booking.sequence == 0
        assert len(told) == 1

    def test_made_longer_where_it_is(self, told):
        booking = book(ConsultantFactory(), at("10:00"), 60, a_client())
        move(booking, at("10:00"), length=timedelta(minutes=90))
        row = Booking.objects.get()
        assert (row.starts_at, row.ends_at, row.blocked.upper) == (at("10:00"), at("11:30"), at("11:30"))
        assert told[-1] == ("moved", [booking.reference])

    def test_not_moved_onto_another(self):
        consultant = ConsultantFactory()
        book(consultant, at("12:00"), 60, a_client("bob@client.example"))
        booking = book(consultant, at("10:00"), 60, a_client())
        with pytest.raises(SlotTaken):
            move(booking, at("11:30"))
        assert Booking.objects.get(pk=booking.pk).starts_at == at("10:00")

    def test_operators_know_better_than_all_rules_but_one(self):
        consultant = ConsultantFactory(per_day=1)
        book(consultant, at("10:00"), 60, a_client())
        evening = book(consultant, at("20:10"), 60, a_client("bob@client.example"), lenient=True)
        with pytest.raises(SlotTaken):
            move(evening, at("10:30"), lenient=True)

    def test_cancelled_gives_the_time_back(self, told):
        consultant = ConsultantFactory()
        booking = book(consultant, at("10:00"), 60, a_client())
        cancel(booking)
        assert (booking.status, booking.sequence) == (Status.CANCELLED, 1)
        assert told[-1] == ("cancelled", [booking.reference])
        book(consultant, at("10:00"), 60, a_client("bob@client.example"))

    def test_asked_for_keeps_its_time_until_somebody_agrees(self, told):
        consultant = ConsultantFactory()
        booking = book(consultant, at("10:00"), 60, a_client(), pending=True)
        assert (booking.status, booking.confirmed_at) == (Status.PENDING, None)
        with pytest.raises(SlotTaken):
            book(consultant, at("10:00"), 60, a_client("bob@client.example"))
        confirm(booking)
        assert booking.confirmed_at is not None
        assert [fact for fact, _ in told] == ["requested", "confirmed"]

    @pytest.mark.parametrize("act", [confirm, cancel, complete, mark_no_show])
    def test_what_is_cancelled_stays_so(self, act):
        booking = book(ConsultantFactory(), at("10:00"), 60, a_client())
        cancel(booking)
        with pytest.raises(ImpossibleMove, match="Cancelled"):
            act(booking)
        with pytest.raises(ImpossibleMove):
            move(booking, at("12:00"))

    def test_who_came_and_who_did_not(self):
        booking = book(ConsultantFactory(), at("10:00"), 60, a_client())
        for act, status in [(mark_no_show, Status.NO_SHOW), (complete, Status.COMPLETED)]:
            act(booking)
            assert Booking.objects.get().status == status


def test_the_database_itself_lets_nothing_overlap():
    consultant = ConsultantFactory()
    booking = book(consultant, at("10:00"), 60, a_client())
    booking.pk, booking.uuid, booking.reference = None, None, "VLT-20261124-2222"
    booking.uuid = Booking._meta.get_field("uuid").get_default()
    with pytest.raises(IntegrityError, match="bookings_booking_apart"), transaction.atomic():
        booking.save(force_insert=True)


def test_who_was_booked_least_recently_comes_first():
    ann, bea, cid = (ConsultantFactory(name=name) for name in ("Ann", "Bea", "Cid"))
    assert in_turn([cid, bea, ann]) == [ann, bea, cid]
    book(ann, at("10:00"), 30, a_client())
    book(bea, at("10:00"), 30, a_client())
    assert in_turn([ann, bea, cid]) == [cid, ann, bea]
    cancel(book(cid, at("10:00"), 30, a_client()))
    hold(cid, at("12:00"), 30)
    assert in_turn([ann, bea, cid]) == [cid, ann, bea]
