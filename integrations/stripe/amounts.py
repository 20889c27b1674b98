"""Amounts as Stripe counts them: whole numbers of the smallest unit, which is Stripe's own choice and not ISO's.

See https://docs.stripe.com/currencies#zero-decimal. ISK and UGX, which have no cents any more, are counted in
hundredths all the same.
"""

from decimal import ROUND_HALF_UP, Decimal

WITHOUT_CENTS = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
IN_THOUSANDTHS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


def digits(currency: str) -> int:
    code = currency.upper()
    return 0 if code in WITHOUT_CENTS else 3 if code in IN_THOUSANDTHS else 2


def to_stripe(amount: Decimal, currency: str) -> int:
    return int(amount.scaleb(digits(currency)).to_integral_value(ROUND_HALF_UP))


def from_stripe(number: int, currency: str) -> Decimal:
    return Decimal(number).scaleb(-digits(currency))
