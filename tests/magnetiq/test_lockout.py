"""Who guesses passwords has to wait."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations import tasks

from .second_factor import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = reverse("admin:login")


@pytest.fixture(autouse=True)
def ada() -> User:
    return User.objects.create_superuser("ada", password=PASSWORD)


def attempt(client: Client, password: str = "wrong", name: str = "ada", **extra: Any) -> Any:
    return client.post(LOGIN, {"username": name, "password": password}, **extra)


def guess(client: Client, times: int, **extra: Any) -> Any:
    return [attempt(client, **extra) for _ in range(times)][-1]


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_five_wrong_passwords_lock_out_whether_the_name_exists_or_not(client: Client, name: str) -> None:
    answer = guess(client, 5, name=name)

    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert "Please try again in 15 minutes." in answer.content.decode()
    assert name not in answer.content.decode()


def test_right_password_opens_nothing_meanwhile(client: Client) -> None:
    guess(client, 5)

    assert attempt(client, PASSWORD).status_code == 429
    assert client.get(reverse("admin:index")).status_code == 302


def test_a_quarter_of_an_hour_later_it_does_however_often_was_tried_meanwhile(client: Client) -> None:
    guess(client, 7)

    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1)):
        answer = attempt(client, PASSWORD)

    assert answer.status_code == 302


def test_success_begins_the_count_anew(client: Client) -> None:
    guess(client, 4)
    attempt(client, PASSWORD)

    assert guess(client, 4).status_code == 200


def test_others_are_not_locked_out(client: Client) -> None:
    guess(client, 5)

    assert attempt(client, PASSWORD, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_other_names_from_there_are_not_locked_out(client: Client) -> None:
    User.objects.create_superuser("bob", password=PASSWORD)
    guess(client, 5)

    assert attempt(client, PASSWORD, name="bob").status_code == 302


def test_address_is_the_one_that_our_proxy_tells(client: Client, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    guess(client, 5, headers={"x-forwarded-for": "1.1.1.1, 192.0.2.7"})

    assert attempt(client, headers={"x-forwarded-for": "2.2.2.2, 192.0.2.7"}).status_code == 429
    assert attempt(client, headers={"x-forwarded-for": "192.0.2.8"}).status_code == 200


def test_one_household_of_ipv6_is_one_address(client: Client) -> None:
    guess(client, 5, REMOTE_ADDR="2001:db8::1")

    assert attempt(client, REMOTE_ADDR="2001:db8::2").status_code == 429


def test_who_comes_through_a_socket_is_counted_too(client: Client) -> None:
    assert guess(client, 5, REMOTE_ADDR="").status_code == 429


def test_page_speaks_the_language_of_the_visitor(client: Client) -> None:
    answer = guess(client, 5, headers={"accept-language": "de"})

    assert 'lang="de"' in answer.content.decode()


def test_names_typed_are_forgotten_after_a_month(client: Client) -> None:
    attempt(client)

    with time_machine.travel(timezone.now() + timedelta(days=31)):
        tasks.prune()

    assert not AccessAttempt.objects.exists()


def test_nothing_is_kept_of_the_password(client: Client) -> None:
    attempt(client, "a-password-typed-wrong")

    (kept,) = AccessAttempt.objects.values()
    assert "a-password-typed-wrong" not in str(kept)
