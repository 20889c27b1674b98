"""Events of Stripe: the whole way to the acknowledgement, beside a bare view that verifies and inserts."""

import hmac
import json
import statistics
import time
from collections.abc import Callable
from hashlib import sha256

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from integrations import configuration
from integrations.models import Integration, WebhookEvent
from magnetiq.urls import urlpatterns as ours

from .report import tell, timed

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]
NUMBER, ROUNDS = 1_000, 3
SECRET = "whsec_ofTheBenchmark"
OURS: list[int] = []  # the integration's id, which the bare view need not ask for
SETTINGS = {
    "secret_key": "sk_test_ofTheBenchmark",
    "publishable_key": "pk_test_ofTheBenchmark",
    "webhook_secret": SECRET,
}


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """What nobody can do without: the signature, and one row. No settings are read, and no worker is told."""
    moment, _, signature = request.headers["Stripe-Signature"].partition(",v1=")
    signed = hmac.new(SECRET.encode(), f"{moment[2:]}.".encode() + request.body, sha256).hexdigest()
    if not hmac.compare_digest(signed, signature):
        return HttpResponse(status=400)
    event = json.loads(request.body)
    row = WebhookEvent(integration_id=OURS[0], event_id=event["id"], type=event["type"], payload={"id": event["id"]})
    WebhookEvent.objects.bulk_create([row], ignore_conflicts=True)
    return HttpResponse()


urlpatterns = [path("bare/", bare), *ours]


def an_event(number: int) -> tuple[bytes, str]:
    """As large as one of Stripe's, and its signature."""
    thing = {"object": "payment_intent", "id": f"pi_{number}", "metadata": {"payment": "0" * 36}, "rest": "x" * 2_000}
    event = {"id": f"evt_{number}", "object": "event", "type": "payment_intent.succeeded", "livemode": False}
    body = json.dumps({**event, "data": {"object": thing}}).encode()
    now = int(time.time())
    return body, f"t={now},v1={hmac.new(SECRET.encode(), f'{now}.'.encode() + body, sha256).hexdigest()}"


def take(url: str) -> tuple[float, list[float]]:
    """Seconds for all, and for each."""
    WebhookEvent.objects.all().delete()
    events = [an_event(number) for number in range(NUMBER)]
    client, each = Client(), []
    with timed() as clock:
        for body, signature in events:
            began = time.perf_counter()
            response = client.post(url, body, content_type="application/json", headers={"Stripe-Signature": signature})
            each.append(time.perf_counter() - began)
            assert response.status_code == 200
    assert WebhookEvent.objects.count() == NUMBER
    return clock.seconds, each


def best(url: str) -> tuple[float, list[float]]:
    by_seconds: Callable[[tuple[float, list[float]]], float] = lambda found: found[0]  # noqa: E731
    return min((take(url) for _ in range(ROUNDS)), key=by_seconds)


@override_settings(ROOT_URLCONF="tests.benchmarks.test_webhooks")
def test_webhook_is_at_least_half_as_fast_as_a_bare_view() -> None:
    integration = Integration.objects.get(slug="stripe")
    configuration.configure(integration, SETTINGS)
    configuration.set_enabled(integration, True)
    OURS[:] = [integration.pk]

    (whole, each), (floor, floors) = best("/webhooks/stripe/"), best("/bare/")

    tell("Events of Stripe", NUMBER, the_whole_way=whole, a_bare_view_that_verifies_and_inserts=floor)
    print(f"  p99 {p99(each):.1f} ms, of the bare view {p99(floors):.1f} ms")  # noqa: T201
    assert floor / whole >= 0.5


def p99(seconds: list[float]) -> float:
    """In milliseconds."""
    return statistics.quantiles(seconds, n=100)[-1] * 1000
