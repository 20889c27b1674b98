"""The page where a seat is paid: what it says in each state, what it lets the browser do, and what it tells nobody."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone, translation

from tests.factories import RegistrationFactory
from tests.webinars.conftest import TakesMoney
from tests.webinars.paying import hear, pay, went_back
from webinars import actions, links
from webinars.actions import begin_payment
from webinars.errors import OfferOver
from webinars.models import Payment, Refund, Registration
from webinars.payments import State
from webinars.ports import Checkout

pytestmark = pytest.mark.django_db

SECRET = "pi_1_secret_2"
PROVIDER = "provider.example"


class Provider(TakesMoney):
    """What it knows is told by `refresh`, as often as it is asked."""

    def start(self, registration: Registration) -> Checkout:
        payment = begin_payment(registration)
        return Checkout(payment.amount, payment.currency, SECRET, links.pay(registration))

    def refresh(self, registration: Registration) -> None:
        hear(registration.payments.get())


class Down(Provider):
    def start(self, registration: Registration) -> Checkout:
        payment = begin_payment(registration)
        return Checkout(payment.amount, payment.currency, None, links.pay(registration))


class TooLate(Provider):
    def start(self, registration: Registration) -> Checkout:
        raise OfferOver


@pytest.fixture(autouse=True)
def provider(settings: Any) -> None:
    settings.WEBINARS_PAYMENTS = f"{__name__}.Provider"


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    with translation.override("en"):
        yield


def a_seat(status: str = "pending_payment", **fields: Any) -> Registration:
    """Held for its payment of 119 euros; its payments then come from `begin_payment`."""
    given: dict[str, Any] = {"session__price": 119, "session__topic__title_en": "Data", "language": "en"}
    made: Registration = RegistrationFactory(status=status, **{**given, **fields})
    return Registration.objects.select_related("session__topic", "lead").get(pk=made.pk)


def path_of(registration: Registration) -> str:
    return urlsplit(links.pay(registration)).path


def read(page: Any) -> str:
    """What somebody reads, in one line."""
    return " ".join(re.sub(r"<(script|title).*?</\1>|<[^>]+>", " ", page.content.decode(), flags=re.DOTALL).split())


def heading(page: Any) -> str:
    return " ".join(re.findall(r"<h1[^>]*>(.*?)</h1>", page.content.decode(), re.DOTALL)[0].split())


def policy(page: Any) -> dict[str, list[str]]:
    parts = [part.split() for part in page["Content-Security-Policy"].split("; ")]
    return {name: origins for name, *origins in parts}


def poll(client: Client, page: Any, **more: str) -> Any:
    """What the page asks for by itself, as it would ask now."""
    address = re.findall(r'hx-get="([^"]*)"', page.content.decode())[0].replace("&amp;", "&")
    return client.get(address + "".join(f"&{name}={value}" for name, value in more.items()))


def seconds_between(page: Any) -> int:
    """Until the page asks again; 0 for never."""
    found = re.findall(r'hx-trigger="every (\d+)s', page.content.decode())
    return int(found[0]) if found else 0


# --- what it says ----------------------------------------------------------------------------------------------------


def test_page_says_what_is_bought_for_how_much_and_until_when_it_is_kept(client: Client) -> None:
    registration = a_seat(held_until=timezone.now() + timedelta(minutes=29, seconds=30), zone="Europe/London")
    session = registration.session
    session.starts_at = datetime.fromisoformat("2031-07-10T10:00+02:00")
    session.save()

    text = read(client.get(path_of(registration)))

    assert "Pay for your seat" in text
    assert "Data" in text
    assert "119.00 EUR incl. 19 % VAT (19.00 EUR)" in text
    assert re.search(r"We keep this seat for you until .* Europe/London\. 30 minutes left", text)
    assert "Cancel until Thursday, 3 Jul 2031, 10:00 Europe/Berlin: you get everything back." in text
    assert "Cancel until Tuesday, 8 Jul 2031, 10:00 Europe/Berlin: you get 50 % back." in text
    assert "Cancel later: you get nothing back." in text


def test_page_speaks_german(client: Client) -> None:
    page = client.get(path_of(a_seat()).replace("/en/", "/de/"))

    text = read(page)
    assert heading(page) == "Bezahlen Sie Ihren Platz"
    assert "119,00 EUR inkl. 19 % USt. (19,00 EUR)" in text
    assert "119,00 EUR jetzt bezahlen" in text
    assert 'data-language="de"' in page.content.decode()


@pytest.mark.parametrize(
    ("rules", "told", "not_told"),
    [
        ({"full_refund_days": 40, "partial_refund_days": 2}, "50 % back", "everything back. Cancel"),
        ({"full_refund_days": 40, "partial_refund_days": 35}, "Whoever cancels gets nothing back.", "Cancel until"),
        ({"full_refund_days": 2, "partial_refund_days": 2}, "everything back", "%(percent)s"),
        ({"partial_refund_percent": 0}, "everything back", "0 % back"),
    ],
)
def test_rules_that_give_nothing_any_more_are_not_promised(
    client: Client, rules: dict[str, int], told: str, not_told: str
) -> None:
    registration = a_seat(**{f"session__{name}": value for name, value in rules.items()})

    text = read(client.get(path_of(registration)))

    assert told in text
    assert not_told not in text
    assert "If the webinar does not take place, you get everything back." in text


def test_coin_without_a_smaller_one_is_shown_without_digits(client: Client) -> None:
    registration = a_seat(session__price=12000, session__currency="JPY", session__vat_rate=Decimal("7.50"))

    assert "12000 JPY incl. 7.5 % VAT (837 JPY)" in read(client.get(path_of(registration)))


def test_declined_payment_says_why_and_may_be_tried_again(client: Client) -> None:
    registration = a_seat()
    hear(begin_payment(registration), State.FAILED, failure="Your bank declined the payment.")

    page = client.get(path_of(registration))

    assert heading(page) == "The payment did not go through"
    assert "Your bank declined the payment. You have not been charged" in read(page)
    assert 'id="pay-form"' in page.content.decode()


def test_payment_that_the_bank_processes_is_neither_asked_for_again_nor_called_paid(client: Client) -> None:
    registration = a_seat()
    hear(begin_payment(registration), State.PROCESSING)

    page = client.get(path_of(registration))

    assert heading(page) == "Your payment is on its way"
    assert "up to 14 days" in read(page)
    assert 'id="pay-form"' not in page.content.decode()
    assert "You have a seat" not in read(page)


def test_paid_seat_leads_to_its_own_page_and_into_the_calendar(client: Client) -> None:
    registration = a_seat()
    payment = pay(registration)

    page = client.get(path_of(registration))

    assert heading(page) == "You have a seat"
    assert f"119.00 EUR incl. 19 % VAT (19.00 EUR) Receipt {payment.receipt_number} of" in read(page)
    for link in (links.manage(registration), links.calendar(registration)):
        assert f'href="{urlsplit(link).path}"' in page.content.decode()


def test_money_for_a_seat_that_was_given_away_is_said_to_go_back(client: Client) -> None:
    registration = a_seat(session__capacity=1)
    payment = begin_payment(registration)
    Registration.objects.update(status="expired", held_until=None)
    RegistrationFactory(session=registration.session)
    hear(payment)

    page = client.get(path_of(registration))

    assert heading(page) == "Your payment came too late"
    assert "119.00 EUR are on their way back to you." in read(page)

    hear(payment, refunds=(went_back(119, refund=Refund.objects.get().uuid),))

    assert "119.00 EUR went back to you" in read(client.get(path_of(registration)))


def test_refund_that_failed_is_said_to_be_taken_care_of(client: Client) -> None:
    registration = a_seat()
    payment = pay(registration)
    actions.cancel(registration)
    hear(payment, refunds=(went_back(119, refund=Refund.objects.get().uuid, status=Refund.Status.FAILED),))

    page = client.get(path_of(registration))

    assert heading(page) == "Your registration is cancelled"
    assert "119.00 EUR could not be sent back." in read(page)


def test_time_that_is_over_offers_no_form_and_claims_nothing(client: Client) -> None:
    registration = a_seat()
    begin_payment(registration)
    Registration.objects.update(held_until=timezone.now() - timedelta(seconds=1))

    page = client.get(path_of(registration))

    assert heading(page) == "The time for paying is over"
    assert "please do not pay again" in read(page)
    assert 'id="pay-form"' not in page.content.decode()


def test_payment_that_differs_from_what_was_asked_for_is_not_paid_again(client: Client) -> None:
    registration = a_seat()
    hear(begin_payment(registration), amount=Decimal(1), received=Decimal(1))

    page = client.get(path_of(registration))

    assert heading(page) == "Your payment is being looked into"
    assert 'id="pay-form"' not in page.content.decode()


@pytest.mark.parametrize(
    ("status", "told"),
    [("cancelled", "Your registration is cancelled"), ("expired", "The time for this seat is over")],
)
def test_seat_that_is_gone_can_not_be_paid(client: Client, status: str, told: str) -> None:
    page = client.get(path_of(a_seat(status)))

    assert heading(page) == told
    assert 'id="pay-form"' not in page.content.decode()


def test_session_that_does_not_take_place_says_so_and_what_goes_back(client: Client) -> None:
    registration = a_seat()
    pay(registration)
    actions.cancel_session(registration.session)

    page = client.get(path_of(registration))

    assert heading(page) == "This session does not take place"
    assert "119.00 EUR are on their way back to you." in read(page)


def test_seat_that_became_free_of_charge_is_simply_there(client: Client) -> None:
    registration = a_seat()
    begin_payment(registration)
    actions.change_session(registration.session, {"price": Decimal(0)})

    page = client.get(path_of(registration))

    assert heading(page) == "You have a seat"
    assert "your payment is here" not in read(page)


@pytest.mark.parametrize("status", ["waitlisted", "offered"])
def test_who_has_nothing_to_pay_yet_is_led_to_the_own_page(client: Client, status: str) -> None:
    registration = a_seat(status)

    answer = client.get(path_of(registration))

    assert answer["Location"] == urlsplit(links.manage(registration)).path


def test_forgotten_person_is_led_to_the_page_that_says_so(client: Client) -> None:
    registration = a_seat()
    path = path_of(registration)
    registration.anonymise()
    registration.save()

    assert client.get(path, follow=True).status_code == 410


def test_nothing_is_offered_while_nobody_takes_money(client: Client, settings: Any) -> None:
    settings.WEBINARS_PAYMENTS = "webinars.ports.NoPayments"

    page = client.get(path_of(a_seat()))

    assert 'id="pay-form"' not in page.content.decode()
    assert "Try again" in read(page)
    assert "frame-src" not in policy(page)


# --- who may see it, and what it may do ------------------------------------------------------------------------------


def test_token_of_nobody_opens_nothing(client: Client) -> None:
    path = path_of(a_seat())

    for wrong in (path[:-2] + "/", path.replace(path.split("/")[4], "1.2")):
        assert [client.get(f"{wrong}{page}").status_code for page in ("", "state/", "start/")] == [404] * 3


def test_page_is_for_who_has_the_link_only(client: Client) -> None:
    registration = a_seat()

    for page in ("", "state/"):
        answer = client.get(path_of(registration) + page)
        assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex")
        assert "no-store" in answer["Cache-Control"]
        assert (policy(answer)["frame-ancestors"], answer["X-Frame-Options"]) == (["'none'"], "DENY")
        assert dict(answer.cookies) == {}


def test_policy_is_as_wide_as_the_form_needs_and_only_while_there_is_one(client: Client) -> None:
    registration = a_seat()
    strict = policy(client.get("/en/webinars/"))

    page = client.get(path_of(registration))

    js, hooks = f"https://js.{PROVIDER}", f"https://hooks.{PROVIDER}"
    assert policy(page) == {
        **strict,
        "script-src": ["'self'", js],
        "frame-src": [js, hooks],
        "connect-src": ["'self'", f"https://api.{PROVIDER}"],
    }
    pay(registration)
    for answer in (client.get(path_of(registration)), poll(client, page), client.get("/en/webinars/")):
        assert policy(answer) == strict


def test_looking_begins_no_payment(client: Client) -> None:
    registration = a_seat()

    for page in ("", "state/", "start/"):
        client.get(path_of(registration) + page)
        client.head(path_of(registration) + page)

    assert not Payment.objects.exists()


def test_secret_is_handed_to_the_page_when_it_asks_and_stands_in_none(client: Client) -> None:
    registration = a_seat()

    answer = client.post(f"{path_of(registration)}start/")

    assert answer.json() == {"secret": SECRET, "price": "119.00 EUR"}
    assert "no-store" in answer["Cache-Control"]
    for page in ("", "state/"):
        assert SECRET not in client.get(path_of(registration) + page).content.decode()
    assert f'data-price="{answer.json()["price"]}"' in client.get(path_of(registration)).content.decode()


def test_secret_is_asked_for_without_cookies(client: Client) -> None:
    answer = Client(enforce_csrf_checks=True).post(f"{path_of(a_seat())}start/")

    assert (answer.status_code, dict(answer.cookies)) == (200, {})


def test_many_presses_and_tabs_begin_one_payment(client: Client) -> None:
    registration = a_seat()

    answers = [client.post(f"{path_of(registration)}start/") for _ in range(3)]

    assert [answer.json()["secret"] for answer in answers] == [SECRET] * 3
    assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    ("provider_is", "status"),
    [("webinars.ports.NoPayments", 503), (f"{__name__}.Down", 503), (f"{__name__}.TooLate", 409)],
)
def test_payment_that_cannot_begin_says_so_and_keeps_the_seat(
    client: Client, settings: Any, provider_is: str, status: int
) -> None:
    registration = a_seat()
    settings.WEBINARS_PAYMENTS = provider_is

    answer = client.post(f"{path_of(registration)}start/")

    assert (answer.status_code, answer.json()) == (status, {})
    assert Registration.objects.get().status == "pending_payment"


def test_seat_that_was_paid_in_another_tab_is_not_paid_again(client: Client) -> None:
    registration = a_seat()
    pay(registration)

    assert client.post(f"{path_of(registration)}start/").status_code == 409
    assert Payment.objects.count() == 1


def test_sixty_first_start_within_ten_minutes_waits(client: Client) -> None:
    path = f"{path_of(a_seat())}start/"

    answers = [client.post(path) for _ in range(61)]

    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert "Retry-After" in answers[-1]


# --- coming back -----------------------------------------------------------------------------------------------------


def test_who_comes_back_from_the_bank_sees_what_the_provider_says_and_not_what_the_address_does(
    client: Client, settings: Any
) -> None:
    registration = a_seat()
    begin_payment(registration)
    settings.WEBINARS_PAYMENTS = "tests.webinars.conftest.TakesMoney"  # which has heard of nothing
    query = f"?payment_intent=pi_1&payment_intent_client_secret={SECRET}&redirect_status=succeeded"

    answer = client.get(f"{path_of(registration)}{query}")

    assert (answer.status_code, answer["Location"]) == (302, path_of(registration))
    assert heading(client.get(answer["Location"])) == "Pay for your seat"

    settings.WEBINARS_PAYMENTS = f"{__name__}.Provider"
    page = client.get(f"{path_of(registration)}{query}", follow=True)

    assert heading(page) == "You have a seat"
    assert SECRET not in page.content.decode()


# --- looking again ---------------------------------------------------------------------------------------------------


def test_page_that_looks_again_is_told_nothing_while_there_is_nothing_new(client: Client) -> None:
    page = client.get(path_of(a_seat()))

    answer = poll(client, page)

    assert 'id="poll"' in answer.content.decode()
    assert 'id="standing"' not in answer.content.decode()


def test_page_that_looks_again_hears_of_the_money_loses_its_form_and_stops_looking(client: Client) -> None:
    registration = a_seat()
    page = client.get(path_of(registration))
    pay(registration)

    answer = poll(client, page)

    text = answer.content.decode()
    assert "You have a seat" in text
    assert 'data-payable="no"' in text
    assert re.search(r"<title>You have a seat\s+– ", text)
    assert (seconds_between(answer), seconds_between(client.get(path_of(registration)))) == (0, 0)


def test_page_with_a_form_keeps_it_when_a_try_was_declined(client: Client) -> None:
    registration = a_seat()
    page = client.get(path_of(registration))
    hear(begin_payment(registration), State.FAILED, failure="No.")

    answer = poll(client, page)

    assert heading(answer) == "The payment did not go through"
    assert 'data-payable="yes"' in answer.content.decode()
    assert "Go on to the payment" not in read(answer)


def test_page_without_a_form_offers_the_way_to_one_when_the_bank_declined_after_all(client: Client) -> None:
    registration = a_seat()
    payment = begin_payment(registration)
    hear(payment, State.PROCESSING)
    page = client.get(path_of(registration))
    hear(payment, State.FAILED, failure="No.")

    assert "Go on to the payment" in read(poll(client, page))


def test_page_looks_again_ever_less_often_and_sooner_after_paying(client: Client) -> None:
    page = client.get(path_of(a_seat()))
    pauses = []
    for _ in range(12):
        pauses.append(seconds_between(page))
        page = poll(client, page)

    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (10, 60)
    assert seconds_between(poll(client, client.get(path_of(a_seat())), hurry="1", turn="0")) == 2


@pytest.mark.parametrize("turn", ["", "x", "-1", "٣", "9" * 5000])
def test_nonsense_in_the_address_does_no_harm(client: Client, turn: str) -> None:
    answer = client.get(f"{path_of(a_seat())}state/", {"turn": turn, "seen": "\0", "hurry": "x"})

    assert answer.status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_page_takes_three_queries_and_looking_again_too(
    client: Client, count: int, django_assert_num_queries: Any
) -> None:
    registration = a_seat()
    payment = pay(registration)
    for number in range(count):
        Refund.objects.create(payment=payment, amount=1, reason="by_operator", created_at=timezone.now())
        if number:
            registration.payments.create(number=number + 1, amount=1, currency="EUR", status="cancelled")

    with django_assert_num_queries(3):
        client.get(path_of(registration))
    with django_assert_num_queries(3):
        client.get(f"{path_of(registration)}state/")
