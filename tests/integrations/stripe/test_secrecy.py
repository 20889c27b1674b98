"""No card data, no key and no client secret in what we keep, log or show to operators."""

import json
import re

import pytest
import stripe as library
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations import health, inbox, outbox
from integrations.models import Integration, WebhookEvent
from integrations.stripe.sandbox import WEBHOOK_SECRET, StripeSandbox
from integrations.stripe.service import StripeService
from webinars.actions import request_refund
from webinars.models import Payment, Refund

from .conftest import a_seat, connection, payment_of, post, started

pytestmark = pytest.mark.django_db(transaction=True)
APPS = ("leads", "webinars", "integrations")
SECRET = re.compile(
    r"sandboxOfMagnetiq|(?:sk|rk)_(?:test|live)_|whsec_|_secret_|4242|visa|exp_month|last4", re.IGNORECASE
)


@pytest.fixture
def whole_story(stripe: Integration, peer: StripeSandbox) -> Payment:
    """A payment that was declined, then paid, told by events, compared, and sent back in part."""
    registration = a_seat()
    payment = started(registration)
    peer.pay(payment.provider_id, "pm_card_chargeDeclined")
    peer.pay(payment.provider_id)
    for event in peer.records("events"):
        body = json.dumps(event)
        post(body, library.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET))
    inbox.sweep()
    request_refund(payment_of(registration), reason=Refund.Reason.BY_OPERATOR)
    outbox.drain(integration="stripe")
    health.test(connection())
    StripeService(connection()).reconcile()
    return payment_of(registration)


def test_nothing_of_it_is_kept(whole_story: Payment) -> None:
    assert whole_story.status == "refunded"
    assert WebhookEvent.objects.count() >= 4

    kept = {
        f"{model._meta.label}.{name}: {value}"
        for label in APPS
        for model in apps.get_app_config(label).get_models()
        for row in model._base_manager.values()
        for name, value in row.items()
        if name != "secrets"
        and SECRET.search(re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?:pi|ch|re|evt|req)_\w{24,}", "", str(value)))
    }

    assert {line for line in kept if "publishable_key" not in line} == set()


def test_nothing_of_it_is_shown_to_operators(whole_story: Payment, stripe: Integration) -> None:
    operator = Client()
    operator.force_login(User.objects.create_superuser("ada"))
    event = WebhookEvent.objects.filter(type="payment_intent.succeeded").get()
    pages = [
        reverse("admin:integrations_integration_change", args=[stripe.pk]),
        reverse("admin:integrations_webhookevent_change", args=[event.pk]),
        reverse("admin:integrations_integrationlog_changelist"),
        reverse("admin:integrations_delivery_changelist"),
        reverse("admin:webinars_payment_change", args=[whole_story.pk]),
    ]

    for page in pages:
        shown = operator.get(page)
        assert shown.status_code == 200, page
        for secret in ("sk_test_", "whsec_s", "_secret_pi", "client_secret", "4242424242424242", "last4"):
            assert secret not in shown.text, (page, secret)


def test_compare_button_has_a_worker_read_the_payment(stripe: Integration, peer: StripeSandbox) -> None:
    operator = Client()
    operator.force_login(User.objects.create_superuser("ada"))
    registration = a_seat()
    payment = started(registration)
    peer.pay(payment.provider_id)

    operator.post(reverse("admin:webinars_payment_compare", args=[payment.pk]))
    outbox.drain(integration="stripe")

    assert payment_of(registration).status == "succeeded"
