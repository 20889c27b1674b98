"""When what is told, again or not at all."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import configuration
from integrations.models import Connection, Delivery, Integration, IntegrationLog
from integrations.webhooks.sandbox import SECRET, Answer, Receiver
from leads import actions
from tests.factories import a_capture

from .conftest import account, connect, deliveries, drain

pytestmark = pytest.mark.django_db
CAPTURED = "lead.captured"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Time stands still, so that nothing is tried again within one drain."""
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


class TestWhatIsPromised:
    def test_each_endpoint_hears_what_it_chose(self, receiver: Receiver) -> None:
        connect("crm", receiver, events=[CAPTURED, "lead.changed"])
        connect("privacy", receiver, events=["lead.forgotten"])

        lead = actions.capture([a_capture()]).leads[0]
        actions.update_details(lead, details={"name": "Ada"})
        actions.forget([lead])

        told = Delivery.objects.filter(integration__slug="webhooks").order_by("pk")
        assert list(told.values_list("connection__owner", "operation")) == [
            ("crm", "lead_captured"),
            ("crm", "lead_changed"),
            ("privacy", "lead_forgotten"),
        ]

    def test_nothing_without_an_endpoint(self) -> None:
        actions.capture([a_capture()])

        assert deliveries() == []

    def test_choice_counts_at_once(self, endpoint: Connection, receiver: Receiver) -> None:
        connect("crm", receiver, events=["lead.forgotten"])

        actions.capture([a_capture()])

        assert deliveries() == []

    def test_what_waited_for_an_event_not_chosen_any_more_is_cancelled(
        self, endpoint: Connection, receiver: Receiver
    ) -> None:
        actions.capture([a_capture()])
        connect("crm", receiver, events=["lead.forgotten"])

        drain()

        assert (deliveries(), receiver.received) == ([("crm", "cancelled", "obsolete")], [])
        found = Delivery.objects.get(operation="lead_captured")
        assert found.error == "This endpoint does not ask for this event any more."

    def test_forgotten_lead_is_not_told_of(self, endpoint: Connection, receiver: Receiver) -> None:
        actions.forget(actions.capture([a_capture()]).leads)

        drain()

        assert [message.payload["type"] for message in receiver.received] == ["lead.forgotten"]
        assert deliveries() == [("crm", "cancelled", "obsolete"), ("crm", "delivered", "")]

    def test_event_is_not_lost_while_secrets_cannot_be_read(self, endpoint: Connection, settings: Any) -> None:
        settings.FERNET_KEYS = ["another-key-for-tests-of-32-chars"]

        actions.capture([a_capture()])
        drain()

        assert deliveries() == [("crm", "pending", "")]

    def test_removed_endpoint_hears_nothing(self, endpoint: Connection) -> None:
        configuration.remove_account(endpoint)

        actions.capture([a_capture()])

        assert deliveries() == []

    def test_number_of_statements_does_not_grow_with_the_leads(self, receiver: Receiver) -> None:
        connect("one", receiver)
        connect("two", receiver)

        def statements(number: int) -> int:
            captures = [a_capture(f"lead-{number}-{n}@client.example") for n in range(number)]
            with CaptureQueriesContext(database) as captured:
                actions.capture(captures)
            return len(captured)

        assert statements(1000) == statements(10)
        assert len(deliveries()) == 2 * 1010


class TestIds:
    def test_repetition_has_the_same_id_and_a_new_timestamp(
        self, endpoint: Connection, receiver: Receiver, clock: time_machine.Traveller
    ) -> None:
        actions.capture([a_capture()])
        receiver.script.append(Answer(500))

        drain()
        clock.shift(60)
        drain()

        first, second = receiver.received
        assert first.id == second.id
        assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 60
        assert (first.genuine, second.genuine) == (True, True)
        assert deliveries() == [("crm", "delivered", "")]

    def test_new_promise_has_a_new_id(self, endpoint: Connection, receiver: Receiver) -> None:
        actions.capture([a_capture(key="first")])
        drain()
        actions.capture([a_capture(key="second")])
        drain()

        assert len({message.id for message in receiver.received}) == 2

    def test_two_endpoints_have_ids_of_their_own(self, endpoint: Connection, receiver: Receiver) -> None:
        connect("other", receiver)
        actions.capture([a_capture()])

        drain()

        assert len({message.id for message in receiver.received}) == 2


class TestAnswers:
    @pytest.mark.parametrize(
        ("answer", "state", "kind"),
        [
            (Answer(200, body=b"x" * 100_000), "delivered", ""),
            (Answer(302, {"Location": "https://user:pw@elsewhere.example/secret"}), "pending", "misconfigured"),
            (Answer(400), "dead", "rejected"),
            (Answer(401), "pending", "misconfigured"),
            (Answer(404), "pending", "misconfigured"),
            (Answer(409), "pending", "conflict"),
            (Answer(410), "pending", "misconfigured"),
            (Answer(429, {"Retry-After": "90"}), "pending", "rate_limited"),
            (Answer(500), "pending", "ambiguous"),
            (Answer(503), "pending", "unavailable"),
            (Answer(503, {"Retry-After": "90"}), "pending", "rate_limited"),
            (Answer(fault="cut"), "pending", "ambiguous"),
        ],
        ids=lambda value: str(value.status) + value.fault if isinstance(value, Answer) else "",
    )
    def test_answer_decides(
        self, endpoint: Connection, receiver: Receiver, answer: Answer, state: str, kind: str
    ) -> None:
        actions.capture([a_capture()])
        receiver.always = answer

        drain()

        assert (len(receiver.received), deliveries()) == (1, [("crm", state, kind)])

    def test_silence_is_no_answer(self, endpoint: Connection, receiver: Receiver) -> None:
        configuration.configure(endpoint.integration, {"timeout": 0.2})
        actions.capture([a_capture()])
        receiver.always = Answer(fault="hang")

        drain()

        assert deliveries() == [("crm", "pending", "ambiguous")]

    def test_rest_lasts_as_long_as_it_says(self, endpoint: Connection, receiver: Receiver) -> None:
        actions.capture([a_capture("one@client.example"), a_capture("two@client.example")])
        receiver.always = Answer(503, {"Retry-After": "90"})

        drain()

        assert len(receiver.received) == 1
        assert account("crm").paused_until > timezone.now() + timedelta(seconds=80)

    def test_gone_endpoint_says_what_to_do(self, endpoint: Connection, receiver: Receiver) -> None:
        actions.capture([a_capture()])
        receiver.always = Answer(410)

        drain()

        assert account("crm").status == Connection.Status.MISCONFIGURED
        assert "remove it, or enter its new address" in account("crm").last_error

    def test_redirection_is_not_followed_and_names_the_host_only(
        self, endpoint: Connection, receiver: Receiver
    ) -> None:
        actions.capture([a_capture()])
        receiver.always = Answer(302, {"Location": "https://user:pw@elsewhere.example/secret"})

        drain()

        assert "(elsewhere.example)" in account("crm").last_error
        assert "secret" not in account("crm").last_error

    def test_answer_that_never_ends_is_not_waited_for(self, endpoint: Connection, receiver: Receiver) -> None:
        actions.capture([a_capture()])
        receiver.always = Answer(200, {"Content-Length": "999999999"}, b"begins")

        drain()

        assert deliveries() == [("crm", "delivered", "")]

    def test_short_answers_keep_the_connection(self, endpoint: Connection, receiver: Receiver) -> None:
        receiver.always = Answer(200, body=b'{"ok": true}')
        actions.capture([a_capture(f"lead-{n}@client.example") for n in range(5)])

        drain()

        assert (len(receiver.received), receiver.connections) == (5, 1)

    def test_one_refused_message_keeps_no_other_waiting(self, endpoint: Connection, receiver: Receiver) -> None:
        actions.capture([a_capture(f"lead-{n}@client.example") for n in range(3)])
        receiver.script.append(Answer(422))

        drain()

        assert sorted(state for _, state, _ in deliveries()) == ["dead", "delivered", "delivered"]

    def test_dead_endpoint_stops_only_itself(self, endpoint: Connection, receiver: Receiver) -> None:
        away = Receiver().start()
        connect("away", away)
        away.close()
        actions.capture([a_capture("one@client.example"), a_capture("two@client.example")])

        drain()

        assert sorted(deliveries()) == [("away", "pending", "unavailable")] * 2 + [("crm", "delivered", "")] * 2
        assert [account("away").status, account("crm").status] == ["failing", "healthy"]

    def test_private_address_is_refused(self, endpoint: Connection, receiver: Receiver, settings: Any) -> None:
        connect("crm", receiver, url="https://127.0.0.1:9/")
        settings.ALLOW_PRIVATE_ADDRESSES = False
        actions.capture([a_capture()])

        drain()

        assert deliveries() == [("crm", "pending", "misconfigured")]
        assert "private network" in account("crm").last_error


def test_no_secret_address_or_person_gets_into_the_log(
    endpoint: Connection, receiver: Receiver, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    for status in (200, 400, 410):
        receiver.always = Answer(status, body=b"ada@client.example")
        actions.capture([a_capture("ada@client.example", key=str(status), name="Ada Lovelace")])
        drain()

    rows = [f"{row.message} {row.metadata}" for row in IntegrationLog.objects.all()]
    said = " ".join([*rows, caplog.text, capsys.readouterr().out, account("crm").last_error])
    assert [word for word in (SECRET, "ada@", "Lovelace", receiver.url) if word in said] == []
    assert Integration.objects.get(slug="webhooks").settings.keys().isdisjoint({"url", "secret"})
