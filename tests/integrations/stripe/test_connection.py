"""The test of a connection: who we are at Stripe, and whether what happens there reaches us."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone
from pydantic import ValidationError

from integrations import configuration, health
from integrations.models import Connection, Integration, WebhookEvent
from integrations.service import ConnectionReport, Mode
from integrations.stripe.sandbox import ACCOUNT, LIVE_PUBLISHABLE_KEY, LIVE_SECRET_KEY, StripeSandbox
from integrations.stripe.service import StripeService
from integrations.stripe.webhook import TYPES

from .conftest import a_seat, connect, connection, service, started

pytestmark = pytest.mark.django_db(transaction=True)
OUR_URL = "http://localhost:8000/webhooks/stripe/"
NO_ENDPOINT = f"Stripe knows no webhook endpoint for us. Add one for {OUR_URL} with these events: {', '.join(TYPES)}."


@pytest.fixture
def told(peer: StripeSandbox) -> None:
    """Stripe knows where we are, and what it would send there is kept back."""
    peer.add_endpoint(OUR_URL)
    peer.faults.set("webhook_drop")


def ask() -> ConnectionReport:
    return health.test(connection())


def test_report_says_who_we_are(stripe: Integration, told: None) -> None:
    report = ask()

    assert (report.problems, report.notes) == ([], [])
    assert report.facts["Account"].endswith(f"({ACCOUNT})")
    del report.facts["Account"]
    assert report.facts == {
        "Mode": "SANDBOX",
        "Currency": "EUR",
        "API version": "2026-10-28.endive",
        "Webhook endpoint": OUR_URL,
        "Last event here": "none yet",
    }


def test_last_event_is_told(stripe: Integration, told: None) -> None:
    row = {"integration": stripe, "event_id": "evt_1", "type": "payment_intent.succeeded"}
    WebhookEvent.objects.create(**row)

    assert ask().facts["Last event here"].startswith("payment_intent.succeeded, ")


def test_missing_endpoint_is_a_problem(stripe: Integration) -> None:
    assert ask().problems == [NO_ENDPOINT]


def test_endpoint_that_hears_too_little_is_a_problem(stripe: Integration, peer: StripeSandbox) -> None:
    peer.add_endpoint(OUR_URL, events=tuple(name for name in TYPES if "dispute" not in name))

    assert ask().problems == [
        "Stripe does not tell us of these events, add them to the endpoint: "
        "charge.dispute.created, charge.dispute.closed."
    ]


def test_endpoint_that_is_green_and_reaches_nobody_is_a_problem(
    stripe: Integration, peer: StripeSandbox, told: None
) -> None:
    peer.pay(started(a_seat()).provider_id)
    assert ask().problems == []  # it may be on its way

    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        (problem,) = ask().problems
        assert problem.startswith("Stripe has 1 recent event that never came here (the last: payment_intent.succeeded")

        for event in peer.records("events"):
            WebhookEvent.objects.create(integration=stripe, event_id=event["id"], type=event["type"])
        assert ask().problems == []


def test_wrong_key_is_said(stripe: Integration) -> None:
    configuration.configure(stripe, {"secret_key": "sk_test_wrong"})

    assert ask().problems == ["Stripe refuses the secret key."]
    assert connection().status == Connection.Status.MISCONFIGURED


def test_restricted_key_that_may_not_look_works_all_the_same(stripe: Integration, peer: StripeSandbox) -> None:
    peer.faults.set("forbid", call="webhook_endpoints.*")

    report = ask()

    assert report.ok
    assert "rak_webhook_endpoints_read" in report.notes[0]
    assert (connection().blocked, connection().status) == ([], Connection.Status.HEALTHY)


def test_restricted_key_without_the_account_names_the_permission(stripe: Integration, peer: StripeSandbox) -> None:
    peer.faults.set("forbid", call="account.*")

    assert "rak_account_read" in ask().problems[0]


@pytest.mark.parametrize(
    ("values", "production", "problem"),
    [
        ({}, False, ""),
        ({}, True, "This is a test key on a production site: people would get seats without paying."),
        (
            {"secret_key": LIVE_SECRET_KEY, "publishable_key": LIVE_PUBLISHABLE_KEY},
            False,
            "This is a live key, but this is no production site (DEBUG is on, or SITE_URL is not https).",
        ),
        ({"secret_key": LIVE_SECRET_KEY, "publishable_key": LIVE_PUBLISHABLE_KEY}, True, ""),
        (
            {"publishable_key": LIVE_PUBLISHABLE_KEY},
            False,
            "One key is for live mode, the other for test mode: they must be of the same.",
        ),
    ],
)
def test_keys_fit_each_other_and_the_place(
    stripe: Integration, peer: StripeSandbox, settings: Any, values: dict[str, str], production: bool, problem: str
) -> None:
    settings.SITE_URL = "https://firm.example" if production else "http://localhost:8000"
    live = values.get("secret_key") == LIVE_SECRET_KEY
    peer.add_endpoint(f"{settings.SITE_URL}/webhooks/stripe/", live=live)
    configuration.configure(stripe, values)

    assert ask().problems == ([problem] if problem else [])


def test_another_private_address_is_refused(stripe: Integration, settings: Any) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False

    assert ask().problems == ["The address is inside a private network, which is not allowed."]


def test_what_speaks_no_tls_is_said(db: None, peer: StripeSandbox) -> None:
    connect(peer, api_url=peer.url.replace("http://", "https://"))

    assert ask().problems == ["No secure connection: the certificate is not valid for this address."]


def test_key_that_no_header_can_carry_is_said(stripe: Integration) -> None:
    configuration.configure(stripe, {"secret_key": "sk_test_copied…with an ellipsis"})

    assert ask().problems == ["The secret key has characters that no key has: copy it again."]


def test_mode_is_told_by_key_and_address(db: None) -> None:
    def mode(**values: Any) -> Mode:
        given = {"webhook_secret": "whsec_1", "publishable_key": "pk_test_1", **values}
        return StripeService.mode_of(StripeService.settings_schema.model_validate(given))

    assert mode(secret_key="sk_test_1") == Mode.TEST
    assert mode(secret_key="rk_live_1") == Mode.LIVE
    assert mode(secret_key="sk_live_1", api_url="http://127.0.0.1:8073") == Mode.SANDBOX


@pytest.mark.parametrize(
    "values",
    [
        {"publishable_key": "sk_test_pasted"},
        {"api_url": "https://me:secret@api.stripe.com"},
        {"statement_descriptor": "<ads>"},
        {"statement_descriptor": "12345"},
        {"statement_descriptor": "x" * 23},
    ],
)
def test_settings_that_cannot_be_right_are_refused(stripe: Integration, values: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        configuration.configure(stripe, values)


def test_going_live_needs_live_keys_endpoint_stripes_script_and_a_seller(
    stripe: Integration, peer: StripeSandbox, settings: LazySettings
) -> None:
    settings.COMPANY_ADDRESS = []
    assert requirements() == [False, False, False, False, False]

    peer.add_endpoint(OUR_URL)
    ask()
    assert requirements() == [True, True, False, False, False]

    configuration.configure(stripe, {"secret_key": LIVE_SECRET_KEY, "publishable_key": LIVE_PUBLISHABLE_KEY})
    configuration.configure(stripe, {"js_url": "https://js.stripe.com/endive/stripe.js"})
    assert requirements() == [True, True, True, True, False]

    settings.COMPANY_ADDRESS = ["Magnetiq Ltd", "1 Main Street"]
    assert requirements() == [True, True, True, True, True]


def requirements() -> list[bool]:
    return [requirement.met for requirement in service().requirements()]
