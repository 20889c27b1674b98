"""The stand-in on a socket, and a plain caller that knows nothing of our client."""

import pytest

from integrations.odoo.sandbox import OdooSandbox
from tests.integrations.odoo.sandbox.rpc import Rpc


@pytest.fixture
def odoo(peer: OdooSandbox) -> Rpc:
    return Rpc(peer)


@pytest.fixture
def is_19(peer: OdooSandbox) -> bool:
    return peer.version == "19.0"
