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


@pytest.mark.parametrize(
    ("price", "currency", "is_fine"), [("10.50", "JPY", False), ("1050", "JPY", True), ("10.50", "EUR", True)]
)
def test_no_price_has_parts_of_the_smallest_coin(price: str, currency: str, is_fine: bool) -> None:
    session = SessionFactory.build(topic=TopicFactory.build(), price=Decimal(price), currency=currency)
    topic = TopicFactory.build(default_price=Decimal(price), currency=currency)
    for row, field in ((session, "price"), (topic, "default_price")):
        try:
            row.clean()
        except ValidationError as error:
            assert (list(error.message_dict), is_fine) == ([field], False)
        else:
            assert is_fine
