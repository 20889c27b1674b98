"""Fixtures of the leads' tests."""

import pytest

from leads import signals


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count the statements of leads alone, whatever others do when they hear of them."""
    for signal in (signals.leads_captured, signals.leads_changed, signals.leads_forgotten):
        monkeypatch.setattr(signal, "receivers", [])
