"""A button in the admin, and a real worker that does what it asks for."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from integrations.models import Heartbeat, IntegrationLog, Run
from integrations.odoo.sandbox import OdooSandbox
from tests.integrations.admin.conftest import logged_in, press
from tests.integrations.odoo.conftest import connect

from .processes import BEAT, WORKER, broker, processes
from .test_chaos import hurry_beat, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator() -> Client:
    return logged_in(User.objects.create_superuser("ada"))


def test_button_has_the_worker_test_the_connection(operator: Client) -> None:
    hurry_beat()
    with OdooSandbox("19.0") as peer, broker() as redis_url, processes(redis_url, WORKER, BEAT):
        odoo = connect(peer)
        until(lambda: Heartbeat.is_alive("fast"), 60)

        press(operator, odoo, "test")
        assert not IntegrationLog.objects.filter(operation="test_connection").exists()

        until(lambda: not Run.objects.get().is_open, 60)

    assert Run.objects.get().result["summary"] == "Connected to Odoo 19.0 as Magnetiq."
    assert str(IntegrationLog.objects.get(operation="test_connection").actor) == "ada"
