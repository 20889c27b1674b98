"""Amounts as Stripe counts them: in the smallest unit, with a least amount per currency."""

from .errors import ApiError

ZERO_DECIMAL = {*"bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split()}  # noqa: SIM905
THREE_DECIMAL = {"bhd", "jod", "kwd", "omr", "tnd"}
# Charged in hundredths of which only whole ones are taken.
WHOLE_ONLY = {"isk", "ugx"}
LEAST = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300,
    "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
OTHERS = THREE_DECIMAL | ZERO_DECIMAL | WHOLE_ONLY | {"try", "twd", "uah", "zar", "ils", "php", "idr"}
MOST = 99_999_999
SIGNS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


def digits(currency: str) -> int:
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def words(amount: int, currency: str) -> str:
    """€12.00"""
    places = digits(currency)
    number = f"{amount / 10**places:,.{places}f}"
    return f"{SIGNS[currency]}{number}" if currency in SIGNS else f"{number} {currency.upper()}"


def check_currency(value: object, name: str) -> str:
    currency = str(value).lower()
    if currency not in LEAST and currency not in OTHERS:
        known = ", ".join(sorted({*LEAST, *OTHERS}))
        raise ApiError(f"Invalid currency: {currency}. Stripe currently supports these currencies: {known}", param=name)
    return currency


def check_amount(amount: int, currency: str) -> None:
    """Raises ApiError for what is not to be charged."""
    if amount < 1:
        raise ApiError(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount"
        )
    if amount < LEAST.get(currency, 1):
        least = words(LEAST[currency], currency)
        raise ApiError(f"Amount must be at least {least} {currency}", code="amount_too_small", param="amount")
    if amount > MOST:
        most = words(MOST, currency)
        raise ApiError(f"Amount must be no more than {most} {currency}", code="amount_too_large", param="amount")
    step = 100 if currency in WHOLE_ONLY else 10 if currency in THREE_DECIMAL else 1
    if amount % step:
        raise ApiError(
            f"Amount must be divisible by {step} in {currency}", code="parameter_invalid_integer", param="amount"
        )
