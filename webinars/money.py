"""Arithmetic with money: decimal numbers, rounded as merchants do, in the smallest coin that a currency has."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import get_currency_precision

STORED = 2  # digits that our rows have


def minor_digits(currency: str) -> int:
    """How many decimal places a currency has: JPY 0, EUR 2, KWD 3."""
    return get_currency_precision(currency)


def to_minor(amount: Decimal, currency: str) -> int:
    """99.00 EUR -> 9900. Raises ValueError for parts of the smallest coin."""
    scaled = amount.scaleb(minor_digits(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{currency} has no coin for {amount}")
    return int(scaled)


def from_minor(amount: int, currency: str) -> Decimal:
    """9900 EUR -> 99.00"""
    return Decimal(amount).scaleb(-minor_digits(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the smallest coin, half of it upwards; to no more digits than our rows have."""
    return amount.quantize(Decimal(1).scaleb(-min(minor_digits(currency), STORED)), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Parts:
    """net + vat == gross"""

    net: Decimal
    vat: Decimal
    gross: Decimal


def parts(gross: Decimal, vat_rate: Decimal, currency: str) -> Parts:
    """What of a price is ours, and what the tax office's. `vat_rate` in percent of the net."""
    net = rounded(gross * 100 / (100 + vat_rate), currency)
    return Parts(net, gross - net, gross)
