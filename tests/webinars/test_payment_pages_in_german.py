"""Nobody who reads German reads English in between, however a payment stands."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone, translation

from tests.factories import RegistrationFactory
from tests.webinars.paying import hear, pay, went_back
from webinars import actions, links
from webinars.actions import begin_payment
from webinars.models import Payment, Refund, Registration
from webinars.payments import State

from .test_payment_pages import a_seat

pytestmark = pytest.mark.django_db
SENTENCE = re.compile(r"[A-Za-z]{3,} [A-Za-z]{2,}")


@pytest.fixture(autouse=True)
def provider(settings: object) -> Iterator[None]:
    settings.WEBINARS_PAYMENTS = "tests.webinars.test_payment_pages.Provider"  # type: ignore[attr-defined]
    cache.clear()
    with translation.override("en"):
        yield


def to_pay(_registration: Registration) -> None:
    """Just come."""


def declined(registration: Registration) -> None:
    hear(begin_payment(registration), State.FAILED)


def processing(registration: Registration) -> None:
    hear(begin_payment(registration), State.PROCESSING)


def in_doubt(registration: Registration) -> None:
    hear(begin_payment(registration), amount=Decimal(1), received=Decimal(1))


def late(registration: Registration) -> None:
    begin_payment(registration)
    Registration.objects.update(held_until=timezone.now() - timedelta(seconds=1))


def seated(registration: Registration) -> None:
    pay(registration)


def partly_refunded(registration: Registration) -> None:
    hear(pay(registration), refunds=(went_back(19),))


def disputed(registration: Registration) -> None:
    hear(pay(registration), disputed=True)


def lost(registration: Registration) -> None:
    payment = begin_payment(registration)
    Registration.objects.update(status="expired", held_until=None)
    RegistrationFactory(session=registration.session)
    hear(payment)


def cancelled(registration: Registration) -> None:
    pay(registration)
    actions.cancel(registration)


def refund_failed(registration: Registration) -> None:
    cancelled(registration)
    failed = went_back(119, refund=Refund.objects.get().uuid, status=Refund.Status.FAILED)
    hear(Payment.objects.get(), refunds=(failed,))


def session_cancelled(registration: Registration) -> None:
    pay(registration)
    actions.cancel_session(registration.session)


WAYS = [
    to_pay, declined, processing, in_doubt, late, seated, partly_refunded, disputed, lost, cancelled, refund_failed,
    session_cancelled,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_page_of_every_state_is_german_throughout(client: Client, way: Callable[[Registration], None]) -> None:
    registration = a_seat(session__capacity=1)
    way(registration)

    for link in (links.pay(registration), links.manage(registration)):
        english, german = (sentences(client, link, language) for language in ("en", "de"))
        assert len(german) >= 5
        assert english & german == set()


def sentences(client: Client, link: str, language: str) -> set[str]:
    """Whatever is read out or shown, as far as it has words."""
    address = re.sub(r"^https?://[^/]+/en/", f"/{language}/", link)
    page = client.get(address, follow=True).content.decode()
    shown = re.sub(r"<(script|style).*?</\1>", "<>", page, flags=re.DOTALL)
    told = [*re.split(r"<[^>]*>", shown), *re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', shown)]
    return {" ".join(each.split()) for each in told if SENTENCE.search(each)}
