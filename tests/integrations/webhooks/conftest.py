"""A receiver on a socket, and an endpoint of ours that leads to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations import configuration, outbox
from integrations.models import Connection, Delivery, Integration
from integrations.webhooks.sandbox import Receiver, accounts_for


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    peer = Receiver().start()
    yield peer
    peer.close()


@pytest.fixture
def endpoint(db: None, receiver: Receiver) -> Connection:
    return connect("crm", receiver)


def connect(name: str, peer: Receiver, **values: Any) -> Connection:
    """An endpoint that is told of everything, unless `values` say otherwise."""
    integration = Integration.objects.get(slug="webhooks")
    configuration.configure_account(integration, name, {**accounts_for(peer)["demo"], **values})
    configuration.set_enabled(integration, True)
    return account(name)


def account(name: str) -> Connection:
    return Connection.objects.select_related("integration").get(integration__slug="webhooks", owner=name)


def drain() -> outbox.Tally:
    return outbox.drain(integration="webhooks")


def deliveries() -> list[tuple[str, str, str]]:
    """(endpoint, state, kind of error) of each, oldest first."""
    rows = Delivery.objects.filter(integration__slug="webhooks").order_by("pk")
    return list(rows.values_list("connection__owner", "state", "error_kind"))
