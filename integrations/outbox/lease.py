"""Claim rows, settle them, take them back: three statements, none of them per row.

A claim gives rows a lease (uuid). Only who still holds it can settle; who lost it settles nothing.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError
from django.db import connection as database
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from integrations.models import Connection
from integrations.models.delivery import ONCE

CRASHES_BEFORE_DEATH = 6  # the first may be a neighbour's fault, five more happened alone

# The WITH is looked at once. As a sub-select, a nested loop would look again for every row and pass the LIMIT.
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id FROM integrations_delivery
    WHERE connection_id = %(connection)s AND operation = %(operation)s AND state = 'pending'
        AND due_at <= %(now)s AND (expires_at IS NULL OR expires_at > %(now)s) AND {suspicion}
    ORDER BY priority, due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
UPDATE integrations_delivery d SET state = 'in_flight', lease = %(lease)s, leased_until = %(until)s
FROM due WHERE d.id = due.id
RETURNING d.id, d.version, d.failures, d.subject_type, d.subject_id, d.key
"""
# Most operations are idle at most times: one look at the claims' index tells for all of them.
_WITH_WORK = """
SELECT o.place - 1, c.id
FROM unnest(%(integrations)s::text[], %(operations)s::text[]) WITH ORDINALITY AS o(integration, operation, place)
JOIN integrations_integration i ON i.slug = o.integration
JOIN integrations_connection c ON c.integration_id = i.id AND c.removed_at IS NULL
WHERE EXISTS (SELECT FROM integrations_delivery d
    WHERE d.connection_id = c.id AND d.operation = o.operation AND d.state = 'pending' AND d.due_at <= %(now)s)
ORDER BY o.place, c.id
"""
_SETTLE = """
WITH outcome AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(versions)s::int[], %(states)s::text[], %(due)s::timestamptz[],
        %(failures)s::int[], %(kinds)s::text[], %(errors)s::text[])
        AS o(id, version, state, due_at, failures, error_kind, error)
), held AS (
    SELECT d.id FROM integrations_delivery d JOIN outcome USING (id)
    WHERE d.lease = %(lease)s ORDER BY d.key FOR UPDATE OF d
), settled AS (
    UPDATE integrations_delivery d SET
        state = CASE WHEN d.version > o.version THEN 'pending' ELSE o.state END,
        due_at = CASE WHEN d.version > o.version THEN %(now)s ELSE o.due_at END,
        failures = CASE WHEN d.version > o.version THEN 0 ELSE o.failures END,
        settled_at = CASE WHEN d.version > o.version OR o.state = 'pending' THEN NULL ELSE %(now)s END,
        crashes = d.crashes * (1 - %(tried)s), attempts = d.attempts + %(tried)s, lease = NULL, leased_until = NULL,
        error_kind = o.error_kind, error = o.error
    FROM outcome o JOIN held USING (id) WHERE d.id = o.id
    RETURNING d.id, d.attempts
)
"""
_WITH_ATTEMPTS = """
INSERT INTO integrations_attempt (delivery_id, number, at, duration_ms, outcome, error, log_id)
SELECT id, settled.attempts, %(started)s, %(duration)s, coalesce(nullif(error_kind, ''), 'delivered'), error, %(log)s
FROM settled JOIN outcome USING (id)
"""
_COUNT = "SELECT id FROM settled"
_REAP = """
WITH lost AS (
    SELECT id FROM integrations_delivery WHERE state = 'in_flight' AND leased_until < %(now)s
    ORDER BY key FOR UPDATE SKIP LOCKED
), reaped AS (
    UPDATE integrations_delivery d SET
        state = CASE WHEN d.crashes + 1 >= %(most)s THEN 'dead' ELSE 'pending' END,
        settled_at = CASE WHEN d.crashes + 1 >= %(most)s THEN %(now)s END,
        error_kind = 'bug', error = %(reason)s,
        crashes = d.crashes + 1, attempts = d.attempts + 1, due_at = %(now)s, lease = NULL, leased_until = NULL
    FROM lost WHERE d.id = lost.id
    RETURNING d.id, d.attempts
)
INSERT INTO integrations_attempt (delivery_id, number, at, duration_ms, outcome, error, log_id)
SELECT id, attempts, %(now)s, 0, 'bug', %(reason)s, NULL FROM reaped
"""


@dataclass(slots=True)
class Claimed:
    """A row in our hands: what it stood at when we took it."""

    id: int
    version: int
    failures: int
    subject_type: str
    subject_id: int
    key: str

    @property
    def occasion(self) -> str:
        return self.key.partition(ONCE)[2]


@dataclass(slots=True)
class Settlement:
    """What becomes of a claimed row."""

    claimed: Claimed
    state: str
    due_at: datetime
    failures: int
    error_kind: str = ""
    error: str = ""


@dataclass(slots=True)
class Lease:
    """The rows of one batch, held until `until`."""

    id: uuid.UUID
    until: datetime
    rows: list[Claimed]


def with_work(operations: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
    """Where something is due of operations, given as (slug, name): (place in that sequence, id of a connection)."""
    parameters: dict[str, Any] = {
        "integrations": [slug for slug, _name in operations],
        "operations": [name for _slug, name in operations],
        "now": timezone.now(),
    }
    with database.cursor() as cursor:
        cursor.execute(_WITH_WORK, parameters)
        found: list[tuple[int, int]] = cursor.fetchall()
    return found


def claim(connection: Connection, operation: str, *, limit: int, seconds: int, suspects: bool = False) -> Lease:
    """Take up to `limit` due rows. A row that a worker crashed over is a suspect, and is only taken alone."""
    now = timezone.now()
    lease = Lease(uuid.uuid4(), now + timedelta(seconds=seconds), [])
    statement = _CLAIM.format(suspicion="crashes > 0" if suspects else "crashes = 0")
    parameters: dict[str, Any] = {
        "lease": lease.id,
        "until": lease.until,
        "now": now,
        "connection": connection.pk,
        "operation": operation,
        "limit": 1 if suspects else limit,
    }
    with database.cursor() as cursor:
        cursor.execute(statement, parameters)
        lease.rows = [Claimed(*row) for row in cursor.fetchall()]
    return lease


def settle(
    lease: Lease,
    settlements: Sequence[Settlement],
    *,
    started_at: datetime,
    duration: float,
    log_id: int | None = None,
    tried: bool = True,
) -> int:
    """Write outcomes and attempts of rows that the lease still holds; returns how many those were.

    `tried=False` gives rows back as they were, with no attempt; whom a worker died over stays a suspect.
    """
    parameters: dict[str, Any] = {
        "ids": [s.claimed.id for s in settlements],
        "versions": [s.claimed.version for s in settlements],
        "states": [s.state for s in settlements],
        "due": [s.due_at for s in settlements],
        "failures": [s.failures for s in settlements],
        "kinds": [s.error_kind for s in settlements],
        "errors": [s.error for s in settlements],
        "lease": lease.id,
        "now": timezone.now(),
        "tried": int(tried),
        "started": started_at,
        "duration": round(duration * 1000),
        "log": log_id,
    }
    return _retrying_deadlocks(lambda: _execute(_SETTLE + (_WITH_ATTEMPTS if tried else _COUNT), parameters))


def reap() -> int:
    """Take back rows whose lease ran out: their worker died. They are next claimed alone."""
    parameters: dict[str, Any] = {
        "now": timezone.now(),
        "most": CRASHES_BEFORE_DEATH,
        "reason": "The worker died while it held this delivery.",
    }
    return _retrying_deadlocks(lambda: _execute(_REAP, parameters))


def _execute(statement: str, parameters: dict[str, Any]) -> int:
    """One statement, which needs no transaction around it to be done wholly or not at all."""
    with database.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _retrying_deadlocks(run: Callable[[], int], tries: int = 5) -> int:
    """Business transactions touch the same rows; key order makes deadlocks rare, this makes them harmless."""
    for left in range(tries - 1, -1, -1):
        try:
            return run()
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected) or not left:
                raise
            time.sleep(0.05)
    raise AssertionError("unreachable")
