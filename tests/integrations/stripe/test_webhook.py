"""Events of Stripe: who may tell us something, what of it is kept, and what it is worth."""

import json
import time
from typing import Any

import pytest
import stripe as library
from celery import current_app
from django.db import connection as database

from integrations import configuration, inbox
from integrations.models import Integration, WebhookEvent
from integrations.outbox import wake
from integrations.stripe.sandbox import WEBHOOK_SECRET, StripeSandbox
from webinars.models import Payment

from .conftest import a_seat, connect, payment_of, post, service, started, status

pytestmark = pytest.mark.django_db(transaction=True)
State = WebhookEvent.State


def an_event(kind: str = "payment_intent.succeeded", **fields: Any) -> dict[str, Any]:
    thing = {"object": "payment_intent", "id": "pi_1", "last_payment_error": {"payment_method": {"last4": "4242"}}}
    event = {"id": "evt_1", "object": "event", "type": kind, "livemode": False, "data": {"object": thing}}
    return event | {"api_version": "2026-10-28.endive", **fields}


def tell(event: Any, *, secret: str = WEBHOOK_SECRET, at: int | None = None, **headers: Any) -> int:
    body = json.dumps(event)
    return post(body, library.WebhookSignature.generate_signature_header(body, secret, at), **headers)


def told_by(peer: StripeSandbox) -> list[int]:
    """All that Stripe would tell of, told by us: there is no server here that it could call."""
    return [tell(event) for event in peer.records("events")]


def test_event_is_stored_acknowledged_and_acted_upon_later(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    peer.pay(started(registration).provider_id)

    assert set(told_by(peer)) == {200}
    assert status(registration) == "pending_payment"

    inbox.sweep()
    assert status(registration) == "confirmed"
    assert State.FAILED not in WebhookEvent.objects.values_list("state", flat=True)


def test_storing_is_one_insert(stripe: Integration, django_assert_num_queries: Any) -> None:
    tell(an_event())

    with django_assert_num_queries(2):  # its connection, and the insert
        tell(an_event(id="evt_2"))


def test_fast_workers_are_told(stripe: Integration) -> None:
    with current_app.connection_for_read() as broker:
        queue = broker.SimpleQueue("fast")
        queue.clear()
        wake._last.clear()

        tell(an_event())

        message = queue.get(timeout=5)
        assert (message.headers["task"], message.payload[0]) == ("integrations.tasks.process_webhook", ["stripe"])
        queue.clear()


def test_repetition_is_stored_once(stripe: Integration) -> None:
    assert [tell(an_event()), tell(an_event())] == [200, 200]
    assert WebhookEvent.objects.count() == 1


def test_either_secret_counts_while_it_is_rolled(db: None, peer: StripeSandbox) -> None:
    connect(peer, webhook_secret="whsec_new", previous_webhook_secret=WEBHOOK_SECRET)

    assert [tell(an_event()), tell(an_event(id="evt_2"), secret="whsec_new")] == [200, 200]
    assert tell(an_event(id="evt_3"), secret="whsec_older") == 400


def test_signatures_by_several_secrets_may_come_together(stripe: Integration) -> None:
    body = json.dumps(an_event())
    right = library.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET)
    moment, signature = right.split(",")

    assert post(body, f"{moment},v1={'0' * 64},{signature},v0=old") == 200


@pytest.mark.parametrize(
    "signature", ["", "t=1", "v1=abc", "t=now,v1=abc", "t=1,v1=", "nonsense", "t=1,v1=\u00e4", f"t=1{'0' * 30},v1=a"]
)
def test_wrong_signature_is_refused(stripe: Integration, signature: str) -> None:
    assert post(json.dumps(an_event()), signature) == 400
    assert WebhookEvent.objects.count() == 0


def test_old_signature_is_refused(stripe: Integration) -> None:
    now = int(time.time())

    assert [tell(an_event(), at=now - 310), tell(an_event(), at=now - 290)] == [400, 200]


def test_changed_body_is_refused(stripe: Integration) -> None:
    body = json.dumps(an_event())
    signature = library.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET)

    assert post(body + " ", signature) == 400


@pytest.mark.parametrize(
    "event",
    [
        an_event(account="acct_other"),
        an_event(livemode=True),
        an_event(object="v2.core.event"),
        an_event(id=None),
        an_event(type=None),
        an_event(data=None),
        an_event(data={"object": None}),
        [],
        "event",
        None,
    ],
)
def test_what_is_not_meant_for_us_is_refused(stripe: Integration, event: Any) -> None:
    assert tell(event) == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.parametrize("body", [b"\xff\xfe", b"{", b""])
def test_unreadable_body_is_refused(stripe: Integration, body: bytes) -> None:
    key = library.WebhookSignature.generate_signature_header(body.decode("latin-1"), WEBHOOK_SECRET)

    assert post(body, key) == 400


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""]
)
def test_what_is_not_called_json_is_refused_though_rightly_signed(stripe: Integration, content_type: str) -> None:
    assert tell(an_event(), content_type=content_type) == 400
    assert WebhookEvent.objects.count() == 0


def test_large_body_is_refused(stripe: Integration) -> None:
    assert tell(an_event(padding="x" * 1_000_000)) == 413


def test_charset_may_be_named(stripe: Integration) -> None:
    assert tell(an_event(), content_type="application/json; charset=utf-8") == 200


def test_only_ids_are_kept(stripe: Integration) -> None:
    tell(an_event(request={"idempotency_key": "payment-1"}))

    event = WebhookEvent.objects.get()
    assert event.payload == {"object": "pi_1", "payment_intent": "pi_1", "api_version": "2026-10-28.endive"}
    with database.cursor() as cursor:
        cursor.execute("SELECT payload FROM integrations_webhookevent")
        assert b"pi_1" not in bytes(cursor.fetchone()[0])


def test_other_types_are_kept_as_ignored(stripe: Integration, peer: StripeSandbox) -> None:
    tell(an_event("customer.created"))
    before = len(peer.calls)

    inbox.sweep()

    assert (WebhookEvent.objects.get().state, len(peer.calls)) == (State.IGNORED, before)


def test_event_without_a_payment_is_ignored(stripe: Integration) -> None:
    tell(an_event("charge.refunded", data={"object": {"object": "charge", "id": "ch_1", "payment_intent": None}}))

    inbox.sweep()

    assert WebhookEvent.objects.get().state == State.IGNORED


def test_event_lies_and_stripe_is_believed(stripe: Integration, peer: StripeSandbox) -> None:
    """Signed rightly, and yet the money is not there (any more): an old event, or one out of order."""
    registration = a_seat()
    payment = started(registration)
    tell(an_event(data={"object": {"object": "payment_intent", "id": payment.provider_id, "status": "succeeded"}}))

    inbox.sweep()

    assert (WebhookEvent.objects.get().state, status(registration)) == (State.PROCESSED, "pending_payment")


def test_payment_whose_creation_was_never_answered_is_known_by_its_metadata(
    stripe: Integration, peer: StripeSandbox
) -> None:
    registration = a_seat()
    peer.faults.set("cut_after", times=1, call="payment_intents.create")
    started(registration)
    (intent,) = peer.records("payment_intents")
    peer.pay(intent["id"])
    told_by(peer)

    inbox.sweep()

    assert (status(registration), payment_of(registration).provider_id) == ("confirmed", intent["id"])


def an_intent(**metadata: str) -> str:
    parameters = {
        "amount": 500,
        "currency": "eur",
        "metadata": metadata,
        "automatic_payment_methods": {"enabled": True},
    }
    return str(service().client.create_intent("by-hand", parameters)["id"])


def test_payment_of_somebody_else_on_the_account_is_ignored(stripe: Integration, peer: StripeSandbox) -> None:
    intent = an_intent(site="shop.example")
    tell(an_event(data={"object": {"object": "payment_intent", "id": intent}}))

    inbox.sweep()

    assert WebhookEvent.objects.get().state == State.IGNORED


def test_payment_that_we_should_know_and_do_not_fails_visibly(stripe: Integration, peer: StripeSandbox) -> None:
    intent = an_intent(site="localhost:8000", payment="00000000-0000-4000-8000-000000000000")
    peer.pay(intent)
    tell(an_event(data={"object": {"object": "payment_intent", "id": intent}}))

    inbox.sweep()

    event = WebhookEvent.objects.get()
    assert (event.state, event.attempts) == (State.RECEIVED, 1)
    assert event.error == f"Stripe tells of a payment that nobody here knows: {intent}."
    assert not Payment.objects.exists()


def test_event_waits_while_stripe_is_away(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    peer.pay(started(registration).provider_id)
    told_by(peer)
    peer.stop()

    inbox.sweep()
    waiting = WebhookEvent.objects.filter(state=State.RECEIVED)
    assert set(waiting.values_list("attempts", flat=True)) == {0}

    peer.start()
    configuration.resume(stripe)
    WebhookEvent.objects.update(due_at=registration.created_at)
    inbox.sweep()
    assert status(registration) == "confirmed"
