"""Fixtures of the webinars' tests."""

from typing import Any

import pytest

from webinars.errors import PaymentsUnavailable
from webinars.models import Registration
from webinars.ports import Checkout


@pytest.fixture
def payable(settings: Any) -> None:
    """Somebody takes the money of paid sessions."""
    settings.WEBINARS_PAYMENTS = "tests.webinars.conftest.TakesMoney"


class TakesMoney:
    def check(self) -> None:
        """It can be paid here."""

    def start(self, registration: Registration) -> Checkout:
        session = registration.session
        return Checkout(session.price, session.currency, "secret", f"https://pay.example/{registration.uuid}")


class PaymentsDown(TakesMoney):
    def start(self, registration: Registration) -> Checkout:
        raise PaymentsUnavailable
