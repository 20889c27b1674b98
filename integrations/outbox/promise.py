"""The two verbs. Both write rows in the caller's transaction; neither calls anybody."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection as database
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from integrations.models import Connection, Delivery
from integrations.models.delivery import ONCE

from .wake import wake

if TYPE_CHECKING:
    from integrations.service import Operation

M = TypeVar("M", bound=Model)

# One statement for the whole sequence, in key order: two transactions that promise the same rows queue up behind
# each other instead of deadlocking. `xmax = 0` rows are new; the others keep their history and get a new version.
_INSERT = """
INSERT INTO integrations_delivery (
    key, integration_id, connection_id, operation, subject_type, subject_id, priority, version, state,
    failures, crashes, attempts, due_at, expires_at, error_kind, error, created_at)
SELECT c.id || ':' || %(operation)s || ':' || %(subject_type)s || ':' || s.id || %(occasion)s AS key,
    c.integration_id, c.id, %(operation)s, %(subject_type)s, s.id, %(priority)s, 1, 'pending',
    0, 0, 0, %(due_at)s, %(expires_at)s, '', '', %(now)s
FROM unnest(%(ids)s::bigint[]) AS s(id),
    integrations_connection c JOIN integrations_integration i ON i.id = c.integration_id
WHERE i.slug = %(integration)s AND c.owner = ANY(%(owners)s)
ORDER BY key
"""
# What waits has waited since it was first promised; what was settled is promised anew.
# A row in flight keeps its lease: settling it finds the higher version and returns it to pending.
_ASK_AGAIN = """
ON CONFLICT (key) DO UPDATE SET
    version = integrations_delivery.version + 1,
    state = CASE integrations_delivery.state WHEN 'in_flight' THEN 'in_flight' ELSE 'pending' END,
    due_at = CASE integrations_delivery.state WHEN 'in_flight' THEN integrations_delivery.due_at
        ELSE EXCLUDED.due_at END,
    failures = CASE integrations_delivery.state WHEN 'in_flight' THEN integrations_delivery.failures ELSE 0 END,
    created_at = CASE WHEN integrations_delivery.state IN ('pending', 'in_flight') THEN integrations_delivery.created_at
        ELSE EXCLUDED.created_at END,
    settled_at = NULL
"""
_ASK_ONCE = "ON CONFLICT (key) DO UPDATE SET key = EXCLUDED.key"


def keep_in_sync(
    operation: "Operation[Any, Any]",
    subjects: Iterable[M],
    *,
    owner: str | Collection[str] | Callable[[M], str | None] = "",
) -> int:
    """Promise that the other side will agree with our current data of each subject; asking again is cheap.

    One row per (connection, operation, subject) for ever: asking again reopens it. Subjects are saved instances of one
    model; `owner` picks the connection, or several, or says whose it is for each subject (None: nobody's, nothing is
    promised). Returns how many were promised. Raises LookupError, having promised nothing that stays, when an owner
    has no connection.
    """
    if callable(owner):
        return sum(keep_in_sync(operation, theirs, owner=name) for name, theirs in _by_owner(subjects, owner))
    return sum(
        _promise(operation, label, list(ids), owner=owner, on_conflict=_ASK_AGAIN)
        for label, ids in _by_type(subjects).items()
    )


def once(
    operation: "Operation[Any, Any]",
    subjects: Model | Iterable[Model],
    occasion: str = "",
    *,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    owner: str = "",
) -> None:
    """Promise something exactly one time per (subject, occasion), at `due_at`, and not after `expires_at` (aware).

    One statement for all of them.
    """
    chosen = [subjects] if isinstance(subjects, Model) else subjects
    for label, ids in _by_type(chosen).items():
        _promise(
            operation,
            label,
            list(ids),
            owner=owner,
            on_conflict=_ASK_ONCE,
            occasion=f"{ONCE}{occasion}",
            due_at=due_at,
            expires_at=expires_at,
        )


def hurry(operations: Sequence["Operation[Any, Any]"], subjects: Iterable[Model]) -> set[int]:
    """Make what waits for its hour due now; returns the ids of the subjects about which anything waits.

    It is locked until the caller's transaction ends: who keeps it then sees what the caller changed. What was tried
    before, or is in flight, keeps its time.
    """
    found: set[int] = set()
    for label, ids in _by_type(subjects).items():
        about = Delivery.objects.filter(subject_type=label, subject_id__in=ids, state=Delivery.State.PENDING)
        promised = about.filter(
            integration__slug=operations[0].service.slug, operation__in=[operation.name for operation in operations]
        )
        rows = list(promised.order_by("key").select_for_update(of=("self",)))
        Delivery.objects.filter(pk__in=[row.pk for row in rows if not row.attempts]).update(due_at=timezone.now())
        found.update(row.subject_id for row in rows)
    for operation in operations:
        transaction.on_commit(partial(wake, operation), robust=True)
    return found


def key_of(operation: "Operation[Any, Any]", connection: Connection, subject: Model, occasion: str = "") -> str:
    """The key that `once` gives this promise: it is the promise's name, whether it was made or not."""
    return f"{connection.pk}:{operation.name}:{subject._meta.label_lower}:{subject.pk}{ONCE}{occasion}"


def _by_owner(subjects: Iterable[M], owner_of: Callable[[M], str | None]) -> list[tuple[str, list[M]]]:
    """In the order of the owners' names: whoever promises the same does so in the same order."""
    found: dict[str, list[M]] = {}
    for subject in subjects:
        if (name := owner_of(subject)) is not None:
            found.setdefault(name, []).append(subject)
    return sorted(found.items())


def _by_type(subjects: Iterable[Model]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for subject in subjects:
        found.setdefault(subject._meta.label_lower, set()).add(subject.pk)
    return found


def _promise(
    operation: "Operation[Any, Any]",
    subject_type: str,
    ids: Sequence[int],
    *,
    owner: str | Collection[str],
    on_conflict: str,
    occasion: str = "",
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> int:
    owners = [owner] if isinstance(owner, str) else sorted(set(owner))
    if not owners:
        return 0
    now = timezone.now()
    parameters = {
        "integration": operation.service.slug,
        "operation": operation.name,
        "owners": owners,
        "priority": operation.priority,
        "subject_type": subject_type,
        "ids": ids,
        "occasion": occasion,
        "due_at": due_at or now,
        "expires_at": expires_at,
        "now": now,
    }
    with database.cursor() as cursor:
        cursor.execute(_INSERT + on_conflict, parameters)
        promised = int(cursor.rowcount)
    if promised < len(ids) * len(owners):  # a promise that finds no connection must not vanish
        raise LookupError(f"No connection of {operation.service.slug!r} for owner {owner!r}.")
    transaction.on_commit(partial(wake, operation), robust=True)
    return promised
