"""Letters about money: who gets one, how often, and what they say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from integrations.email.letters import LETTERS, compose, preview
from integrations.email.sandbox import MailSandbox
from integrations.errors import Obsolete
from integrations.models import Delivery, Integration
from tests.factories import RegistrationFactory, SessionFactory, a_registrant
from tests.webinars.people import run_out
from webinars import links
from webinars.actions import cancel, expire, register
from webinars.models import Registration, Session

from .letters import KEY, SETTINGS, part
from .posting import drain

DUE = LETTERS["payment_due"]
START = datetime(2027, 4, 20, 8, tzinfo=UTC)
NOW = datetime(2027, 4, 1, 8, tzinfo=UTC)  # ten o'clock in Berlin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("payable")]


@pytest.fixture(autouse=True)
def now(db: None) -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def payable(settings: Any) -> None:
    settings.WEBINARS_PAYMENTS = "tests.webinars.conftest.TakesMoney"


def a_session(**values: Any) -> Session:
    usual = {"topic__title_en": "Storage", "topic__title_de": "Speicher", "starts_at": START, "price": 99}
    return SessionFactory(**{**usual, **values})


def a_registration(**values: Any) -> Registration:
    return RegistrationFactory(**{"session": a_session(), "status": "pending_payment", "language": "en", **values})


def written(registration: Registration) -> Any:
    return compose(DUE, registration, occasion="", key=KEY, settings=SETTINGS)


def promised() -> list[Delivery]:
    return list(Delivery.objects.filter(operation="payment_due").order_by("pk"))


def test_who_tries_again_gets_the_way_to_pay_by_letter_once(email: Integration, peer: MailSandbox) -> None:
    session = a_session()
    made = register(session, a_registrant(language="en")).registration

    for _try in range(3):
        register(session, a_registrant(first_name="Eve"))
    drain()

    [letter] = peer.letters
    assert letter.recipients == ["ada@client.example"]
    assert links.manage(made) in str(letter.message.get_body(("plain",)).get_content())
    assert [row.expires_at for row in promised()] == [made.held_until]


def test_each_time_that_a_seat_is_held_has_its_letter(now: Any) -> None:
    session = a_session()
    for _hold in range(2):
        register(session, a_registrant())
        register(session, a_registrant())
        run_out(session)
        expire(datetime.now(UTC))
        now.shift(timedelta(hours=1))

    assert len({row.key for row in promised()}) == len(promised()) == 2


def test_letter_says_what_how_much_until_when_and_where() -> None:
    registration = a_registration(held_until=NOW + timedelta(minutes=30))

    letter = written(registration)

    assert letter.subject == "Your Seat Is Not Paid Yet - Storage"
    for kind in ("plain", "html"):
        text = part(letter, kind)
        for told in ("Storage", "€99.00", "1 April 2027, 10:30 (CEST)", links.manage(registration)):
            assert told in text


def test_letter_reads_in_german() -> None:
    letter = written(a_registration(language="de"))

    assert letter.subject == "Ihr Platz ist noch nicht bezahlt – Speicher"
    assert "99,00\xa0€" in part(letter, "plain")


@pytest.mark.parametrize("status", list(Registration.Status))
def test_letter_is_written_while_there_is_something_to_pay_only(status: str) -> None:
    registration = a_registration(status=status)

    if status == "pending_payment":
        assert written(registration).subject
    else:
        with pytest.raises(Obsolete):
            written(registration)


def test_letter_is_not_written_once_the_seat_may_go_to_others(now: Any) -> None:
    registration = a_registration()

    now.shift(timedelta(minutes=10))

    with pytest.raises(Obsolete, match="time"):
        written(registration)


def test_who_cancelled_meanwhile_gets_none(email: Integration, peer: MailSandbox) -> None:
    session = a_session()
    made = register(session, a_registrant()).registration
    register(session, a_registrant())

    cancel(made)
    drain()

    assert "Not Paid" not in " ".join(str(letter.message["Subject"]) for letter in peer.letters)


def test_letter_offers_real_registrations_and_samples_to_preview() -> None:
    registration = a_registration()

    assert list(DUE.subjects() or ()) == [registration]
    assert preview(DUE, registration, settings=SETTINGS).subject
    assert preview(DUE, None, settings=SETTINGS, language="de").subject
