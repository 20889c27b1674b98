"""Many at once on connections of their own: one winner for each time, a clear no for the others, no deadlock."""

from itertools import pairwise

import pytest

from bookings.actions import book, cancel, confirm, hold, move
from bookings.errors import ImpossibleMove, SlotTaken
from bookings.models import Booking, Consultant
from bookings.models.booking import ACTIVE
from tests.bookings.times import at
from tests.concurrency import at_once
from tests.factories import ConsultantFactory, a_client

THREADS = 20
ROUNDS = [0, *[pytest.param(turn, marks=pytest.mark.soak) for turn in range(1, 200)]]

pytestmark = pytest.mark.django_db(transaction=True)


def tried(action, *args, **kwargs):
    """What it gives, or None for a refusal in words. Any other error is one."""
    try:
        return action(*args, **kwargs) or True
    except (SlotTaken, ImpossibleMove):
        return None


def assert_nothing_overlaps():
    spans = sorted((row.consultant_id, row.starts_at, row.ends_at) for row in Booking.objects.filter(status__in=ACTIVE))
    for (one, _start, end), (other, start, _end) in pairwise(spans):
        assert one != other or end <= start


@pytest.mark.parametrize("turn", ROUNDS)
def test_one_of_twenty_gets_the_slot(turn):
    """Half an hour apart and an hour long, so that winners shut out their neighbours, too."""
    ConsultantFactory()
    clocks = ["10:00", "10:30"]

    def go(number):
        client = a_client(f"person-{number}@client.example")
        return tried(book, Consultant.objects.get(), at(clocks[number % 2]), 60, client)

    assert len([each for each in at_once(go, range(THREADS)) if each]) == 1
    assert Booking.objects.count() == 1


def test_one_of_twenty_holds_it():
    ConsultantFactory()
    done = at_once(lambda _: tried(hold, Consultant.objects.get(), at("10:00"), 60), range(THREADS))
    assert len([each for each in done if each]) == 1


def test_one_of_twenty_is_moved_there():
    consultant = ConsultantFactory(minutes=[30], step_minutes=10, per_day=None)
    days = [book(consultant, at("12:00", days=11 + number), 30, a_client()) for number in range(THREADS)]

    def go(booking):
        before = booking.starts_at
        tried(move, Booking.objects.select_related("consultant").get(pk=booking.pk), at("10:00"))
        return Booking.objects.get(pk=booking.pk).starts_at != before

    assert at_once(go, days).count(True) == 1
    assert_nothing_overlaps()


def test_two_that_swap_their_times_do_not_wait_for_each_other():
    consultant = ConsultantFactory()
    one, other = (book(consultant, at(clock), 60, a_client()) for clock in ("10:00", "12:00"))
    wanted = {one.pk: at("12:00"), other.pk: at("10:00")}
    done = at_once(lambda pk: tried(move, Booking.objects.get(pk=pk), wanted[pk]), [one.pk, other.pk] * 4)
    assert done == [None] * 8
    assert_nothing_overlaps()


def test_it_is_confirmed_once_or_cancelled():
    booking = book(ConsultantFactory(), at("10:00"), 60, a_client(), pending=True)
    acts = [confirm] * 10 + [cancel] * 10
    done = at_once(lambda act: tried(act, Booking.objects.get(pk=booking.pk)), acts)
    confirmed, cancelled = (len([each for each in some if each]) for some in (done[:10], done[10:]))
    assert cancelled == 1
    assert confirmed <= 1
    assert Booking.objects.get().status == "cancelled"
