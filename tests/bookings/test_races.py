"""Many at once on connections of their own: one winner for each time, a clear no for the others, no deadlock.

Twenty in twenty rounds, each about another day; two hundred in two hundred rounds where there is time for it.
"""

from functools import partial
from itertools import pairwise

import pytest

from bookings.actions import (
    book,
    cancel,
    change_details,
    confirm,
    forget,
    hold,
    move,
    note_problem,
    take_off,
)
from bookings.errors import ImpossibleMove, SlotTaken
from bookings.models import Booking, Consultant
from bookings.models.booking import ACTIVE, Status
from bookings.spans import Span
from tests.bookings.times import at
from tests.concurrency import at_once, crowded
from tests.factories import ConsultantFactory, a_client

SIZES = [pytest.param(20, 20, id="20"), pytest.param(200, 200, id="200", marks=pytest.mark.soak)]
FIRST = 3  # days from now

pytestmark = pytest.mark.django_db(transaction=True)


def tried(action, *args, **kwargs):
    """What it gives, or None for a refusal in words. Any other error is one."""
    try:
        return action(*args, **kwargs) or True
    except (SlotTaken, ImpossibleMove):
        return None


def winners(done):
    return len([each for each in done if each])


def assert_nothing_overlaps():
    spans = sorted((row.consultant_id, row.starts_at, row.ends_at) for row in Booking.objects.filter(status__in=ACTIVE))
    for (one, _start, end), (other, start, _end) in pairwise(spans):
        assert one != other or end <= start


@pytest.mark.parametrize(("rounds", "crowd"), SIZES)
def test_one_of_many_gets_the_slot(rounds, crowd):
    """Half an hour apart and an hour long, so that winners shut out their neighbours, too."""
    ConsultantFactory(horizon_days=366)
    for turn in range(rounds):
        clocks = [at(clock, days=FIRST + turn) for clock in ("10:00", "10:30")]

        def go(number, clocks=clocks):
            client = a_client(f"person-{number}@client.example")
            return tried(book, Consultant.objects.get(), clocks[number % 2], 60, client)

        assert winners(crowded(go, range(crowd))) == 1
    assert Booking.objects.count() == rounds
    assert_nothing_overlaps()


def test_one_of_twenty_holds_it():
    ConsultantFactory()
    done = at_once(lambda _: tried(hold, Consultant.objects.get(), at("10:00"), 60), range(20))
    assert winners(done) == 1


@pytest.mark.parametrize(("rounds", "crowd"), SIZES)
def test_one_of_many_is_moved_there(rounds, crowd):
    """Each round to another day; whoever was moved in one tries again in the next."""
    consultant = ConsultantFactory(minutes=[30], horizon_days=366)
    clocks = [f"{hour:02}:{minute}" for hour in range(12, 17) for minute in ("00", "30")]
    places = [(clocks[number % 10], FIRST + number // 10) for number in range(crowd)]
    booked = [book(consultant, at(clock, days=days), 30, a_client()) for clock, days in places]
    for turn in range(rounds):
        there = at("10:00", days=FIRST + turn)
        done = crowded(lambda row, there=there: tried(move, Booking.objects.get(pk=row.pk), there), booked)
        assert winners(done) == 1
        assert Booking.objects.filter(starts_at=there).count() == 1
    assert_nothing_overlaps()


@pytest.mark.parametrize(("rounds", "crowd"), SIZES)
def test_one_of_many_confirms_it(rounds, crowd):
    consultant = ConsultantFactory(horizon_days=366)
    for turn in range(rounds):
        row = book(consultant, at("10:00", days=FIRST + turn), 60, a_client(), pending=True)
        assert winners(crowded(lambda _, pk=row.pk: tried(confirm, Booking.objects.get(pk=pk)), range(crowd))) == 1
    assert Booking.objects.filter(status=Status.CONFIRMED).count() == rounds


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


@pytest.mark.parametrize("rounds", [5, pytest.param(200, marks=pytest.mark.soak)])
def test_whatever_happens_to_one_consultant_at_once_nobody_waits_for_each_other(rounds):
    """Among it that the client is forgotten, who books once more at that moment."""
    consultant = ConsultantFactory(horizon_days=366)
    for turn in range(rounds):
        days, who = FIRST + turn, f"person-{turn}@client.example"
        one = book(consultant, at("10:00", days=days), 30, a_client(who), pending=True)
        other = book(consultant, at("12:00", days=days), 30, a_client(who))
        times = [at(clock, days=days) for clock in ("10:00", "12:00", "14:00", "15:00")]
        off = {consultant: Span(at("16:00", days=days), at("17:00", days=days))}
        acts = [
            *[partial(hold, consultant, start, 30) for start in times],
            *[partial(book, consultant, start, 30, a_client(who)) for start in times],
            *[partial(move, now(row), start) for row in (one, other) for start in times],
            partial(confirm, now(one)),
            partial(cancel, now(other)),
            partial(change_details, now(one), {"company": "Engines Ltd"}),
            partial(note_problem, now(other), Booking.Problem.DECLINED),
            partial(take_off, off),
            partial(forget, [one.lead]),
        ]
        at_once(lambda act: tried(act), acts)
        assert_nothing_overlaps()
        assert now(one).is_forgotten
        assert not Booking.objects.exclude(problem="").exists()


def now(booking):
    return Booking.objects.select_related("consultant").get(pk=booking.pk)
