"""Fixtures of the webinars' tests."""

from typing import Any

import pytest

from webinars.errors import PaymentsUnavailable
from webinars.models import Registration
from webinars.ports import Checkout, PaymentForm


@pytest.fixture
def payable(settings: Any) -> None:
    """Somebody takes the money of paid sessions."""
    settings.WEBINARS_PAYMENTS = "tests.webinars.conftest.TakesMoney"


class TakesMoney:
    def check(self) -> None:
        """It can be paid here."""

    def form(self) -> PaymentForm:
        js, api, hooks = "https://js.provider.example", "https://api.provider.example", "https://hooks.provider.example"
        return PaymentForm(f"{js}/form.js", "pk_test_provider", (js,), (js, hooks), (api,))

    def refresh(self, registration: Registration) -> None:
        """The provider knows nothing new."""

    def start(self, registration: Registration) -> Checkout:
        session = registration.session
        return Checkout(session.price, session.currency, "secret", f"https://pay.example/{registration.uuid}")


class PaymentsDown(TakesMoney):
    def start(self, registration: Registration) -> Checkout:
        raise PaymentsUnavailable
