"""No card data, no key and no client secret in what we keep, log or show to operators."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe as library
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations import health, inbox, outbox
from integrations.models import Integration, WebhookEvent
from integrations.stripe.sandbox import WEBHOOK_SECRET, StripeSandbox
from integrations.stripe.sandbox.instruments import CARDS
from integrations.stripe.service import StripeService
from tests.planted import Lines
from webinars import links
from webinars.actions import request_refund
from webinars.models import Payment, Refund

from .conftest import a_seat, connection, payment_of, post, started

pytestmark = pytest.mark.django_db(transaction=True)
APPS = ("leads", "webinars", "integrations")
SECRET = re.compile(
    r"sandboxOfMagnetiq|(?:sk|rk)_(?:test|live)_|whsec_|_secret_|4242|visa|exp_month|last4", re.IGNORECASE
)

LEAKED = re.compile(r"sandboxOfMagnetiq|client_secret|_secret_|whsec_|\b4\d{15}\b|exp_month|last4|fingerprint")
ROOT = Path(settings.BASE_DIR)
KEY = re.compile(
    r"\b(?:sk|rk)_(?:live|test)_(?!sandboxOf)\w{24,}|\bwhsec_(?!sandboxOf)\w{24,}|\bpi_\w{20,}_secret_\w{20,}"
)
KNOWN = ("sk_test_wrongOneThatStripeQuotes", "whsec_MfKQ9r8G")  # no key; the one in Standard Webhooks' own example
DIGITS = re.compile(r"(?<![\w.-])[3-6]\d{14,15}(?![\w.-])")


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


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """What production would write from here on, as talkative as can be."""
    handler, loggers = Lines(tmp_path / "log"), [logging.getLogger(name) for name in ("", "django")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield tmp_path / "log"
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)
    handler.close()


def test_nothing_of_it_is_logged(stripe: Integration, peer: StripeSandbox, log: Path) -> None:
    """From the page to the refund, with a decline, a forged event, and the way back that has the secret in it."""
    registration = a_seat()
    page, visitor = links.pay(registration), Client()
    visitor.get(page)
    secret = visitor.post(f"{page}start/").json()["secret"]
    payment = payment_of(registration)
    peer.pay(payment.provider_id, "pm_card_chargeDeclined")
    peer.pay(payment.provider_id)
    visitor.get(page, {"payment_intent": payment.provider_id, "payment_intent_client_secret": secret})
    visitor.get(page.replace("pay", "nowhere"), {"payment_intent_client_secret": secret})
    for event in peer.records("events"):
        body = json.dumps(event)
        for key in (WEBHOOK_SECRET, "whsec_forged"):
            post(body, library.WebhookSignature.generate_signature_header(body, key))
    inbox.sweep()
    request_refund(payment_of(registration), reason=Refund.Reason.BY_OPERATOR)
    outbox.drain(integration="stripe")
    health.test(connection())
    peer.faults.set("status", 401, times=1)
    health.test(connection())
    StripeService(connection()).reconcile()

    said = log.read_text()
    assert payment_of(registration).status == "refunded"
    assert said.count('"integration": "stripe"') > 5
    assert [line for line in said.splitlines() if secret in line or LEAKED.search(line)] == []


def test_no_file_of_ours_holds_a_key_or_a_card() -> None:
    """But those of the stand-in, and the cards that Stripe gives everybody for tests."""
    kinds = {".py", ".md", ".html", ".js", ".json", ".txt", ".po", ".yaml", ".toml", ".example"}
    folders = ("docs", "integrations", "leads", "locale", "magnetiq", "templates", "tests", "webinars")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.suffix in kinds]
    found = [
        f"{file.relative_to(ROOT)}: {hit}"
        for file in [*files, *ROOT.glob("*.md"), ROOT / ".env.example"]
        for hit in secrets_in(file.read_text())
    ]

    assert len(files) > 500
    assert found == []


def secrets_in(text: str) -> list[str]:
    return [*filter(is_secret, KEY.findall(text)), *filter(is_card, DIGITS.findall(text))]


def is_secret(key: str) -> bool:
    return not key.startswith(KNOWN)


def test_that_search_finds_what_there_is_to_find() -> None:
    key, card = "sk_live_" + "a" * 24, "40128888" + "88881881"

    assert secrets_in(f"{key} {card} 4242424242424242 4111111111111112") == [key, card]


def is_card(digits: str) -> bool:
    """By its check digit: every other one from the right counts twice."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return digits not in {*CARDS, "4111111111111111"} and sum(n - 9 * (n > 9) for n in doubled) % 10 == 0


def test_compare_button_has_a_worker_read_the_payment(stripe: Integration, peer: StripeSandbox) -> None:
    operator = Client()
    operator.force_login(User.objects.create_superuser("ada"))
    registration = a_seat()
    payment = started(registration)
    peer.pay(payment.provider_id)

    operator.post(reverse("admin:webinars_payment_compare", args=[payment.pk]))
    outbox.drain(integration="stripe")

    assert payment_of(registration).status == "succeeded"
