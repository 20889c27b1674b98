"""What a monitoring system reads under /metrics; docs/metrics.md tells of each name.

Read from the database when somebody asks, so that every process answers alike and none has to remember anything.
"""

from collections.abc import Iterator

from django.db.models import Count, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from . import durations, figures, health, load, verdicts
from .models import HourlyLoad, HourlyStat, Incident
from .situation import Situation

# Milliseconds; few of the bounds that we count by, as each is a series of its own over there.
BOUNDS = [100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 100_000]


def text() -> bytes:
    """All of it, in Prometheus' format."""
    registry = CollectorRegistry()
    registry.register(OfTheDatabase())
    return generate_latest(registry)


class OfTheDatabase(Collector):
    def collect(self) -> Iterator[Metric]:
        now = Situation()
        slugs = {row.integration_id: row.integration.slug for row in now.own}
        yield from calls(slugs)
        yield from durations_of_calls(slugs)
        yield from deliveries(slugs)
        yield from states(now, slugs)
        yield from needs(now, slugs)

    def describe(self) -> list[Metric]:
        """Nothing: registering would else read the database once more."""
        return []


Slugs = dict[int, str]  # {id of an integration: its slug}


def calls(slugs: Slugs) -> Iterator[Metric]:
    family = CounterMetricFamily(
        "magnetiq_calls", "Calls to other systems.", labels=["integration", "operation", "outcome"]
    )
    rows = HourlyStat.objects.filter(integration__in=list(slugs)).order_by("integration", "operation")
    sums = rows.values_list("integration", "operation").annotate(n=Sum("calls"), failed=Sum("errors"))
    for integration, operation, n, failed in sums:
        family.add_metric([slugs[integration], operation, "ok"], n - failed)
        family.add_metric([slugs[integration], operation, "error"], failed)
    yield family


def durations_of_calls(slugs: Slugs) -> Iterator[Metric]:
    family = HistogramMetricFamily(
        "magnetiq_call_duration_seconds", "How long calls to other systems took.", labels=["integration"]
    )
    rows = HourlyStat.objects.filter(integration__in=list(slugs))
    spent = dict(rows.order_by().values_list("integration").annotate(Sum("duration_ms")))
    for integration, *sums in figures.summed(rows, "integration"):
        _calls, _errors, took = figures.counted(sums)
        buckets = [(str(bound / 1000), durations.at_most(took, bound)) for bound in BOUNDS]
        family.add_metric([slugs[integration]], [*buckets, ("+Inf", sum(took))], spent[integration] / 1000)
    yield family


def deliveries(slugs: Slugs) -> Iterator[Metric]:
    delivered = CounterMetricFamily("magnetiq_delivered", "Deliveries that arrived.", labels=["integration"])
    waiting = GaugeMetricFamily("magnetiq_deliveries_waiting", "Deliveries on their way.", labels=["integration"])
    dead = GaugeMetricFamily("magnetiq_deliveries_dead", "Deliveries given up, for a human.", labels=["integration"])
    oldest = GaugeMetricFamily(
        "magnetiq_delivery_oldest_seconds", "Age of what has waited longest; 0 of nothing.", labels=["integration"]
    )
    arrived = dict(HourlyLoad.objects.order_by().values_list("integration").annotate(Sum("delivered")))
    open_now, now = load.standing(), timezone.now()
    for integration, slug in slugs.items():
        found = open_now.get(integration, {})
        since = found.get("oldest_waiting_at")
        delivered.add_metric([slug], arrived.get(integration, 0))
        waiting.add_metric([slug], found.get("waiting", 0))
        dead.add_metric([slug], found.get("dead", 0))
        oldest.add_metric([slug], (now - since).total_seconds() if since else 0)
    yield from (delivered, waiting, dead, oldest)


def states(now: Situation, slugs: Slugs) -> Iterator[Metric]:
    state = GaugeMetricFamily(
        "magnetiq_integration_state", "1 for the state that an integration is in.", labels=["integration", "state"]
    )
    found = verdicts.all_of(now)
    for integration, slug in slugs.items():
        current = found[integration].state
        for one in health.HealthState:
            state.add_metric([slug, one.value], float(one == current))
    seen = GaugeMetricFamily(
        "magnetiq_last_seen_timestamp_seconds", "When a queue's worker, or beat, was last alive.", labels=["name"]
    )
    for name in ("fast", "bulk", "beat"):
        at = now.heartbeats.get(name)
        seen.add_metric([name], at.timestamp() if at else 0)
    yield from (state, seen)


def needs(now: Situation, slugs: Slugs) -> Iterator[Metric]:
    expiry = GaugeMetricFamily(
        "magnetiq_credentials_expire_timestamp_seconds",
        "When credentials end, where that is known; the account is empty of the integration's own.",
        labels=["integration", "account"],
    )
    for row in now.connections:
        if row.expires_at and row.integration.enabled:
            expiry.add_metric([slugs[row.integration_id], row.owner], row.expires_at.timestamp())
    failed = dict(now.failed_events)
    webhooks = GaugeMetricFamily("magnetiq_webhooks_failed", "Webhooks for a human.", labels=["integration"])
    incidents = GaugeMetricFamily("magnetiq_incidents_open", "Troubles not over.", labels=["integration"])
    rows = Incident.objects.open().order_by().values_list("connection__integration")
    opened = dict(rows.annotate(Count("pk")))
    for integration, slug in slugs.items():
        webhooks.add_metric([slug], failed.get(integration, 0))
        incidents.add_metric([slug], opened.get(integration, 0))
    late = GaugeMetricFamily("magnetiq_erasures_late", "People not yet forgotten everywhere.", value=now.late_erasures)
    yield from (expiry, webhooks, incidents, late)
