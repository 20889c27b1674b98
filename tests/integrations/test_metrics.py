"""/metrics: what it says, to whom, and that docs/metrics.md and deploy/alerts.yml speak of nothing else."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from integrations import gate, incidents, load
from integrations.models import Connection, Heartbeat, HourlyStat, WebhookEvent
from tests.factories import LeadFactory
from tests.integrations.admin.conftest import a_delivery, queries
from tests.integrations.api.conftest import a_token
from tests.postbox.service import PostboxService

ROOT = Path(__file__).parent.parent.parent
NAME = re.compile(r"\bmagnetiq_\w+")
OF_ANY_TARGET = {"up"}  # what Prometheus itself knows of whom it asks
Labels = dict[str, str]

pytestmark = pytest.mark.django_db


@pytest.fixture
def prometheus() -> Client:
    cache.clear()  # nobody is throttled for what another test asked
    _token, value = a_token(User.objects.create_superuser("ada"), "read")
    return Client(headers={"authorization": f"Bearer {value}"})


@pytest.fixture
def busy(connection: Connection) -> Connection:
    """Something to tell of everything."""
    now, integration = timezone.now(), connection.integration
    for number, milliseconds in enumerate([40, 90, 700, 40_000]):
        gate.count(integration.pk, "post_letters", now, failed=number == 3, milliseconds=milliseconds)
    for state, days in (("pending", 0), ("pending", 1), ("dead", 0)):
        at = now - timedelta(days=days)
        a_delivery(connection, LeadFactory(), PostboxService.post_letters, state=state, created_at=at)
    arrived = a_delivery(connection, LeadFactory(), PostboxService.post_letters, state="delivered")
    arrived.tries.create(number=1, at=now, duration_ms=40, outcome="delivered")
    load.measure()
    WebhookEvent.objects.create(integration=integration, event_id="1", state="failed")
    Connection.objects.filter(pk=connection.pk).update(expires_at=now + timedelta(days=7), status="healthy")
    Heartbeat.beat("fast")
    return connection


def exported(client: Client) -> dict[str, Any]:
    """{name: family}, as a monitoring system reads it."""
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.content
    return {family.name: family for family in text_string_to_metric_families(answer.content.decode())}


def values(families: dict[str, Any], name: str, /, **labels: str) -> list[float]:
    samples = [sample for family in families.values() for sample in family.samples if sample.name == name]
    return [sample.value for sample in samples if labels.items() <= sample.labels.items()]


def labels_of(families: dict[str, Any]) -> dict[str, set[str]]:
    """{name of a sample: its labels}."""
    return {sample.name: set(sample.labels) for family in families.values() for sample in family.samples}


def test_tells_how_things_stand(prometheus: Client, busy: Connection) -> None:
    found = exported(prometheus)

    def of(name: str, **labels: str) -> list[float]:
        return values(found, f"magnetiq_{name}", integration="postbox", **labels)

    assert of("calls_total", operation="post_letters", outcome="ok") == [3]
    assert of("calls_total", operation="post_letters", outcome="error") == [1]
    assert [of("call_duration_seconds_bucket", le=le) for le in ("0.1", "1.0", "25.0", "+Inf")] == [[2], [3], [3], [4]]
    assert of("call_duration_seconds_sum") == [pytest.approx(40.83)]
    assert (of("deliveries_waiting"), of("deliveries_dead"), of("delivered_total")) == ([2], [1], [1])
    assert of("delivery_oldest_seconds") == [pytest.approx(86_400, abs=60)]
    assert of("webhooks_failed") == [1]
    assert (of("integration_state", state="degraded"), of("integration_state", state="paused")) == ([1], [0])
    assert values(found, "magnetiq_last_seen_timestamp_seconds", name="beat") == [0]


def test_documentation_names_each_metric_its_type_and_labels(prometheus: Client, busy: Connection) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE)
    documented = {(name, kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}

    families = exported(prometheus)

    told = set()
    for family in families.values():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        told.add((name, family.type, frozenset(set().union(*(sample.labels for sample in family.samples)) - {"le"})))
    assert documented == told


def test_alert_rules_use_only_names_and_labels_that_are_exported(prometheus: Client, busy: Connection) -> None:
    families = exported(prometheus)
    known = labels_of(families)
    (group,) = yaml.safe_load((ROOT / "deploy/alerts.yml").read_text())["groups"]

    for rule in group["rules"]:
        asked = NAME.findall(rule["expr"]) or OF_ANY_TARGET
        assert set(asked) <= {*known, *OF_ANY_TARGET}, rule["alert"]
        for name, matchers in re.findall(r"(magnetiq_\w+)\{(.*?)\}", rule["expr"]):
            for label, value in re.findall(r'(\w+)="(.*?)"', matchers):
                assert values(families, name, **{label: value}), (rule["alert"], label, value)
        grouped = {label for by in re.findall(r"by \((.*?)\)", rule["expr"]) for label in by.split(", ")}
        shown = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        there = set.union(*(known.get(name, {"job"}) for name in asked))
        assert grouped | shown <= there, rule["alert"]
        assert rule["annotations"].keys() == {"summary", "description"}
    assert {name for rule in group["rules"] for name in NAME.findall(rule["expr"])} - known.keys() == set()


def test_is_for_operators_only(client: Client, prometheus: Client, busy: Connection) -> None:
    guest = User.objects.create_user("bob", is_staff=True)
    _token, value = a_token(guest, "read")

    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer mgq_wrong"}).status_code == 401
    assert client.get("/metrics", headers={"authorization": f"Bearer {value}"}).status_code == 403
    assert prometheus.post("/metrics").status_code == 405
    client.force_login(User.objects.get(username="ada"))
    assert client.get("/metrics")["Content-Type"].startswith("text/plain; version=")


def test_takes_as_many_queries_whatever_there_is(prometheus: Client, busy: Connection) -> None:
    for_few = queries(prometheus, "/metrics")
    for n in range(20):
        at = timezone.now().replace(minute=0, second=0, microsecond=0)
        HourlyStat.objects.create(integration=busy.integration, operation=f"call {n}", hour=at, calls=1)
        incidents.report(busy, incidents.OUTAGE, LeadFactory(), "It does not answer.")

    assert queries(prometheus, "/metrics") == for_few
