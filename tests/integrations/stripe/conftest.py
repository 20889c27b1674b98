"""A stand-in Stripe on a socket, our integration connected to it, and somebody who has a seat to pay."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from integrations import configuration, inbox
from integrations.models import Connection, Delivery, Integration
from integrations.stripe.port import StripePayments
from integrations.stripe.sandbox import (
    SECRET_KEY,
    WEBHOOK_SECRET,
    StripeSandbox,
    settings_for,
)
from integrations.stripe.service import StripeService
from tests.factories import SessionFactory, a_registrant
from webinars.actions import register
from webinars.models import Payment, Registration, Session

OUR_SECRETS = {"secret_key": SECRET_KEY, "webhook_secret": WEBHOOK_SECRET}
URL = "/webhooks/stripe/"


@pytest.fixture
def peer() -> Iterator[StripeSandbox]:
    with StripeSandbox() as peer:
        yield peer


@pytest.fixture
def stripe(db: None, peer: StripeSandbox) -> Integration:
    return connect(peer)


def connect(peer: StripeSandbox, **values: Any) -> Integration:
    integration = Integration.objects.get(slug="stripe")
    configuration.configure(integration, {**settings_for(peer), "rate": "10000/second", **values})
    configuration.set_enabled(integration, True)
    integration.refresh_from_db()
    return integration


def connection() -> Connection:
    return Connection.objects.select_related("integration").get(integration__slug="stripe", owner="")


def service() -> StripeService:
    return StripeService(connection())


def a_session(**fields: Any) -> Session:
    return SessionFactory(**{"price": Decimal("119.00"), "currency": "EUR", "capacity": 20, **fields})


def a_seat(session: Session | None = None, email: str = "ada@client.example", **fields: Any) -> Registration:
    """Held until it is paid."""
    return register(session or a_session(), a_registrant(email, **fields)).registration


def started(registration: Registration) -> Payment:
    """The payment page was opened once."""
    StripePayments().start(registration)
    return payment_of(registration)


def paid(peer: StripeSandbox, registration: Registration | None = None) -> Payment:
    """As both sides know it, a webhook having come."""
    payment = started(registration or a_seat())
    peer.pay(payment.provider_id)
    hear(payment.provider_id)
    return payment_of(payment.registration)


def payment_of(registration: Registration) -> Payment:
    return registration.payments.select_related("registration__session").latest("number")


def hear(intent: str, kind: str = "payment_intent.succeeded", event: str = "") -> None:
    """What Stripe has is told by an event, and acted upon."""
    service().process(inbox.Incoming(event or f"evt_{kind}", kind, {"payment_intent": intent}))


def status(registration: Registration) -> str:
    return Registration.objects.get(pk=registration.pk).status


def states() -> dict[str, int]:
    """How many deliveries are in each state."""
    found: dict[str, int] = {}
    for state in Delivery.objects.filter(integration__slug="stripe").values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def post(body: bytes | str, signature: str, **headers: Any) -> int:
    content_type = headers.pop("content_type", "application/json")
    response = Client().post(URL, body, content_type=content_type, headers={"Stripe-Signature": signature, **headers})
    return response.status_code
