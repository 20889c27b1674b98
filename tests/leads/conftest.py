"""Fixtures of the leads' tests."""

import pytest
from django.dispatch import Signal

from leads import signals


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count the statements of leads alone, whatever others do when they hear of them."""
    for signal in vars(signals).values():
        if isinstance(signal, Signal):
            monkeypatch.setattr(signal, "receivers", [])
