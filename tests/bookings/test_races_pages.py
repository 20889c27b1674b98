"""Many visitors at once over real HTTP: one winner for each time, a kind page for the others."""

from collections import Counter
from datetime import datetime, timedelta
from threading import local
from typing import Any

import pytest
import requests
from pytest_django.live_server_helper import LiveServer

from bookings import links
from bookings.actions import book
from bookings.models import Booking, Consultant
from bookings.models.booking import Status
from tests.bookings.times import at
from tests.bookings.visiting import TYPED
from tests.concurrency import at_once, crowded
from tests.factories import ConsultantFactory, a_client

CROWD = 20
SIZES = [pytest.param(20, CROWD, id="20"), pytest.param(200, 200, id="200", marks=pytest.mark.soak)]
FIRST = 3  # days from now

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def grace(settings: Any) -> Consultant:
    """Everybody has an address of their own."""
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    return ConsultantFactory(slug="grace", minutes=[30], horizon_days=366)


visitors = local()


def post(url: str, number: int, typed: dict[str, str], turn: int = 0) -> requests.Response:
    """Visitors of one thread share a connection: the server has one to the database for each, also while it closes."""
    session = visitors.__dict__.setdefault("session", requests.Session())
    session.cookies.clear()
    headers = {"X-Forwarded-For": f"203.0.{turn}.{number}"}
    answer: requests.Response = session.post(url, typed, headers=headers, allow_redirects=False, timeout=60)
    return answer


def forms(live_server: LiveServer, consultant: Consultant, count: int, start: datetime) -> list[str]:
    """Of so many visitors who all held that time once, and typed for longer than it was kept."""
    end = start + timedelta(minutes=30)
    rows = [Booking(consultant=consultant, starts_at=start, ends_at=end) for _ in range(count)]
    return [f"{live_server.url}/en/book/form/{links.token_of_hold(row)}/" for row in rows]


def test_one_of_twenty_holds_the_time(live_server: LiveServer) -> None:
    url, typed = f"{live_server.url}/en/book/grace/embed/", {"start": at("10:00").isoformat(), "minutes": "30"}

    answers = at_once(lambda number: post(url, number, typed), range(CROWD))

    assert Counter(answer.status_code for answer in answers) == {302: 1, 409: CROWD - 1}
    assert all("Please choose another one." in answer.text for answer in answers if answer.status_code == 409)
    assert Booking.objects.get().status == Status.HELD


@pytest.mark.parametrize(("rounds", "crowd"), SIZES)
def test_one_of_many_gets_the_meeting(live_server: LiveServer, grace: Consultant, rounds: int, crowd: int) -> None:
    for turn in range(rounds):
        tries = list(enumerate(forms(live_server, grace, crowd, at("10:00", days=FIRST + turn))))

        answers = crowded(
            lambda each, turn=turn: post(each[1], each[0], {**TYPED, "email": f"p{each[0]}@client.example"}, turn),
            tries,
            threads=CROWD,
        )

        assert Counter(answer.status_code for answer in answers) == {302: 1, 409: crowd - 1}
        assert all('name="instead"' in answer.text for answer in answers if answer.status_code == 409)
    assert set(Booking.objects.values_list("status", flat=True)) == {Status.CONFIRMED}
    assert Booking.objects.count() == rounds


@pytest.mark.parametrize(("rounds", "crowd"), SIZES)
def test_one_of_many_is_moved_there(live_server: LiveServer, grace: Consultant, rounds: int, crowd: int) -> None:
    """By the links in their letters, to another day in each round."""
    clocks = [f"{hour:02}:{minute}" for hour in range(12, 17) for minute in ("00", "30")]
    places = [at(clocks[number % 10], days=FIRST + number // 10) for number in range(crowd)]
    tokens = [links.token_of(book(grace, place, 30, a_client())) for place in places]
    pages = [f"{live_server.url}/en/book/meeting/{token}/move/" for token in tokens]
    for turn in range(rounds):
        there = at("10:00", days=FIRST + turn)

        answers = crowded(
            lambda each, turn=turn, there=there: post(each[1], each[0], {"start": there.isoformat()}, turn),
            list(enumerate(pages)),
            threads=CROWD,
        )

        assert Counter(answer.status_code for answer in answers) == {302: 1, 409: crowd - 1}
        assert all("Please choose another one." in answer.text for answer in answers if answer.status_code == 409)
        assert Booking.objects.filter(starts_at=there).count() == 1
    assert Booking.objects.filter(status=Status.CONFIRMED).count() == crowd


def test_one_form_that_is_sent_many_times_books_once_and_says_so_each_time(
    live_server: LiveServer, grace: Consultant
) -> None:
    form = forms(live_server, grace, 1, at("10:00"))[0]

    answers = at_once(lambda number: post(form, number, TYPED), range(CROWD))

    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert Booking.objects.count() == 1
