"""Events on their way: signed, tried again, and late, twice, out of order or never on request."""

from collections import Counter
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from integrations.stripe.sandbox import LIVE_SECRET_KEY, VERSION, WEBHOOK_SECRET, StripeSandbox

from .conftest import Endpoint, client_for, create

CREATED = "payment_intent.created"


def states(peer: StripeSandbox) -> list[tuple[str, int]]:
    return [(row["state"], row["attempts"]) for row in peer.records("deliveries")]


def test_event_is_tried_again_until_it_is_taken(peer: StripeSandbox, client: StripeClient, endpoint: Endpoint) -> None:
    peer.webhooks.waits = (0.01, 0.01, 0.01)
    endpoint.script = [500, 302]

    create(client)

    assert peer.webhooks.wait_idle()
    assert states(peer) == [("delivered", 3)]
    assert len({event.id for event in endpoint.events}) == 1
    assert [event.pending_webhooks for event in client.v1.events.list().data] == [0]


def test_event_nobody_takes_is_given_up(peer: StripeSandbox, client: StripeClient, endpoint: Endpoint) -> None:
    peer.webhooks.waits = (0.01, 0.01)
    endpoint.script = [400] * 9

    create(client)

    assert peer.webhooks.wait_idle()
    assert states(peer) == [("failed", 3)]
    assert [event.type for event in client.v1.events.list({"delivery_success": False}).data] == [CREATED]


def test_endpoint_that_is_away_is_tried_again(peer: StripeSandbox, client: StripeClient) -> None:
    peer.webhooks.waits = (0.01,)
    peer.add_endpoint("http://127.0.0.1:1/")

    create(client)

    assert peer.webhooks.wait_idle()
    (delivery,) = peer.records("deliveries")
    assert (delivery["state"], delivery["answer"]) == ("failed", "ConnectionRefusedError")


def test_both_secrets_sign_while_one_is_rolled(peer: StripeSandbox, client: StripeClient, endpoint: Endpoint) -> None:
    endpoint_id = client.v1.webhook_endpoints.list().data[0].id
    peer.roll_secret(endpoint_id, "whsec_new")

    create(client)

    assert peer.webhooks.wait_idle()
    for secret in ("whsec_new", WEBHOOK_SECRET):
        endpoint.secret = secret
        assert endpoint.types == [CREATED]


def test_forged_event_is_seen_through(peer: StripeSandbox, client: StripeClient, endpoint: Endpoint) -> None:
    peer.faults.set("webhook_forge", times=1)

    create(client)

    assert peer.webhooks.wait_idle()
    with pytest.raises(stripe.SignatureVerificationError):
        _ = endpoint.events


def test_event_is_sent_twice_on_request(peer: StripeSandbox, client: StripeClient, endpoint: Endpoint) -> None:
    peer.faults.set("webhook_double")

    create(client)

    assert peer.webhooks.wait_idle()
    first, second = endpoint.events
    assert first.id == second.id
    assert states(peer) == [("delivered", 2)]


def test_dropped_event_is_listed_and_never_sent(peer: StripeSandbox, client: StripeClient, endpoint: Endpoint) -> None:
    peer.faults.set("webhook_drop", call=CREATED)

    peer.pay(create(client).id)

    assert peer.webhooks.wait_idle()
    assert CREATED not in endpoint.types
    assert CREATED in {event.type for event in client.v1.events.list().data}


@pytest.mark.parametrize("shuffled", [False, True])
def test_held_events_arrive_when_released_and_tell_of_then(
    peer: StripeSandbox, client: StripeClient, endpoint: Endpoint, shuffled: bool
) -> None:
    peer.faults.set("webhook_hold")
    peer.pay(create(client).id)
    peer.faults.clear()
    assert peer.webhooks.wait_idle()
    assert endpoint.received == []

    assert peer.webhooks.release(shuffled=shuffled) == 3

    assert peer.webhooks.wait_idle()
    told = {event.type: event.data.object for event in endpoint.events}
    assert (len(told), told[CREATED].status) == (3, "requires_payment_method")


def test_late_events_overtake_each_other(peer: StripeSandbox, client: StripeClient, endpoint: Endpoint) -> None:
    peer.faults.set("webhook_delay", 0.2)

    for _ in range(20):
        create(client)

    assert peer.webhooks.wait_idle()
    order = [event.data.object["id"] for event in endpoint.events]
    made = [intent["id"] for intent in peer.records("payment_intents")]
    assert (Counter(order), order != made) == (Counter(made), True)


def test_event_is_sent_again_on_request(peer: StripeSandbox, client: StripeClient, endpoint: Endpoint) -> None:
    create(client)
    (event,) = peer.records("events")

    assert peer.webhooks.resend(event["id"]) == 1

    assert peer.webhooks.wait_idle()
    assert [told.id for told in endpoint.events] == [event["id"]] * 2


def test_endpoint_is_told_of_its_mode_and_kinds_only(peer: StripeSandbox, client: StripeClient) -> None:
    chosen, live = Endpoint(), Endpoint()
    peer.add_endpoint(chosen.url, events=["payment_intent.succeeded"])
    peer.add_endpoint(live.url, live=True)

    peer.pay(create(client).id)
    create(client_for(peer, LIVE_SECRET_KEY))

    assert peer.webhooks.wait_idle()
    assert chosen.types == ["payment_intent.succeeded"]
    assert [(event.type, event.livemode) for event in live.events] == [(CREATED, True)]
    for server in (chosen, live):
        server.close()


def test_anything_is_told_on_request(peer: StripeSandbox, endpoint: Endpoint) -> None:
    peer.add_endpoint(endpoint.url, version="2020-08-27")

    peer.emit("customer.created", {"id": "cus_1", "object": "customer"}, account="acct_other")

    assert peer.webhooks.wait_idle()
    (event,) = endpoint.events
    assert (event.type, event.account, event.api_version) == ("customer.created", "acct_other", "2020-08-27")


def test_events_look_like_stripes(peer: StripeSandbox, client: StripeClient, endpoint: Endpoint) -> None:
    """The fields of the envelope and of the objects, beside those that Stripe's library knows."""
    peer.pay(create(client).id)

    assert peer.webhooks.wait_idle()
    objects: dict[str, Any] = {event.type: event.data.object for event in endpoint.events}
    for kind, known in (("payment_intent.succeeded", stripe.PaymentIntent), ("charge.succeeded", stripe.Charge)):
        assert isinstance(objects[kind], known)
        assert set(objects[kind].to_dict()) <= set(known.__annotations__) | {"object", "source"}
    assert {event.api_version for event in endpoint.events} == {VERSION}
