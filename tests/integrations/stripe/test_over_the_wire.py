"""Stripe tells a server of ours over the network: doubled and shuffled, and it ends the same."""

import pytest
from pytest_django.live_server_helper import LiveServer

from integrations import inbox
from integrations.models import Integration, WebhookEvent
from integrations.stripe.sandbox import StripeSandbox

from .conftest import a_seat, payment_of, started, status

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heard(stripe: Integration, peer: StripeSandbox, live_server: LiveServer) -> StripeSandbox:
    peer.faults.set("webhook_hold")
    peer.add_endpoint(f"{live_server.url}/webhooks/stripe/")
    return peer


def test_doubled_and_shuffled_events_end_in_one_seat(heard: StripeSandbox) -> None:
    registration = a_seat()
    payment = started(registration)
    heard.pay(payment.provider_id, "pm_card_chargeDeclined")
    heard.pay(payment.provider_id)
    heard.refund(payment.provider_id, 1900)
    heard.faults.clear("webhook_hold")
    heard.faults.set("webhook_double")

    heard.webhooks.release(shuffled=True)
    assert heard.webhooks.wait_idle()
    inbox.sweep()

    payment = payment_of(registration)
    assert (payment.status, str(payment.refunded), status(registration)) == ("partially_refunded", "19.00", "confirmed")
    told = WebhookEvent.objects.values_list("event_id", flat=True)
    assert sorted(told) == sorted(event["id"] for event in heard.records("events"))
