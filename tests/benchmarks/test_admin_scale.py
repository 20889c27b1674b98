"""The operator's pages with a month of a busy installation: a million log rows, a hundred thousand deliveries."""

import statistics
import timeit
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.models import Connection, Delivery, Integration, IntegrationLog, WebhookEvent
from tests.factories import RegistrationFactory, SessionFactory

pytestmark = pytest.mark.django_db(transaction=True)
MOST_QUERIES, MOST_GROWTH = 40, 5
MOST_MILLISECONDS = 200

# %(n)s rows each, as old as a month, the oldest with the lowest id. Every hundredth is in some way remarkable.
LEADS = """
INSERT INTO leads_lead (uuid, email, name, name_is_guess, phone, company, website, job_title, language, status,
    marketing_consent, first_seen_at, last_seen_at, created_at, updated_at)
SELECT gen_random_uuid(), 'filled-' || i || '@client.example', 'Person ' || i, false, '', 'Client ' || i %% 500, '',
    '', 'en', 'new', i %% 3 = 0, now(), now(), now(), now()
FROM generate_series(1, %(n)s) i
"""
LOG = """
INSERT INTO integrations_integrationlog (integration_id, connection_id, operation, status, error_kind, started_at,
    duration_ms, trigger, actor_id, size, message, metadata)
SELECT %(integration)s, %(connection)s,
    CASE WHEN i %% 100 = 7 THEN 'test_connection' WHEN i %% 1000 = 8 THEN 'config_updated' ELSE 'push_leads' END,
    CASE WHEN i %% 33 = 0 THEN 'error' ELSE 'ok' END,
    CASE WHEN i %% 33 <> 0 THEN '' WHEN i %% 66 = 0 THEN 'unavailable' WHEN i %% 99 = 0 THEN 'rejected'
        ELSE 'ambiguous' END,
    now() - interval '30 days' * (1 - i::float / %(n)s),
    CASE WHEN i %% 2000 = 0 THEN 9000 WHEN i %% 50 = 0 THEN 1500 ELSE 40 + i %% 400 END,
    CASE WHEN i %% 500 = 0 THEN 'admin' WHEN i %% 100 = 7 THEN 'beat' ELSE 'delivery' END,
    CASE WHEN i %% 500 = 0 THEN %(user)s END, 1 + i %% 200, '', '{}'
FROM generate_series(1, %(n)s) i
"""
DELIVERIES = """
INSERT INTO integrations_delivery (key, integration_id, connection_id, operation, subject_type, subject_id, priority,
    version, state, failures, crashes, attempts, due_at, error_kind, error, created_at, settled_at)
SELECT 'filled:' || i, %(integration)s, %(connection)s, 'push_leads', 'leads.lead', i, 10, 1, state, 0, 0, 1,
    created_at, CASE WHEN state = 'dead' THEN 'rejected' ELSE '' END, '', created_at,
    CASE WHEN state NOT IN ('pending', 'in_flight') THEN created_at END
FROM (SELECT i, now() - interval '30 days' * (1 - i::float / %(n)s) AS created_at,
    CASE WHEN i %% 50 = 0 THEN 'dead' WHEN i %% 20 = 1 THEN 'pending' WHEN i %% 500 = 2 THEN 'in_flight'
        WHEN i %% 100 = 3 THEN 'cancelled' WHEN i %% 200 = 4 THEN 'expired' ELSE 'delivered' END AS state
    FROM generate_series(1, %(n)s) i) rows
"""
ATTEMPTS = """
INSERT INTO integrations_attempt (delivery_id, number, at, duration_ms, outcome, error, log_id)
SELECT d.id, number, d.created_at, 70, 'delivered', '', NULL
FROM integrations_delivery d, generate_series(1, 2) number
"""
EVENTS = """
INSERT INTO integrations_webhookevent (integration_id, event_id, type, payload, state, attempts, error, received_at,
    due_at)
SELECT integration_id, 'filled-' || i, 'lead.' || i %% 9, payload,
    CASE WHEN i %% 200 = 0 THEN 'failed' WHEN i %% 300 = 1 THEN 'received' ELSE 'processed' END, 1, '',
    now() - interval '90 days' * (1 - i::float / %(n)s), now()
FROM integrations_webhookevent, generate_series(1, %(n)s) i WHERE event_id = 'first'
"""
HOURS = """
INSERT INTO integrations_hourlystat (integration_id, operation, hour, calls, errors, duration_ms, buckets)
SELECT %(integration)s, 'push_leads', date_trunc('hour', now()) - interval '1 hour' * i, 1400, i %% 50, 100000,
    array_fill(0, ARRAY[10]) || ARRAY[1350, 50] || array_fill(0, ARRAY[30])
FROM generate_series(0, %(n)s - 1) i
"""


def fill(*, calls: int, rows: int, hours: int) -> None:
    connection = Connection.objects.select_related("integration").get(integration__slug="odoo", owner="")
    WebhookEvent.objects.create(integration=connection.integration, event_id="first", type="lead.0")
    ids = {"integration": connection.integration_id, "connection": connection.pk, "user": User.objects.get().pk}
    numbers = {LEADS: rows, LOG: calls, DELIVERIES: rows, ATTEMPTS: rows, EVENTS: rows, HOURS: hours}
    with database.cursor() as cursor:
        for statement, number in numbers.items():
            cursor.execute(statement, {**ids, "n": number})
        cursor.execute("VACUUM ANALYZE")


def empty() -> None:
    tables = ("leads_lead", "integrations_integrationlog", "integrations_delivery", "integrations_attempt",
              "integrations_webhookevent", "integrations_hourlystat")  # fmt: skip
    with database.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")


def addresses() -> Iterator[tuple[str, str]]:
    """(what, address) of every page that an operator opens."""
    filters = {
        "leads.lead": [],
        "integrations.delivery": [
            *(f"state__exact={state}" for state in ("waiting", *Delivery.State.values)),
            *(f"age={age}" for age in ("minute", "quarter", "hour", "day", "older")),
            "state__exact=waiting&age=older", "error_kind=rejected", "operation=push_leads", "operation=none",
            "state__exact=dead&error_kind=rejected&operation=push_leads", "q=77", "q=filled:77", "p=2", "p=200",
        ],
        "integrations.integrationlog": [
            "period=hour", "period=day", "period=week", "status__exact=ok", "status__exact=error",
            "error_kind=unavailable", "error_kind=bug", "slow=1", "slow=5", "slow=5&period=day",
            "operation=push_leads", "operation=test_connection", "operation=config_updated", "operation=none",
            "operation=push_leads&status__exact=error", "operation=push_leads&error_kind=rejected&period=day",
            "operation=test_connection&slow=1", "trigger=beat", "trigger=admin", "trigger=api",
            "actor__id__exact={user}", "actor__id__exact={user}&status__exact=error",
            "integration__id__exact={odoo}", "integration__id__exact={odoo}&status__exact=error",
            "integration__id__exact={odoo}&error_kind=rejected", "p=2", "p=200",
        ],
        "integrations.webhookevent": ["state__exact=failed", "state__exact=received", "type=lead.1", "age=day", "p=2"],
        "integrations.run": [],
    }  # fmt: skip
    ids = {"user": User.objects.get().pk, "odoo": Integration.objects.get(slug="odoo").pk}
    yield "dashboard", reverse("admin:index")
    yield "page of an integration", reverse("admin:integrations_integration_change", args=[ids["odoo"]])
    yield "figures of a day", reverse("admin:integrations_integration_figures")
    yield "figures of a month", reverse("admin:integrations_integration_figures") + "?period=month"
    yield "kept data", reverse("admin:integrations_integration_kept_data")
    yield "replay everything dead", reverse("admin:integrations_delivery_replay_dead")
    for model, queries in {"integrations.integration": [], **filters}.items():
        for query in ["", *queries]:
            name = model.rpartition(".")[2]
            address = reverse(f"admin:{model.replace('.', '_')}_changelist")
            yield f"{name} {query}".strip().format(**ids), f"{address}?{query}".format(**ids)


def measured(client: Client, address: str) -> tuple[int, float]:
    """Queries and milliseconds (the median of five) of a page."""

    def get() -> None:
        assert client.get(address).status_code == 200, address

    get()
    with CaptureQueriesContext(database) as statements:
        get()
    return len(statements), 1000 * statistics.median(timeit.repeat(get, number=1, repeat=5))


@pytest.mark.bench
def test_first_pages_answer_at_once_with_a_million_calls_logged() -> None:
    """What an operator opens first; the lists with each of their filters are the next test's."""
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    everything = dict(addresses())
    pages = [*list(everything)[:5], "delivery", "integrationlog"]
    for session in SessionFactory.create_batch(8, starts_at=timezone.now() + timedelta(days=2)):
        RegistrationFactory.create_batch(5, session=session)
    fill(calls=1_000_000, rows=20_000, hours=720)

    taken = {what: measured(client, everything[what]) for what in pages}

    print("\n1,000,000 log rows:", {what: f"{n} queries, {ms:.0f} ms" for what, (n, ms) in taken.items()})  # noqa: T201
    assert IntegrationLog.objects.count() == 1_000_000
    assert max(queries for queries, _taken in taken.values()) <= MOST_QUERIES
    assert [what for what, (_queries, milliseconds) in taken.items() if milliseconds > MOST_MILLISECONDS] == []


@pytest.mark.soak
def test_no_page_takes_longer_with_a_million_rows() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    pages = dict(addresses())
    fill(calls=10_000, rows=10_000, hours=24)
    few = {what: measured(client, address) for what, address in pages.items()}
    empty()

    fill(calls=1_000_000, rows=100_000, hours=720)
    many = {what: measured(client, address) for what, address in pages.items()}

    assert IntegrationLog.objects.count() == 1_000_000
    print("\n                                                           10,000 rows     |  1,000,000 rows")  # noqa: T201
    for what, (queries, taken) in many.items():
        was_queries, was = few[what]
        print(f"{what:<58}{was_queries:4} {was:8.1f} ms | {queries:4} {taken:8.1f} ms {taken / was:5.1f} x")  # noqa: T201
    assert max(queries for queries, _taken in many.values()) <= MOST_QUERIES
    assert [what for what, (_queries, taken) in many.items() if taken > MOST_GROWTH * few[what][1]] == []
