"""Webinars over the API: the rules of the form, as JSON."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from leads.models import Consent, Touchpoint
from tests.factories import RegistrationFactory, SessionFactory
from tests.webinars.conftest import TakesMoney
from webinars import links
from webinars.errors import ImpossibleMove, OfferOver
from webinars.models import Registration
from webinars.ports import Checkout
from webinars.terms import TERMS_VERSION

pytestmark = pytest.mark.django_db

PERSON = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@client.example", "terms_accepted": True}
PATH = "/api/v1/webinars/data/registrations"


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def post(client: Client, body: dict[str, Any] | None = None, path: str = PATH, **headers: str) -> Any:
    return client.post(path, json.dumps({**PERSON, **(body or {})}), "application/json", headers=headers)


def webinars(client: Client, language: str = "en") -> Any:
    return client.get("/api/v1/webinars", headers={"accept-language": language}).json()["data"]


def fields(answer: Any) -> list[str]:
    assert answer.status_code == 422
    return sorted(answer.json()["error"]["fields"])


def test_webinar_is_told_as_promised(client: Client) -> None:
    SessionFactory(
        slug="data",
        topic__title_de="Daten",
        topic__description_de="Kurz.",
        starts_at=datetime(2031, 7, 1, 8, tzinfo=UTC),
        price=99,
        capacity=20,
    )

    assert webinars(client, "de") == [
        {
            "slug": "data",
            "title": "Daten",
            "description": "Kurz.",
            "starts_at": "2031-07-01T10:00:00+02:00",
            "duration_minutes": 60,
            "timezone": "Europe/Berlin",
            "price": "99.00",
            "currency": "EUR",
            "capacity": 20,
            "seats_left": 20,
            "status": "not_payable",
        }
    ]


def test_list_has_what_is_published_and_ahead_the_next_first(client: Client) -> None:
    for slug, days in [("later", 9), ("next", 2), ("past", -1)]:
        SessionFactory(slug=slug, starts_at=timezone.now() + timedelta(days=days))
    SessionFactory(status="draft")
    SessionFactory(status="cancelled")

    assert [each["slug"] for each in webinars(client)] == ["next", "later"]


def test_list_tells_what_is_left_for_a_newcomer(client: Client) -> None:
    RegistrationFactory(session=SessionFactory(slug="a"))
    RegistrationFactory(session=SessionFactory(slug="b", capacity=2))
    RegistrationFactory(session=SessionFactory(slug="c", capacity=2), status="waitlisted")
    RegistrationFactory(session=SessionFactory(slug="d", capacity=1, waiting_list=False), status="offered")

    told = {each["slug"]: (each["seats_left"], each["status"]) for each in webinars(client)}

    assert told == {"a": (None, "open"), "b": (1, "open"), "c": (0, "waiting_list"), "d": (0, "full")}


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_one_query(client: Client, count: int, django_assert_num_queries: Any) -> None:
    for session in SessionFactory.create_batch(count):
        RegistrationFactory.create_batch(count, session=session)

    with django_assert_num_queries(1):
        webinars(client)


def test_least_that_may_be_said_is_a_registration(client: Client) -> None:
    SessionFactory(slug="data")

    answer = post(client)

    made = Registration.objects.get()
    assert answer.status_code == 201
    told = {"id": str(made.uuid), "status": "confirmed", "payment": None}
    assert answer.json() == {"success": True, "data": told}
    assert (made.name, made.language, made.zone, made.terms_version) == ("Ada Lovelace", "", "", TERMS_VERSION)


def test_everything_that_may_be_said_is_kept(client: Client) -> None:
    SessionFactory(slug="data")
    told = {"company": "Acme", "phone": "+49 30 1", "language": "de"}

    post(client, {**told, "timezone": "Europe/London", "marketing_consent": True})

    made = Registration.objects.get()
    assert {name: getattr(made, name) for name in told} == told
    assert (made.zone, Consent.objects.get().source, Touchpoint.objects.get().kind) == (
        "Europe/London",
        "api",
        "webinar",
    )


def test_language_is_that_of_the_browser_where_the_body_names_none(client: Client) -> None:
    SessionFactory(slug="data")

    post(client, **{"accept-language": "de"})

    assert Registration.objects.get().language == "de"


@pytest.mark.parametrize(
    ("body", "complaints"),
    [
        ({"first_name": " "}, ["first_name"]),
        ({"last_name": "x" * 101, "email": "no"}, ["email", "last_name"]),
        ({"terms_accepted": False}, ["terms_accepted"]),
        ({"terms_accepted": "yes"}, ["terms_accepted"]),
        ({"status": "confirmed"}, ["status"]),
    ],
)
def test_complaints_name_the_field_and_nothing_is_kept(
    client: Client, body: dict[str, Any], complaints: list[str]
) -> None:
    SessionFactory(slug="data")

    assert fields(post(client, body)) == complaints
    assert Registration.objects.count() == 0


@pytest.mark.parametrize("status", ["draft", None])
def test_unknown_webinar_is_not_found(client: Client, status: str | None) -> None:
    if status:
        SessionFactory(slug="data", status=status)

    assert post(client).status_code == 404


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"capacity": 1, "waiting_list": False}, "All seats of this session are taken."),
        ({"status": "cancelled"}, "Registration for this session is not open."),
        ({"registration_opens_at": timezone.now() + timedelta(days=1)}, "Registration for this session is not open."),
        ({"price": 99}, "This session cannot be paid here yet."),
    ],
)
@pytest.mark.parametrize("email", ["ada@client.example", "known@client.example"])
def test_session_that_takes_nobody_refuses_newcomers_and_known_alike(
    client: Client, fields: dict[str, Any], message: str, email: str
) -> None:
    RegistrationFactory(session=SessionFactory(slug="data", **fields), lead__email="known@client.example")

    answer = post(client, {"email": email})

    assert (answer.status_code, answer.json()["error"]["message"]) == (409, message)
    assert Registration.objects.count() == 1


def test_full_session_with_a_waiting_list_takes_one_more_to_wait(client: Client) -> None:
    RegistrationFactory(session=SessionFactory(slug="data", capacity=1))

    answer = post(client)

    assert (answer.status_code, answer.json()["data"]["status"]) == (201, "waitlisted")


def test_saying_it_again_finds_the_same_registration(client: Client) -> None:
    SessionFactory(slug="data")

    answers = [post(client).json(), post(client, {"first_name": "Eve"}).json()]

    assert answers[0] == answers[1]
    assert Registration.objects.get().first_name == "Ada"


@pytest.mark.usefixtures("payable")
def test_paid_seat_comes_with_its_payment(client: Client) -> None:
    SessionFactory(slug="data", price=99)

    told = post(client).json()["data"]

    url = f"https://pay.example/{told['id']}"
    payment = {"amount": "99.00", "currency": "EUR", "client_secret": "secret", "url": url}
    assert (told["status"], told["payment"]) == ("pending_payment", payment)


class TooLate(TakesMoney):
    def start(self, registration: Registration) -> Checkout:
        raise OfferOver


class PaidMeanwhile(TakesMoney):
    def start(self, registration: Registration) -> Checkout:
        raise ImpossibleMove("Confirmed")


@pytest.mark.parametrize("provider", ["TooLate", "PaidMeanwhile"])
def test_who_registered_is_told_so_and_led_to_the_page_where_nothing_can_be_paid_any_more(
    client: Client, settings: Any, provider: str
) -> None:
    settings.WEBINARS_PAYMENTS = f"{__name__}.{provider}"
    SessionFactory(slug="data", price=99)

    answer = post(client)

    payment = {
        "amount": "99.00",
        "currency": "EUR",
        "client_secret": None,
        "url": links.pay(Registration.objects.get()),
    }
    assert (answer.status_code, answer.json()["data"]["payment"]) == (201, payment)


def test_eleventh_call_within_ten_minutes_waits(client: Client) -> None:
    SessionFactory(slug="data")

    answers = [post(client) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [201] * 10 + [429]
    assert int(answers[-1]["Retry-After"]) > 0


@pytest.mark.usefixtures("payable")
def test_saying_it_again_hands_out_nobodys_payment(client: Client) -> None:
    SessionFactory(slug="data", price=99)

    first, again = (post(client) for _ in range(2))

    told = first.json()["data"]
    assert again.status_code == 201
    assert again.json()["data"] == {"id": told["id"], "status": "pending_payment", "payment": None}


@pytest.mark.parametrize("body", ["{", "{}", '{"email": 1}'])
def test_nonsense_counts_as_well(client: Client, body: str) -> None:
    SessionFactory(slug="data")
    for _ in range(10):
        client.post(PATH, body, "application/json")

    assert post(client).status_code == 429


@time_machine.travel(datetime(2026, 11, 24, tzinfo=UTC), tick=False)
def test_list_is_looked_at_a_hundred_and_twenty_times_in_ten_minutes(client: Client) -> None:
    answers = [client.get("/api/v1/webinars") for _ in range(121)]
    neighbour = client.get("/api/v1/webinars", REMOTE_ADDR="192.0.2.7")

    assert [answer.status_code for answer in [*answers, neighbour]] == [200] * 120 + [429, 200]
    assert 0 < int(answers[-1]["Retry-After"]) <= 600
    assert answers[-1].json() == {"success": False, "error": {"message": "That was too often. Try again later."}}


def test_website_that_may_call_is_let_through_by_cors(client: Client, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://www.firm.example"]
    SessionFactory(slug="data")

    answer = post(client, origin="https://www.firm.example")

    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (201, "https://www.firm.example")
