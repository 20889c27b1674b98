"""What people see and change behind the link in their letter."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.core.signing import BadSignature
from django.test import Client
from django.utils import timezone, translation

from integrations.redact import redact
from tests.factories import RegistrationFactory, SessionFactory
from webinars import links
from webinars.models import Registration

pytestmark = pytest.mark.django_db

DETAILS = {"first_name": "Grace", "last_name": "Hopper", "company": "Navy", "phone": "2"}


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    with translation.override("en"):
        yield


def a_registration(status: str = "confirmed", **fields: Any) -> Registration:
    made: Registration = RegistrationFactory(status=status, language="en", **fields)
    return made


def path_of(registration: Registration) -> str:
    return urlsplit(links.manage(registration)).path


def press(client: Client, registration: Registration, button: str, **typed: str) -> Any:
    return client.post(path_of(registration), {"button": button, **typed}, follow=True)


def heading(page: Any) -> str:
    return " ".join(re.findall(r"<h1>(.*?)</h1>", page.content.decode(), re.DOTALL)[0].split())


def test_link_is_absolute_in_the_language_of_the_registration_and_names_nobody(settings: Any) -> None:
    registration = a_registration(session__slug="data")
    registration.language = "de"

    link = links.manage(registration)

    assert link.startswith(f"{settings.SITE_URL}/de/webinars/registration/{registration.uuid.hex}.")
    assert "@" not in link


def test_token_of_another_registration_or_purpose_opens_nothing(client: Client) -> None:
    one, other = a_registration(), a_registration()
    signature = links.token_of(one).partition(".")[2]

    for token in (f"{other.uuid.hex}.{signature}", f"{one.uuid.hex}.x", links.token_of(one)[:-1]):
        with pytest.raises(BadSignature):
            links.opened(token)
        assert client.get(f"/en/webinars/registration/{token}/").status_code == 404


def test_log_line_about_the_link_does_not_hand_it_out() -> None:
    path = path_of(a_registration())

    assert links.token_of(Registration.objects.get()) not in redact(f"Conflict: {path}")


def test_page_is_for_who_has_the_link_only(client: Client) -> None:
    page = client.get(path_of(a_registration()))

    assert (page["Referrer-Policy"], page["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize(
    ("status", "told", "buttons"),
    [
        ("confirmed", "You have a seat", ["change", "cancel"]),
        ("waitlisted", "You are on the waiting list", ["change", "cancel"]),
        ("offered", "A seat is free for you", ["accept", "decline", "change"]),
        ("pending_payment", "Your seat is not paid yet", ["pay", "change", "cancel"]),
        ("cancelled", "Your registration is cancelled", []),
        ("expired", "The time for this seat is over", []),
        ("attended", "You were there", []),
        ("no_show", "This session is over", []),
    ],
)
def test_page_tells_the_state_and_offers_what_can_be_done(
    client: Client, status: str, told: str, buttons: list[str]
) -> None:
    page = client.get(path_of(a_registration(status)))

    assert heading(page) == told
    assert re.findall(r'name="button" value="(\w+)"', page.content.decode()) == buttons


@pytest.mark.parametrize("status", ["confirmed", "offered", "pending_payment"])
def test_looking_changes_nothing(client: Client, status: str) -> None:
    registration = a_registration(status)
    before = Registration.objects.values().get()

    client.get(path_of(registration))
    client.head(path_of(registration))

    assert Registration.objects.values().get() == before


def test_meeting_link_is_for_who_has_a_seat(client: Client) -> None:
    session = SessionFactory(meeting_url="https://meet.example/1")

    pages = [client.get(path_of(a_registration(status, session=session))) for status in ("confirmed", "waitlisted")]

    assert ["https://meet.example/1" in page.content.decode() for page in pages] == [True, False]


def test_details_are_corrected(client: Client) -> None:
    registration = a_registration()

    page = press(client, registration, "change", **DETAILS)

    assert Registration.objects.values(*DETAILS).get() == DETAILS
    assert "Your changes are saved." in page.content.decode()


def test_wrong_details_come_back(client: Client) -> None:
    registration = a_registration()

    page = press(client, registration, "change", **{**DETAILS, "first_name": " "})

    assert (page.status_code, Registration.objects.get().first_name) == (422, "Ada")
    assert 'value="Hopper"' in page.content.decode()


def test_cancelling_frees_the_seat_for_the_next_in_line(client: Client) -> None:
    session = SessionFactory(capacity=1)
    leaving, waiting = a_registration(session=session), a_registration("waitlisted", session=session)

    page = press(client, leaving, "cancel")

    waiting.refresh_from_db()
    assert (heading(page), waiting.status) == ("Your registration is cancelled", "offered")


@pytest.mark.parametrize(("button", "status"), [("accept", "confirmed"), ("decline", "cancelled")])
def test_offered_seat_is_taken_or_left(client: Client, button: str, status: str) -> None:
    registration = a_registration("offered")

    press(client, registration, button)

    assert Registration.objects.get().status == status


def test_offer_that_is_over_says_so(client: Client) -> None:
    registration = a_registration("offered", held_until=timezone.now() - timedelta(minutes=1))

    page = press(client, registration, "accept")

    assert page.status_code == 409
    assert "The time for taking this seat is over." in page.content.decode()
    assert Registration.objects.get().status == "offered"


@pytest.mark.parametrize("button", ["accept", "decline", "cancel", "change"])
def test_button_of_an_old_page_says_that_it_is_too_late(client: Client, button: str) -> None:
    registration = a_registration("cancelled")

    page = press(client, registration, button, **DETAILS)

    assert (page.status_code, Registration.objects.get().status) == (409, "cancelled")
    assert "This is not possible" in page.content.decode()


@pytest.mark.usefixtures("payable")
@pytest.mark.parametrize(("status", "button"), [("offered", "accept"), ("pending_payment", "pay")])
def test_paid_seat_leads_to_the_payment(client: Client, status: str, button: str) -> None:
    registration = a_registration(status, session__price=99)

    answer = client.post(path_of(registration), {"button": button})

    assert answer["Location"] == f"/en/webinars/pay/{links.token_of(registration)}/"
    assert Registration.objects.get().status == "pending_payment"


def test_paid_seat_that_nobody_can_be_paid_for_stays_offered(client: Client) -> None:
    registration = a_registration("offered", session__price=99)

    page = press(client, registration, "accept")

    assert (page.status_code, Registration.objects.get().status) == (409, "offered")
    assert "cannot be paid here yet" in page.content.decode()


def test_nothing_is_changed_once_the_session_is_over(client: Client) -> None:
    registration = a_registration(session__starts_at=timezone.now() - timedelta(hours=2))

    page = press(client, registration, "cancel")

    assert (heading(page), Registration.objects.get().status) == ("This session is over", "confirmed")
    assert "<button" not in page.content.decode()


def test_forgotten_person_is_told_so(client: Client) -> None:
    registration = a_registration()
    path = path_of(registration)
    registration.anonymise()
    registration.save()

    page = client.get(path)

    assert (page.status_code, heading(page)) == (410, "We know nothing of you any more")
    assert client.post(path, {"button": "cancel"}).status_code == 410
    assert client.get(f"{path}calendar.ics").status_code == 404
    assert Registration.objects.get().status == "confirmed"


def test_buttons_work_without_cookies() -> None:
    registration = a_registration()

    answer = Client(enforce_csrf_checks=True).post(path_of(registration), {"button": "cancel"})

    assert (answer.status_code, Registration.objects.get().status) == (302, "cancelled")


def test_thirty_first_change_within_ten_minutes_waits(client: Client) -> None:
    registration = a_registration()

    answers = [client.post(path_of(registration), {"button": "change", **DETAILS}) for _ in range(31)]

    assert [answer.status_code for answer in answers] == [302] * 30 + [429]
    assert "Retry-After" in answers[-1]


def test_page_takes_two_queries(client: Client, django_assert_num_queries: Any) -> None:
    registration = a_registration()

    with django_assert_num_queries(2):
        client.get(path_of(registration))
