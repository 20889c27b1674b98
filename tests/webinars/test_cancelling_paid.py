"""What people see of their money behind the link in their letter, before and after they cancel."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone, translation

from tests.factories import SessionFactory
from tests.webinars.paying import hear, pay
from webinars.actions import begin_payment
from webinars.models import Refund, Registration
from webinars.payments import State

from .test_self_service import a_registration, heading, path_of, press

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("days", "told"), [(10, "you get 99.00 EUR back"), (3, "you get 49.50 EUR back"), (1, "you get nothing back")]
)
def test_page_says_beforehand_what_cancelling_gives_back(client: Client, days: int, told: str) -> None:
    starts_at = timezone.now() + timedelta(days=days)
    registration = a_registration("pending_payment", session__price=99, session__starts_at=starts_at)
    receipt = pay(registration).receipt_number

    text = client.get(path_of(registration)).content.decode()

    assert f"If you cancel now, {told}" in text
    assert f"Receipt {receipt} of" in text


def test_page_that_told_more_before_cancels_nothing_and_tells_what_goes_back_now(client: Client) -> None:
    """It stayed open while a deadline passed."""
    session = SessionFactory(price=99, starts_at=timezone.now() + timedelta(days=7, hours=1))
    registration = a_registration("pending_payment", session=session)
    pay(registration)
    (promised,) = re.findall(r'name="due" value="([^"]*)"', client.get(path_of(registration)).content.decode())

    with time_machine.travel(timezone.now() + timedelta(days=1)):
        page = press(client, registration, "cancel", due=promised)
        registration.refresh_from_db()
        assert (promised, page.status_code, registration.status) == ("99.00", 409, "confirmed")
        assert "You would get back less" in page.content.decode()
        assert "If you cancel now, you get 49.50 EUR back." in page.content.decode()

        (promised,) = re.findall(r'name="due" value="([^"]*)"', page.content.decode())
        press(client, registration, "cancel", due=promised)

    assert Refund.objects.get().amount == Decimal("49.50")


@pytest.mark.parametrize("due", ["", "x", "-1", "NaN", "1e9", "٣"])
def test_nonsense_promises_nothing(client: Client, due: str) -> None:
    registration = a_registration()

    press(client, registration, "cancel", due=due)

    assert Registration.objects.get().status == "cancelled"


def test_page_tells_what_went_back_after_cancelling(client: Client) -> None:
    registration = a_registration("pending_payment", session__price=99)
    pay(registration)

    page = press(client, registration, "cancel")

    assert "99.00 EUR are on their way back to you." in page.content.decode()


def test_payment_that_the_bank_processes_is_not_asked_for_again(client: Client) -> None:
    registration = a_registration("pending_payment", session__price=99)
    hear(begin_payment(registration), State.PROCESSING)

    page = client.get(path_of(registration))

    assert heading(page) == "Your payment is on its way"
    assert 'value="pay"' not in page.content.decode()
