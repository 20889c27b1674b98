"""A stand-in Odoo on a socket, and our integration connected to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations import configuration
from integrations.models import Connection, Delivery, Integration
from integrations.odoo.sandbox import OdooSandbox, settings_for


@pytest.fixture(params=["16.0", "19.0"])
def peer(request: pytest.FixtureRequest) -> Iterator[OdooSandbox]:
    with OdooSandbox(request.param) as peer:
        yield peer


@pytest.fixture
def odoo(db: None, peer: OdooSandbox) -> Integration:
    return connect(peer)


def connect(peer: OdooSandbox, **values: Any) -> Integration:
    integration = Integration.objects.get(slug="odoo")
    configuration.configure(integration, {**settings_for(peer), **values})
    configuration.set_enabled(integration, True)
    integration.refresh_from_db()
    return integration


def connection() -> Connection:
    return Connection.objects.select_related("integration").get(integration__slug="odoo", owner="")


def states() -> dict[str, int]:
    """How many deliveries are in each state."""
    found: dict[str, int] = {}
    for state in Delivery.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found
