"""What Stripe's objects say, in our words."""

import pytest
from django.utils import translation

from integrations.stripe import reading

NEW = {"code": "a_code_of_tomorrow", "message": "Your card's chip is upside down."}


@pytest.mark.parametrize(
    ("error", "english", "german"),
    [
        (NEW, "Your card's chip is upside down.", "Die Zahlung ist fehlgeschlagen."),
        ({**NEW, "decline_code": "expired_card"}, "This card has expired.", "Diese Karte ist abgelaufen."),
        ({"code": "card_declined", "decline_code": "do_not_honor"}, "Your bank declined", "Ihre Bank hat"),
        ({"code": "a_code_of_tomorrow"}, "The payment failed.", "Die Zahlung ist fehlgeschlagen."),
    ],
)
def test_failure_is_told_in_the_readers_language(error: dict[str, str], english: str, german: str) -> None:
    intent = {"status": "requires_payment_method", "last_payment_error": error}

    for language, begins in (("en", english), ("de", german)):
        with translation.override(language):
            assert reading.failure_of(intent).startswith(begins)
