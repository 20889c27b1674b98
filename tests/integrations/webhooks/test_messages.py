"""What is sent: words and signature."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.test.utils import CaptureQueriesContext

from integrations.models import Connection
from integrations.webhooks import mapping
from integrations.webhooks.client import signed
from integrations.webhooks.sandbox import SECRET, Receiver
from integrations.webhooks.service import latest_touchpoints
from integrations.webhooks.settings import key_of
from leads import actions
from leads.captures import Utm
from leads.models import Lead
from tests.factories import A_MOMENT, LeadFactory, TouchpointFactory, WhitepaperFactory, a_capture

from .conftest import connect, drain

NEW_SECRET = "whsec_" + "QUJD" * 8


def test_signature_is_that_of_the_published_example() -> None:
    with time_machine.travel(datetime.fromtimestamp(1614265330, UTC), tick=False):
        headers = signed(
            [key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")], "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
        )

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.django_db
class TestStandard:
    def test_lead_with_its_latest_touchpoint(self, endpoint: Connection, receiver: Receiver) -> None:
        whitepaper = WhitepaperFactory(slug="gdpr")
        utm = Utm(source="newsletter")
        actions.capture([a_capture("ada@client.example", name="Ada Lövelace", whitepaper=whitepaper, utm=utm)])

        drain()

        [message] = receiver.received
        lead = Lead.objects.get()
        assert message.genuine
        assert message.payload == {
            "type": "lead.captured",
            "timestamp": lead.updated_at.isoformat(),
            "data": {
                "id": str(lead.uuid),
                "name": "Ada Lövelace",
                "email": "ada@client.example",
                **dict.fromkeys(("phone", "company", "website", "job_title", "language"), ""),
                "status": "new",
                "marketing_consent": False,
                "first_seen_at": A_MOMENT.isoformat(),
                "last_seen_at": A_MOMENT.isoformat(),
                "touchpoint": {
                    "kind": "whitepaper",
                    "whitepaper": "gdpr",
                    "message": "",
                    "captured_at": A_MOMENT.isoformat(),
                    "utm": {"source": "newsletter", "medium": "", "campaign": "", "term": "", "content": ""},
                },
            },
        }

    def test_current_data_is_told_and_two_captures_as_one(self, endpoint: Connection, receiver: Receiver) -> None:
        actions.capture([a_capture("ada@client.example", key="1", name="Ada")])
        actions.capture([a_capture("ada@client.example", key="2", name="Ada Lovelace", captured_at=datetime.now(UTC))])

        drain()

        assert [message.payload["data"]["name"] for message in receiver.received] == ["Ada Lovelace"]

    def test_of_a_forgotten_lead_only_the_id_is_told(self, endpoint: Connection, receiver: Receiver) -> None:
        lead = LeadFactory(email="ada@client.example")
        actions.forget([lead])

        drain()

        assert receiver.received[0].payload["type"] == "lead.forgotten"
        assert receiver.received[0].payload["data"] == {"id": str(lead.uuid)}

    def test_every_secret_signs_while_it_is_changed(self, db: None, receiver: Receiver) -> None:
        connect("crm", receiver, secret=f"{NEW_SECRET} {SECRET}")
        actions.capture([a_capture(key="before")])
        drain()
        receiver.secret = NEW_SECRET
        actions.capture([a_capture(key="after")])
        drain()

        assert [message.genuine for message in receiver.received] == [True, True]
        assert receiver.received[0].headers["webhook-signature"].count("v1,") == 2

    def test_wrong_secret_is_found_out(self, db: None, receiver: Receiver) -> None:
        connect("crm", receiver, secret=NEW_SECRET)
        actions.capture([a_capture()])

        drain()

        assert [message.genuine for message in receiver.received] == [False]


@pytest.mark.django_db
class TestSlack:
    def test_sentence_names_no_address(self, db: None, receiver: Receiver) -> None:
        connect("chat", receiver, format="slack", secret="")
        actions.capture([a_capture("ada@client.example", name="Ada Lovelace", company="Engines")])

        drain()

        [message] = receiver.received
        link = f"http://localhost:8000/admin/leads/lead/{Lead.objects.get().pk}/change/"
        assert message.payload == {"text": f"A lead turned to us: Ada Lovelace, Engines <{link}|Open>"}
        assert "webhook-signature" not in message.headers

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"name": "", "company": ""}, "somebody without a name"),
            ({"name": "ada@client.example"}, "somebody without a name"),
            ({"name": "<!channel> & co"}, "&lt;!channel&gt; &amp; co"),
        ],
    )
    def test_name_cannot_command_the_chat(self, fields: dict[str, str], said: str) -> None:
        assert mapping.who(Lead(**fields)) == said

    def test_forgotten_lead_is_not_named(self) -> None:
        lead = LeadFactory.build(pk=7, name="Ada", status=Lead.Status.FORGOTTEN)

        said = mapping.slack("lead.forgotten", lead, None)["text"]

        assert said.startswith("A lead was forgotten. Delete what you noted about it.")
        assert "Ada" not in said


@pytest.mark.django_db
def test_touchpoints_of_a_batch_are_read_at_once(django_assert_num_queries: "type[CaptureQueriesContext]") -> None:
    leads = [LeadFactory() for _ in range(3)]
    newest = [TouchpointFactory(lead=lead, captured_at=datetime.now(UTC)) for lead in leads]
    for lead in leads:
        TouchpointFactory(lead=lead)

    with django_assert_num_queries(1):
        assert latest_touchpoints(leads) == {touch.lead_id: touch for touch in newest}
