"""Sums, to the cent."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from tests.factories import SessionFactory, TopicFactory
from webinars.money import from_minor, minor_digits, parts, rounded, to_minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("99.00", "EUR", 9900), ("0.07", "USD", 7), ("1200", "JPY", 1200), ("1.50", "KWD", 1500), ("0.00", "EUR", 0)],
)
def test_minor_units_follow_the_currency(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor
    assert from_minor(minor, currency) == Decimal(amount)


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "EUR"), ("0.50", "JPY")])
def test_parts_of_the_smallest_coin_are_no_money(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="no coin"):
        to_minor(Decimal(amount), currency)


def test_currencies_have_their_own_digits() -> None:
    assert [minor_digits(each) for each in ("EUR", "JPY", "KWD")] == [2, 0, 3]


@pytest.mark.parametrize(
    ("gross", "rate", "currency", "net", "vat"),
    [
        ("119.00", "19", "EUR", "100.00", "19.00"),
        ("99.99", "19", "EUR", "84.03", "15.96"),
        ("10.70", "7", "EUR", "10.00", "0.70"),
        ("90.00", "0", "EUR", "90.00", "0.00"),
        ("1000", "10", "JPY", "909", "91"),
        ("-119.00", "19", "EUR", "-100.00", "-19.00"),
    ],
)
def test_net_and_vat_make_the_gross(gross: str, rate: str, currency: str, net: str, vat: str) -> None:
    got = parts(Decimal(gross), Decimal(rate), currency)

    assert (got.net, got.vat, got.net + got.vat) == (Decimal(net), Decimal(vat), Decimal(gross))


def test_halves_are_rounded_up() -> None:
    assert [str(rounded(Decimal(each), "EUR")) for each in ("0.005", "0.015", "0.0149")] == ["0.01", "0.02", "0.01"]


def test_price_may_have_no_parts_of_the_smallest_coin() -> None:
    price, topic = Decimal("10.50"), TopicFactory.build()

    SessionFactory.build(topic=topic, price=price, currency="EUR").clean()
    SessionFactory.build(topic=topic, price=Decimal(1050), currency="JPY").clean()
    with pytest.raises(ValidationError, match="coins"):
        SessionFactory.build(topic=topic, price=price, currency="JPY").clean()
    with pytest.raises(ValidationError, match="coins"):
        TopicFactory.build(default_price=price, currency="JPY").clean()
