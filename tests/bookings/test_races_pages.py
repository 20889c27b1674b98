"""Many visitors at once over real HTTP: one winner for each time, a kind page for the others."""

from collections import Counter
from typing import Any

import pytest
import requests
from pytest_django.live_server_helper import LiveServer

from bookings import links
from bookings.models import Booking
from bookings.models.booking import Status
from tests.bookings.times import at
from tests.bookings.visiting import TYPED
from tests.concurrency import at_once
from tests.factories import ConsultantFactory

CROWD = 20
ROUNDS = [0, *[pytest.param(turn, marks=pytest.mark.soak) for turn in range(1, 20)]]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def everybody_has_an_address(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    ConsultantFactory(slug="grace")


def post(url: str, number: int, typed: dict[str, str]) -> requests.Response:
    headers = {"X-Forwarded-For": f"203.0.113.{number}"}
    return requests.post(url, typed, headers=headers, allow_redirects=False, timeout=30)


def forms(live_server: LiveServer, count: int) -> list[str]:
    """Of so many visitors who all held that time once, and typed for longer than it was kept."""
    consultant = ConsultantFactory._meta.model.objects.get()
    rows = [Booking(consultant=consultant, starts_at=at("10:00"), ends_at=at("10:30")) for _ in range(count)]
    return [f"{live_server.url}/en/book/form/{links.token_of_hold(row)}/" for row in rows]


@pytest.mark.parametrize("turn", ROUNDS)
def test_one_of_twenty_holds_the_time(live_server: LiveServer, turn: int) -> None:
    url, typed = f"{live_server.url}/en/book/grace/embed/", {"start": at("10:00").isoformat(), "minutes": "30"}

    answers = at_once(lambda number: post(url, number, typed), range(CROWD))

    assert Counter(answer.status_code for answer in answers) == {302: 1, 409: CROWD - 1}
    assert all("Please choose another one." in answer.text for answer in answers if answer.status_code == 409)
    assert Booking.objects.get().status == Status.HELD


@pytest.mark.parametrize("turn", ROUNDS)
def test_one_of_twenty_gets_the_meeting(live_server: LiveServer, turn: int) -> None:
    tries = list(enumerate(forms(live_server, CROWD)))

    answers = at_once(lambda each: post(each[1], each[0], {**TYPED, "email": f"p{each[0]}@client.example"}), tries)

    assert Counter(answer.status_code for answer in answers) == {302: 1, 409: CROWD - 1}
    assert all('name="instead"' in answer.text for answer in answers if answer.status_code == 409)
    assert Booking.objects.get().status == Status.CONFIRMED


def test_one_form_that_is_sent_many_times_books_once_and_says_so_each_time(live_server: LiveServer) -> None:
    form = forms(live_server, 1)[0]

    answers = at_once(lambda number: post(form, number, TYPED), range(CROWD))

    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert Booking.objects.count() == 1
