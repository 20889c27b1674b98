"""Letters about money: who gets one, how often, and what they say."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from integrations import certificate
from integrations import erasure as erasing
from integrations.email.letters import LETTERS, compose, preview
from integrations.email.sandbox import MailSandbox
from integrations.errors import Obsolete
from integrations.models import Delivery, Integration
from tests.factories import RegistrationFactory, SessionFactory, a_registrant
from tests.webinars.paying import hear, pay, went_back
from tests.webinars.people import run_out
from webinars import links
from webinars.actions import begin_payment, cancel, expire, register, request_refund
from webinars.models import Payment, Refund, Registration, Session
from webinars.payments import State

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
    assert links.pay(made) in str(letter.message.get_body(("plain",)).get_content())
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
        for told in ("Storage", "€99.00", "1 April 2027, 10:30 (CEST)", links.pay(registration)):
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


# --- receipts, refunds and banks that decline -----------------------------------------------------------------------


def a_paid_seat(**values: Any) -> Payment:
    return pay(a_registration(**values))


def letters_of(operation: str) -> list[int]:
    return list(Delivery.objects.filter(operation=operation).order_by("pk").values_list("subject_id", flat=True))


def said(letter: str, subject: Any) -> Any:
    return compose(LETTERS[letter], subject, occasion="", key=KEY, settings=SETTINGS)


def test_who_paid_gets_one_receipt_with_its_parts(settings: Any) -> None:
    settings.COMPANY_ADDRESS, settings.COMPANY_VAT_ID = ["Example Street 1", "10115 Berlin"], "DE123"
    payment = a_paid_seat()
    hear(payment)

    letter = said("webinar_receipt", payment)

    assert letters_of("webinar_receipt") == [payment.pk]
    assert letter.subject == "Receipt 2027-000001 - Storage"
    facts = ("2027-000001", "€99.00", "€83.19", "€15.81", "VAT 19", "Example Street 1", "VAT number: DE123")
    for kind in ("plain", "html"):
        for fact in facts:
            assert fact in part(letter, kind)


def test_receipt_reads_in_german() -> None:
    text = part(said("webinar_receipt", a_paid_seat(language="de", session=a_session(vat_rate="7.5"))), "plain")

    for fact in ("Beleg: 2027-000001", "Netto: 92,09\xa0€", "MwSt. 7,5\xa0%: 6,91\xa0€", "Gesamt: 99,00\xa0€"):
        assert fact in text


def test_refund_is_told_once_it_was_made() -> None:
    payment = a_paid_seat()
    refund = request_refund(payment, Decimal("9.00"), reason=Refund.Reason.BY_OPERATOR)
    assert letters_of("refund") == []

    hear(payment, refunds=(went_back(9, refund=refund.uuid),))

    assert letters_of("refund") == [refund.pk]
    text = part(said("refund", refund), "plain")
    assert "€9.00" in text
    assert "Receipt: 2027-000001" in text


def test_lost_seat_is_told_at_once_and_in_its_own_words() -> None:
    payment = begin_payment(a_registration(session=a_session(capacity=1)))
    Registration.objects.update(status="expired", held_until=None)
    RegistrationFactory(session=payment.registration.session)

    hear(payment)
    refund = Refund.objects.get()
    hear(payment, refunds=(went_back(99, refund=refund.uuid),))

    assert (letters_of("refund"), letters_of("webinar_receipt")) == ([refund.pk], [])
    assert "your seat had gone to somebody else. Your money is on its way back" in part(said("refund", refund), "plain")


def test_bank_that_declines_in_the_end_is_told_with_the_way_to_pay(now: Any) -> None:
    payment = begin_payment(a_registration())
    hear(payment, State.PROCESSING)

    hear(payment, State.FAILED)
    payment.refresh_from_db()

    assert letters_of("payment_failed") == [payment.pk]
    assert links.pay(payment.registration) in part(said("payment_failed", payment), "plain")
    now.shift(timedelta(hours=24))
    with pytest.raises(Obsolete, match="time"):
        said("payment_failed", payment)


@pytest.mark.parametrize("letter", ["webinar_receipt", "refund"])
def test_forgotten_payer_gets_no_letter_and_all_the_money(email: Integration, letter: str) -> None:
    payment = a_paid_seat()
    request_refund(payment, Decimal("9.00"), reason=Refund.Reason.BY_OPERATOR)

    erasure = erasing.forget(payment.registration.email, via="admin")

    payment.refresh_from_db()
    refund = Refund.objects.first()
    with pytest.raises(Obsolete, match="forgotten"):
        said(letter, payment if letter == "webinar_receipt" else refund)
    assert sum(each.amount for each in Refund.objects.all()) == payment.amount
    kept = [line for line in certificate.lines(erasure) if "tax office" in line["what"]]
    assert [(line["number"], line["outcome"]) for line in kept] == [(1, "done")]


@pytest.mark.parametrize("name", ["payment_failed", "webinar_receipt", "refund"])
def test_letters_about_money_have_samples_and_real_ones_to_preview(name: str) -> None:
    assert preview(LETTERS[name], None, settings=SETTINGS, language="de").subject
    assert list(LETTERS[name].subjects() or ()) == []
    payment = a_paid_seat()
    request_refund(payment, reason=Refund.Reason.BY_OPERATOR)
    hear(begin_payment(a_registration()), State.FAILED)

    assert len(LETTERS[name].subjects() or ()) == 1
