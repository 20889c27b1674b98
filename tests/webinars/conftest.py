"""Fixtures of the webinars' tests."""

from typing import Any

import pytest


@pytest.fixture
def payable(settings: Any) -> None:
    """Somebody takes the money of paid sessions."""
    settings.WEBINARS_PAYMENTS = "tests.webinars.conftest.TakesMoney"


class TakesMoney:
    def check(self) -> None:
        """It can be paid here."""
