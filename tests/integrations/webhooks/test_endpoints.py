"""What an operator enters, and what a test says."""

from typing import Any

import pytest
from pydantic import ValidationError

from integrations import breaker, configuration, errors, health, sandbox
from integrations.models import Connection, Integration, IntegrationLog
from integrations.webhooks.sandbox import SECRET, Answer, Receiver
from integrations.webhooks.service import WebhooksService
from integrations.webhooks.settings import EndpointSettings

from .conftest import account, connect

pytestmark = pytest.mark.django_db
VALID = {"url": "https://crm.example/hooks", "events": ["lead.captured"], "secret": SECRET}


def complaints(**values: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        EndpointSettings.model_validate({**VALID, **values})
    return health.complaints(caught.value)


class TestSettings:
    @pytest.mark.parametrize(
        ("values", "complaint"),
        [
            ({"url": "https://user:pw@crm.example"}, "Enter the address without user name and password."),
            ({"events": ["lead.sold"]}, "events.0"),
            ({"events": []}, "events"),
            ({"secret": ""}, "This format is signed: enter a secret."),
            ({"secret": "whsec_c2hvcnQ="}, "A secret is whsec_"),
            ({"secret": "whsec_not base64 at all"}, "A secret is whsec_"),
            ({"secret": SECRET.removeprefix("whsec_")}, "A secret is whsec_"),
        ],
    )
    def test_wrong_one_is_explained(self, values: dict[str, Any], complaint: str) -> None:
        [said] = complaints(**values)

        assert complaint in said

    def test_address_must_be_encrypted_where_private_ones_are_refused(self, settings: Any) -> None:
        settings.ALLOW_PRIVATE_ADDRESSES = False

        assert "must begin with https://" in complaints(url="http://crm.example")[0]

    def test_chat_needs_no_secret(self) -> None:
        assert EndpointSettings.model_validate({**VALID, "format": "slack", "secret": ""}).keys == []

    def test_is_off_until_somebody_enables_it(self) -> None:
        assert not Integration.objects.get(slug="webhooks").enabled

    def test_secret_is_never_told(self, endpoint: Connection) -> None:
        service = WebhooksService(endpoint)
        row = IntegrationLog.objects.get(connection=endpoint, operation="config_updated")

        assert SECRET not in f"{service.settings!r} {row.metadata} {row.message}"
        assert row.metadata == {"fields": ["events", "secret", "url"]}


class TestTest:
    def test_endpoint_is_sent_a_signed_message(self, endpoint: Connection, receiver: Receiver) -> None:
        report = health.test(endpoint)

        [message] = receiver.received
        assert (message.payload["type"], message.genuine) == ("test", True)
        assert report.facts == {"Host": "127.0.0.1", "Answer": "HTTP 204", "Signatures": "1"}
        assert health.light(account("crm")) == health.Light.HEALTHY

    def test_chat_is_sent_a_sentence(self, receiver: Receiver) -> None:
        health.test(connect("chat", receiver, format="slack"))

        assert "This is a test" in receiver.received[0].payload["text"]

    def test_refusal_is_told_and_turns_the_light_red(self, endpoint: Connection, receiver: Receiver) -> None:
        receiver.always = Answer(410)

        report = health.test(endpoint)

        assert "remove it, or enter its new address" in report.problems[0]
        assert health.light(account("crm")) == health.Light.MISCONFIGURED

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

    def test_all_are_met_after_good_tests(self, endpoint: Connection) -> None:
        assert self.requirements() == [True, False]

        health.test(endpoint)

        assert self.requirements() == [True, True]


def test_stand_in_is_connected_by_the_demo(receiver: Receiver) -> None:
    sandbox.connect("webhooks", receiver)

    assert health.test(account("demo")).ok
    assert receiver.received[0].genuine
