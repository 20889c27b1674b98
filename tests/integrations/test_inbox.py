"""Webhooks: verified, stored once, acknowledged, and only then acted upon."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from integrations import configuration, errors, inbox, outbox, tasks
from integrations.models import Connection, Integration, IntegrationLog, WebhookEvent
from integrations.service import Incoming
from leads.models import Lead
from tests.factories import LeadFactory
from tests.postbox.service import PostboxService

from .conftest import TOKEN, change

pytestmark = pytest.mark.django_db
State = WebhookEvent.State
URL = "/webhooks/postbox/"


def tell(*events: dict[str, Any], token: str = TOKEN, **headers: str) -> int:
    body = json.dumps(events)
    response = Client().post(URL, body, content_type="application/json", headers={"X-Token": token}, **headers)
    return response.status_code


def renamed(lead: Lead, number: str = "1", name: str = "Ada") -> dict[str, Any]:
    return {"id": number, "type": "renamed", "lead": lead.pk, "name": name}


def test_event_is_stored_and_acted_upon_later(connection: Connection) -> None:
    lead = LeadFactory(name="old")

    assert tell(renamed(lead)) == 200
    lead.refresh_from_db()
    assert (WebhookEvent.objects.get().state, lead.name) == (State.RECEIVED, "old")

    tasks.process_webhook("postbox")
    lead.refresh_from_db()
    assert (WebhookEvent.objects.get().state, lead.name) == (State.PROCESSED, "Ada")


def test_repeated_event_is_stored_once(connection: Connection) -> None:
    lead = LeadFactory()

    assert [tell(renamed(lead)), tell(renamed(lead), renamed(lead, "2"))] == [200, 200]

    assert sorted(WebhookEvent.objects.values_list("event_id", flat=True)) == ["1", "2"]


def test_same_event_of_another_integration_is_another(connection: Connection) -> None:
    inbox.accept(Integration.objects.get(slug="odoo"), [Incoming("1", "renamed", {})])

    tell(renamed(LeadFactory()))

    assert WebhookEvent.objects.count() == 2


def test_repetition_after_processing_does_nothing(connection: Connection) -> None:
    lead = LeadFactory()
    tell(renamed(lead))
    inbox.sweep()

    tell(renamed(lead, name="Grace"))

    assert inbox.sweep() == 0
    assert Lead.objects.get().name == "Ada"


def test_forged_event_is_refused_and_not_stored(connection: Connection) -> None:
    assert tell(renamed(LeadFactory()), token="guessed") == 400
    assert WebhookEvent.objects.count() == 0


def test_payload_is_stored_encrypted(connection: Connection) -> None:
    tell(renamed(LeadFactory(), name="Ada Lovelace"))

    with database.cursor() as cursor:
        cursor.execute("SELECT payload FROM integrations_webhookevent")
        assert b"Lovelace" not in bytes(cursor.fetchone()[0])


@pytest.mark.parametrize("size", [1_000_001, 3_000_000])
def test_large_body_is_refused(connection: Connection, size: int) -> None:
    response = Client().post(URL, b" " * size, content_type="application/json", headers={"X-Token": TOKEN})

    assert response.status_code == 413


@pytest.mark.parametrize("claimed", ["10", ""])
def test_content_length_that_lies_lets_nothing_in(connection: Connection, claimed: str) -> None:
    body = b"[]" + b" " * 2_000_000

    response = Client().generic(
        "POST", URL, body, content_type="application/json", headers={"X-Token": TOKEN}, CONTENT_LENGTH=claimed
    )

    assert response.status_code in (200, 400, 413)
    assert WebhookEvent.objects.count() == 0


@pytest.mark.parametrize("path", ["/webhooks/postbox/", "/webhooks/unknown/"])
def test_nobody_listens_for_what_is_not_in_use(connection: Connection, path: str) -> None:
    configuration.set_enabled(connection.integration, False)

    assert Client().post(path, "[]", content_type="application/json").status_code == 404


def test_reading_the_address_is_not_allowed(connection: Connection) -> None:
    assert Client().get(URL).status_code == 405


def test_needs_no_csrf_token(connection: Connection) -> None:
    response = Client(enforce_csrf_checks=True).post(
        URL, "[]", content_type="application/json", headers={"X-Token": TOKEN}
    )

    assert response.status_code == 200


def test_event_for_a_half_configured_integration_is_asked_for_again(connection: Connection) -> None:
    Connection.objects.update(secrets={})

    assert tell(renamed(LeadFactory())) == 503


def test_integration_that_receives_nothing_refuses(connection: Connection) -> None:
    configured = {"url": "http://127.0.0.1", "database": "d", "username": "u", "api_key": "key"}
    odoo = Integration.objects.get(slug="odoo")
    configuration.configure(odoo, configured)
    configuration.set_enabled(odoo, True)

    assert Client().post("/webhooks/odoo/", "{}", content_type="application/json").status_code == 400


def test_unknown_type_is_ignored_and_kept(connection: Connection) -> None:
    tell({"id": "1", "type": "weather"})

    inbox.sweep()

    assert WebhookEvent.objects.get().state == State.IGNORED


def test_failure_is_tried_again_on_the_schedule(connection: Connection) -> None:
    lead = LeadFactory()
    number = lead.pk
    tell({"id": "1", "type": "renamed", "lead": number + 1, "name": "Ada"})

    with time_machine.travel(timezone.now() + timedelta(seconds=1), tick=False) as clock:
        inbox.sweep()
        event = WebhookEvent.objects.get()
        assert (event.state, event.attempts, event.error) == (State.RECEIVED, 1, "No such lead yet.")
        assert event.due_at - timezone.now() == timedelta(seconds=10)
        assert inbox.sweep() == 0
        LeadFactory(pk=number + 1)
        clock.shift(10)
        inbox.sweep()

    assert (WebhookEvent.objects.get().state, WebhookEvent.objects.get().error) == (State.PROCESSED, "")


def test_event_that_never_succeeds_has_failed_after_the_schedule(connection: Connection) -> None:
    tell({"id": "1", "type": "renamed", "lead": 0, "name": "Ada"})

    for _ in range(len(inbox.RETRIES) + 1):
        assert WebhookEvent.objects.get().state == State.RECEIVED
        WebhookEvent.objects.update(due_at=timezone.now())
        inbox.sweep()

    assert WebhookEvent.objects.get().state == State.FAILED
    assert inbox.sweep() == 0


def test_bug_in_processing_one_event_leaves_the_others_alone(connection: Connection) -> None:
    lead = LeadFactory()
    tell({"id": "1", "type": "renamed"}, renamed(lead, "2"))

    inbox.sweep()

    found = dict(WebhookEvent.objects.values_list("event_id", "state"))
    assert found == {"1": State.RECEIVED, "2": State.PROCESSED}


def test_reason_of_a_bug_is_its_name_only(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: PostboxService, event: Incoming) -> bool:
        raise ValueError(f"{TOKEN} of ada@client.example")

    monkeypatch.setattr(PostboxService, "process", failing)
    tell(renamed(LeadFactory()))

    inbox.sweep()

    assert WebhookEvent.objects.get().error == "ValueError"


def test_outage_there_never_makes_an_event_fail(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: PostboxService, event: Incoming) -> bool:
        raise errors.Unavailable("down")

    monkeypatch.setattr(PostboxService, "process", failing)
    tell(renamed(LeadFactory()))

    for _ in range(20):
        WebhookEvent.objects.update(due_at=timezone.now())
        inbox.sweep()

    event = WebhookEvent.objects.get()
    assert (event.state, event.attempts, event.error) == (State.RECEIVED, 0, "down")


@pytest.mark.parametrize("hold", [{"enabled": False}, {"paused_at": timezone.now()}], ids=["disabled", "paused"])
def test_event_waits_while_its_integration_is_held(connection: Connection, hold: dict[str, Any]) -> None:
    tell(renamed(LeadFactory()))
    Integration.objects.update(**hold)

    assert inbox.sweep() == 0
    assert WebhookEvent.objects.get().attempts == 0


def test_event_of_a_worker_that_died_comes_round(connection: Connection) -> None:
    lead = LeadFactory()
    tell(renamed(lead))
    WebhookEvent.objects.update(due_at=timezone.now() + inbox.HOLD)

    assert inbox.sweep() == 0
    with time_machine.travel(timezone.now() + inbox.HOLD + timedelta(seconds=1)):
        tasks.drain("fast")

    assert WebhookEvent.objects.get().state == State.PROCESSED


def test_processing_is_logged_as_set_off_by_a_webhook(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PostboxService, "process", lambda self, event: bool(self.client.owner()))
    tell(renamed(LeadFactory()))

    tasks.drain("fast")

    assert IntegrationLog.objects.get(operation="read_owner").trigger == "webhook"


def test_unreadable_payload_fails_visibly(connection: Connection, settings: Any) -> None:
    tell(renamed(LeadFactory()))
    settings.FERNET_KEYS = ["another-key-for-tests-of-32-chars"]

    inbox.sweep()

    event = WebhookEvent.objects.get()
    assert (event.state, event.attempts) == (State.RECEIVED, 1)
    assert event.error


@pytest.mark.django_db(transaction=True)
def test_threads_process_an_event_once(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []
    monkeypatch.setattr(PostboxService, "process", lambda self, event: done.append(event.event_id) or True)
    tell(*(renamed(Lead(pk=1), str(number)) for number in range(10)))
    start = Barrier(4)

    def work(number: int) -> int:
        start.wait(10)
        try:
            return inbox.sweep()
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        processed = sum(pool.map(work, range(4)))

    assert (sorted(done), processed) == (sorted(str(number) for number in range(10)), 10)


def test_changed_secret_verifies_at_once(connection: Connection) -> None:
    change(connection, token="another-token")

    assert tell() == 400
    assert tell(token="another-token") == 200


def test_processing_promises_like_any_action(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = LeadFactory()
    monkeypatch.setattr(
        PostboxService, "process", lambda self, event: bool(outbox.keep_in_sync(PostboxService.post_letters, [lead]))
    )
    tell(renamed(lead))

    inbox.sweep()

    assert outbox.drain(integration="postbox").successful == 1
