"""What one pays with: Stripe's documented test cards and accounts. Of a card only brand and last four digits stay."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from .errors import ApiError, Declined, missing, no_such

AUTHENTICATION = "payment_intent_authentication_failure"
MESSAGES = {
    "card_declined": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "incorrect_number": "Your card number is incorrect.",
    "invalid_number": "Your card number is invalid.",
    "invalid_expiry_month": "Your card's expiration month is invalid.",
    "invalid_expiry_year": "Your card's expiration year is invalid.",
    "invalid_cvc": "Your card's security code is invalid.",
    "live_mode_test_card": ("Your card was declined. Your request was in live mode, but used a known test card."),
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "invalid_bank_account_iban": "The IBAN you provided is invalid.",
    "payment_intent_payment_attempt_failed": "The payment failed.",
    AUTHENTICATION: (
        "We are unable to authenticate your payment method. Please choose a different payment method and try again."
    ),
}


@dataclass(frozen=True)
class Instrument:
    """`refusal` is a decline code; `challenge` asks for 3-D Secure, on a page or in a frame; `ends` is what becomes of
    a debit that is processing; `refund` is how money goes back.
    """

    type: Literal["card", "sepa_debit"]
    last4: str
    brand: str = "visa"
    refusal: str = ""
    challenge: Literal["", "page", "frame"] = ""
    ends: Literal["", "succeeded", "failed"] = ""
    refund: Literal["at_once", "pending", "failing"] = "at_once"
    disputed: bool = False


def _card(last4: str, brand: str = "visa", **how: Any) -> Instrument:
    return Instrument("card", last4, brand, **how)


def _debit(last4: str, ends: Literal["succeeded", "failed"], **how: Any) -> Instrument:
    return Instrument("sepa_debit", last4, "", ends=ends, refund="pending", **how)


CARDS = {
    "4242424242424242": _card("4242"),
    "4000056655665556": _card("5556"),
    "5555555555554444": _card("4444", "mastercard"),
    "378282246310005": _card("0005", "amex"),
    "4000000000000002": _card("0002", refusal="generic_decline"),
    "4000000000009995": _card("9995", refusal="insufficient_funds"),
    "4000000000009987": _card("9987", refusal="lost_card"),
    "4000000000009979": _card("9979", refusal="stolen_card"),
    "4000000000000069": _card("0069", refusal="expired_card"),
    "4000000000000127": _card("0127", refusal="incorrect_cvc"),
    "4000000000000119": _card("0119", refusal="processing_error"),
    "4000002500003155": _card("3155", challenge="page"),
    "4000000000003220": _card("3220", challenge="frame"),
    "4000008260003178": _card("3178", challenge="frame", refusal="insufficient_funds"),
    "4000000000000259": _card("0259", disputed=True),
    "4000000000007726": _card("7726", refund="pending"),
    "4000000000005126": _card("5126", refund="failing"),
}
ACCOUNTS = {
    "DE89370400440532013000": _debit("3000", "succeeded"),
    "AT611904300234573201": _debit("3201", "succeeded"),
    "DE62370400440532013001": _debit("3001", "failed"),
    "DE35370400440532013002": _debit("3002", "succeeded", disputed=True),
}
NAMED = {
    "pm_card_visa": CARDS["4242424242424242"],
    "pm_card_visa_debit": CARDS["4000056655665556"],
    "pm_card_mastercard": CARDS["5555555555554444"],
    "pm_card_amex": CARDS["378282246310005"],
    "pm_card_chargeDeclined": CARDS["4000000000000002"],
    "pm_card_visa_chargeDeclined": CARDS["4000000000000002"],
    "pm_card_chargeDeclinedInsufficientFunds": CARDS["4000000000009995"],
    "pm_card_visa_chargeDeclinedInsufficientFunds": CARDS["4000000000009995"],
    "pm_card_visa_chargeDeclinedLostCard": CARDS["4000000000009987"],
    "pm_card_visa_chargeDeclinedStolenCard": CARDS["4000000000009979"],
    "pm_card_chargeDeclinedExpiredCard": CARDS["4000000000000069"],
    "pm_card_chargeDeclinedIncorrectCvc": CARDS["4000000000000127"],
    "pm_card_chargeDeclinedProcessingError": CARDS["4000000000000119"],
    "pm_card_authenticationRequired": CARDS["4000002500003155"],
    "pm_card_threeDSecure2Required": CARDS["4000000000003220"],
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": CARDS["4000008260003178"],
    "pm_card_createDispute": CARDS["4000000000000259"],
    "pm_card_pendingRefund": CARDS["4000000000007726"],
    "pm_card_refundFail": CARDS["4000000000005126"],
    "pm_success_de": ACCOUNTS["DE89370400440532013000"],
    "pm_failed_de": ACCOUNTS["DE62370400440532013001"],
    "pm_disputed_de": ACCOUNTS["DE35370400440532013002"],
}
# Refusals whose code is not `card_declined`.
_OWN_CODE = {"expired_card", "incorrect_cvc", "processing_error"}


def named(name: str) -> Instrument:
    if name not in NAMED:
        raise no_such("PaymentMethod", name, param="payment_method")
    return NAMED[name]


def entered(data: Mapping[str, Any], now: int) -> Instrument:
    """What somebody typed into the form. Raises Declined for what is no card or account."""
    kind = data.get("type")
    if kind == "sepa_debit":
        return _account(data.get("sepa_debit", {}).get("iban", ""))
    if kind != "card":
        raise missing("payment_method_data[type]")
    card = data.get("card", {})
    number = re.sub(r"\D", "", card.get("number", ""))
    _check_card(number, card, now)
    return CARDS[number]


def refusal(code: str) -> Declined:
    """The error of a decline code."""
    own = code if code in _OWN_CODE else "card_declined"
    message = MESSAGES.get(code, MESSAGES["card_declined"])
    return Declined(message, code=own, decline_code=code)


def typo(code: str, param: str) -> Declined:
    """What was typed is no card: nothing is charged, and the payment stays as it was."""
    return Declined(MESSAGES[code], code=code, param=param)


def _check_card(number: str, card: Mapping[str, Any], now: int) -> None:
    if not 12 <= len(number) <= 19:
        raise typo("invalid_number", "number")
    if not _luhn(number) or number not in CARDS:
        raise typo("incorrect_number", "number")
    month, year = _number(card.get("exp_month")), _number(card.get("exp_year"))
    today = datetime.fromtimestamp(now, UTC)
    year += 2000 if year < 100 else 0
    if not 1 <= month <= 12:
        raise typo("invalid_expiry_month", "exp_month")
    if not (today.year, today.month) <= (year, month) < (today.year + 50, 1):
        raise typo("invalid_expiry_year", "exp_year")
    if not re.fullmatch(r"\d{4}" if CARDS[number].brand == "amex" else r"\d{3}", card.get("cvc", "")):
        raise typo("invalid_cvc", "cvc")


def _account(iban: str) -> Instrument:
    account = ACCOUNTS.get(re.sub(r"\s", "", iban).upper())
    if account is None:
        raise ApiError(
            MESSAGES["invalid_bank_account_iban"], code="invalid_bank_account_iban", param="sepa_debit[iban]"
        )
    return account


def _number(value: Any) -> int:
    return int(value) if isinstance(value, str) and value.isdecimal() else 0


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0
