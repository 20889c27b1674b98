"""What a payer enters: checked as a card, and never kept."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests
from stripe import StripeClient

from integrations.stripe.sandbox import LIVE_PUBLISHABLE_KEY, LIVE_SECRET_KEY, PUBLISHABLE_KEY, StripeSandbox

from .conftest import BACK, client_for, create

NUMBER = "4242424242424242"


def confirm_in_browser(
    peer: StripeSandbox, intent: Any, *, key: str = PUBLISHABLE_KEY, **card: str
) -> requests.Response:
    """What the form in its frame sends."""
    form = {
        "key": key,
        "client_secret": intent.client_secret,
        "return_url": BACK,
        "payment_method_data[type]": "card",
        "payment_method_data[card][number]": NUMBER,
        "payment_method_data[card][exp_month]": "12",
        "payment_method_data[card][exp_year]": "34",
        "payment_method_data[card][cvc]": "987",
        **{f"payment_method_data[card][{name}]": value for name, value in card.items()},
    }
    return requests.post(f"{peer.url}/v1/payment_intents/{intent.id}/confirm", form, timeout=5)


@pytest.mark.parametrize(
    ("card", "status", "code"),
    [
        ({}, 200, None),
        ({"number": "4000000000000002"}, 402, "card_declined"),
        ({"number": "4242424242424241"}, 402, "incorrect_number"),
        ({"number": "4111111111111111"}, 402, "incorrect_number"),
        ({"number": "4242"}, 402, "invalid_number"),
        ({"exp_year": "20"}, 402, "invalid_expiry_year"),
        ({"exp_month": "13"}, 402, "invalid_expiry_month"),
        ({"cvc": "12"}, 402, "invalid_cvc"),
    ],
)
def test_card_is_checked_and_of_it_only_the_last_digits_are_kept(
    tmp_path: Path, card: dict[str, str], status: int, code: str | None
) -> None:
    with StripeSandbox(path=tmp_path / "stripe.db") as peer:
        intent = create(client_for(peer))
        answer = confirm_in_browser(peer, intent, **card)

    assert (answer.status_code, answer.json().get("error", {}).get("code")) == (status, code)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    number = card.get("number", NUMBER)
    assert number.encode() not in kept or len(number) == 4
    assert not re.search(rb"\W987\W", kept)


def test_card_numbers_are_taken_from_browsers_only(client: StripeClient) -> None:
    card: Any = {
        "type": "card",
        "card": {"number": NUMBER, "exp_month": "12", "exp_year": "34", "cvc": "1"},
    }

    with pytest.raises(Exception, match="generally unsafe"):
        create(client, confirm=True, payment_method_data=card, return_url=BACK)


def test_test_cards_are_declined_in_live_mode(peer: StripeSandbox) -> None:
    intent = create(client_for(peer, LIVE_SECRET_KEY))

    answer = confirm_in_browser(peer, intent, key=LIVE_PUBLISHABLE_KEY)

    assert answer.json()["error"]["decline_code"] == "live_mode_test_card"
    assert peer.pay(intent.id)["status"] == "succeeded"
