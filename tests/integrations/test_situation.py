"""How the installation stands is read once for a page."""

from django.test import RequestFactory

from integrations import configuration, situation
from integrations.models import Connection
from integrations.service import Mode
from integrations.situation import Situation


class TestMode:
    """Of the installation: the least real of all that is in use."""

    def test_is_sandbox_while_anything_leads_to_this_machine(self, connection: Connection) -> None:
        assert Situation().mode == Mode.SANDBOX

    def test_is_live_when_what_leads_to_this_machine_is_not_in_use(self, connection: Connection) -> None:
        configuration.set_enabled(connection.integration, False)

        assert Situation().mode == Mode.LIVE


def test_situation_is_read_once_for_a_request() -> None:
    request = RequestFactory().get("/")

    assert situation.of(request) is situation.of(request)
