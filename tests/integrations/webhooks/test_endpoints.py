"""What an operator enters, and what a test says."""

from typing import Any

import pytest
from django.test import Client
from pydantic import ValidationError

from integrations import breaker, complaints, configuration, errors, health, sandbox
from integrations.models import Connection, Integration, IntegrationLog
from integrations.service import Mode
from integrations.situation import Situation
from integrations.webhooks.sandbox import SECRET, Answer, Receiver
from integrations.webhooks.service import WebhooksService
from integrations.webhooks.settings import EndpointSettings

from .conftest import account, connect

pytestmark = pytest.mark.django_db
VALID = {"url": "https://crm.example/hooks", "events": ["lead.captured"], "secret": SECRET}


def said_of(**values: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        EndpointSettings.model_validate({**VALID, **values})
    return complaints.sentences(caught.value)


class TestSettings:
    @pytest.mark.parametrize(
        ("values", "complaint"),
        [
            ({"url": "https://user:pw@crm.example"}, "Enter the address without user name and password."),
            ({"events": ["lead.sold"]}, "events: Enter one of"),
            ({"events": []}, "events: Enter at least one value."),
            ({"secret": ""}, "This format is signed: enter a secret."),
            ({"secret": "whsec_c2hvcnQ="}, "A secret is whsec_"),
            ({"secret": "whsec_not base64 at all"}, "A secret is whsec_"),
            ({"secret": SECRET.removeprefix("whsec_")}, "A secret is whsec_"),
        ],
    )
    def test_wrong_one_is_explained(self, values: dict[str, Any], complaint: str) -> None:
        [said] = said_of(**values)

        assert complaint in said

    def test_address_must_be_encrypted_where_private_ones_are_refused(self, settings: Any) -> None:
        settings.ALLOW_PRIVATE_ADDRESSES = False

        assert "must begin with https://" in said_of(url="http://crm.example")[0]

    def test_chat_needs_no_secret(self) -> None:
        assert EndpointSettings.model_validate({**VALID, "format": "slack", "secret": ""}).keys == []

    def test_is_off_until_somebody_enables_it(self) -> None:
        assert not Integration.objects.get(slug="webhooks").enabled

    def test_secret_is_never_told(self, endpoint: Connection) -> None:
        service = WebhooksService(endpoint)
        row = IntegrationLog.objects.get(connection=endpoint, operation="config_updated")

        assert SECRET not in f"{service.settings!r} {row.metadata} {row.message}"
        assert row.metadata == {"fields": ["events", "secret", "url"]}

    def test_secret_is_on_no_page(self, endpoint: Connection, admin_client: Client) -> None:
        page = f"/admin/integrations/integration/{endpoint.integration_id}"

        for address in (f"{page}/change/", f"{page}/accounts/{endpoint.pk}/"):
            response = admin_client.get(address)
            assert response.status_code == 200
            assert SECRET not in response.content.decode()


class TestTest:
    def test_endpoint_is_sent_a_signed_message(self, endpoint: Connection, receiver: Receiver) -> None:
        report = health.test(endpoint)

        [message] = receiver.received
        assert (message.payload["type"], message.genuine) == ("test", True)
        assert report.facts == {"Host": "127.0.0.1", "Answer": "HTTP 204", "Signatures": "1"}
        assert health.state(account("crm")) == health.HealthState.HEALTHY

    def test_chat_is_sent_a_sentence(self, receiver: Receiver) -> None:
        health.test(connect("chat", receiver, format="slack"))

        assert "This is a test" in receiver.received[0].payload["text"]

    def test_refusal_is_told_and_turns_the_light_red(self, endpoint: Connection, receiver: Receiver) -> None:
        receiver.always = Answer(410)

        report = health.test(endpoint)

        assert "remove it, or enter its new address" in report.problems[0]
        assert health.state(account("crm")) == health.HealthState.MISCONFIGURED

    def test_integration_sums_up_its_endpoints_and_calls_nobody(self, endpoint: Connection, receiver: Receiver) -> None:
        connect("chat", receiver)
        breaker.barred(account("chat"), errors.Misconfigured("gone"))

        report = health.test(configuration.own_connection(endpoint.integration))

        assert (report.ok, report.summary) == (True, "2 endpoints, 1 in trouble.")
        assert "chat" in report.notes[0]
        assert receiver.received == []


class TestRequirements:
    def requirements(self) -> list[bool]:
        integration = Integration.objects.get(slug="webhooks")
        service = WebhooksService(configuration.own_connection(integration))
        return [requirement.met for requirement in service.requirements()]

    def test_nothing_is_met_without_an_endpoint(self) -> None:
        assert self.requirements()[0] is False

    def test_good_test_counts_but_a_stand_in_is_not_live(self, endpoint: Connection) -> None:
        assert self.requirements() == [True, False, False]

        health.test(endpoint)

        assert self.requirements() == [True, True, False]

    def test_real_address_is_live(self, endpoint: Connection, receiver: Receiver) -> None:
        connect("crm", receiver, url="https://crm.example/hooks")

        assert self.requirements() == [True, False, True]


def test_stand_in_is_connected_by_the_demo(receiver: Receiver) -> None:
    sandbox.connect("webhooks", receiver)

    assert health.test(account("demo")).ok
    assert receiver.received[0].genuine


def test_endpoint_on_this_machine_makes_a_sandbox_of_the_installation(endpoint: Connection) -> None:
    """The integration itself has an address of nobody; what is at the other end is told by its endpoints."""
    with_it = Situation().mode

    configuration.remove_account(endpoint)

    assert (with_it, Situation().mode) == (Mode.SANDBOX, Mode.LIVE)
