"""Everything chosen, by a worker: promised again at a rate, or given up. How far that is, and how it is stopped."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import Count, Exists, F, Func, Max, OuterRef, Q, Value
from django.db.models.fields.json import JSONField
from django.utils import timezone
from django.utils.translation import gettext_lazy

from integrations import gate, runs
from integrations.models import Connection, Delivery, Replayed, Run
from integrations.models.delivery import ONCE, DeliveryQuerySet

from .choice import Choice
from .verbs import BITE, cancel, in_bites

State = Delivery.State
WAITING = [State.PENDING, State.IN_FLIGHT]
MOST_A_MINUTE = 100_000

# The rows are looked at again under their locks: of two operators at once, each row is replayed by one.
_PROMISE = """
WITH chosen AS (
    SELECT id, state, settled_at FROM integrations_delivery
    WHERE id = ANY(%(ids)s) AND settled_at IS NOT NULL AND (state = 'dead' OR NOT %(only_dead)s)
        AND NOT (state = 'delivered' AND strpos(key, %(once)s) > 0)
    ORDER BY key FOR UPDATE
), placed AS (
    SELECT *, %(before)s + row_number() OVER (ORDER BY id) - 1 AS place FROM chosen
), promised AS (
    UPDATE integrations_delivery d SET state = 'pending', version = d.version + 1, failures = 0, crashes = 0,
        settled_at = NULL, due_at = %(now)s::timestamptz + place * %(gap)s * interval '1 second'
    FROM placed WHERE d.id = placed.id
    RETURNING d.id, d.version, d.due_at
)
INSERT INTO integrations_replayed (run_id, delivery_id, version, due_at, state, settled_at)
SELECT %(run)s, id, promised.version, promised.due_at, placed.state, placed.settled_at
FROM promised JOIN placed USING (id)
"""
# What was asked for again since, tried, or is under way is not put back.
_PUT_BACK = """
WITH held AS (
    SELECT r.id AS replayed, d.id, r.state, r.settled_at
    FROM integrations_replayed r JOIN integrations_delivery d ON d.id = r.delivery_id
    WHERE r.run_id = %(run)s AND d.state = 'pending' AND d.version = r.version AND d.due_at = r.due_at
        AND d.due_at > %(now)s
    ORDER BY d.key LIMIT %(most)s FOR UPDATE OF d
), back AS (
    UPDATE integrations_delivery d SET state = held.state, settled_at = held.settled_at FROM held WHERE d.id = held.id
)
DELETE FROM integrations_replayed r USING held WHERE r.id = held.replayed
"""


def start(what: str, choice: Choice, *, rate: int | None = None, token: str = "") -> Run:
    """Have a worker "replay" or "give_up" what is chosen; at `rate` a minute, or as fast as the other side takes it.

    The same token is the same wish, however often it comes. Raises ValueError for a range that holds nothing at all or
    a rate that cannot be, Integration.DoesNotExist and Incident.DoesNotExist for what is not there.
    """
    if choice.is_empty_range:
        raise ValueError("The range ends before it begins.")
    if rate is not None and not 1 <= rate <= MOST_A_MINUTE:
        raise ValueError(f"The rate is from 1 to {MOST_A_MINUTE} a minute.")
    choice.rows()  # an incident that is gone
    given = choice.up_to_now().as_arguments() | {"rate": rate}
    return runs.start(what, token=token, integration=choice.whose(), **given)


@runs.kind("replay", label=gettext_lazy("Replay"))
def replay_chosen(run: Run) -> dict[str, Any]:
    replayed = in_bites(Choice.of_run(run).rows(), _Spread(run), "replayed")
    return {"replayed": replayed}


@runs.kind("give_up", label=gettext_lazy("Give up"))
def give_up_chosen(run: Run) -> dict[str, Any]:
    return {"cancelled": cancel(Choice.of_run(run).rows())}


class _Spread:
    """Promises bite after bite, each row when it is its turn."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.begun_at = timezone.now()
        self.before = 0
        rate = run.arguments["rate"]
        self.gap = 60 / rate if rate else 0.0

    def __call__(self, bite: DeliveryQuerySet) -> int:
        """Inside a transaction. Who stops the run waits for it, so that nothing is promised afterwards."""
        if Run.objects.select_for_update().get(pk=self.run.pk).stopped_at:
            return 0
        parameters = {
            "ids": list(bite.values_list("pk", flat=True)),
            "only_dead": self.run.arguments["only_dead"],
            "once": ONCE,
            "before": self.before,
            "now": self.begun_at,
            "gap": self.gap,
            "run": self.run.pk,
        }
        with database.cursor() as cursor:
            cursor.execute(_PROMISE, parameters)
            promised = int(cursor.rowcount)
        self.before += promised
        return promised


def stop(run: Run) -> int:
    """Leave what had not its turn yet as it was before; returns how many. Nothing is promised afterwards."""
    now = timezone.now()
    Run.objects.filter(pk=run.pk, stopped_at=None).update(stopped_at=now)
    told = _by_connection(run, now)
    put_back = 0
    while number := _put_back_some(run, now):
        put_back += number
    if put_back:
        for connection, operation, size in told:
            gate.log(connection, "replay_stopped", size=size, metadata={"operation": operation})
    return put_back


def _by_connection(run: Run, now: datetime) -> list[tuple[Connection, str, int]]:
    rows = Replayed.objects.filter(_in_turn(now), run=run).order_by()
    found = rows.values_list("delivery__connection", "delivery__operation").annotate(Count("pk"))
    connections = Connection.objects.in_bulk([pk for pk, _operation, _size in found])
    return [(connections[pk], operation, size) for pk, operation, size in found]


def _in_turn(now: datetime) -> Q:
    """Those whose turn is still to come."""
    return Q(
        delivery__state=State.PENDING,
        delivery__version=F("version"),
        delivery__due_at=F("due_at"),
        delivery__due_at__gt=now,
    )


def _put_back_some(run: Run, now: datetime) -> int:
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(_PUT_BACK, {"run": run.pk, "now": now, "most": BITE})
        return int(cursor.rowcount)


# --- how far it is ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What became of what a replay promised; `in_turn` of those waiting had no turn yet, the last comes at `last_at`.

    `errors` is {kind of error: number} of the dead.
    """

    delivered: int = 0
    waiting: int = 0
    in_turn: int = 0
    dead: int = 0
    cancelled: int = 0
    last_at: datetime | None = None
    errors: dict[str, int] = field(default_factory=dict)

    @property
    def promised(self) -> int:
        return self.delivered + self.waiting + self.dead + self.cancelled

    @property
    def settled(self) -> int:
        return self.promised - self.waiting


def outcome(run: Run) -> Outcome:
    """As it is now; of one that is over as it was then."""
    kept = run.result.get("outcome")
    return Outcome(**kept) if kept else _counted(run)


def _counted(run: Run) -> Outcome:
    """In one statement."""
    now = timezone.now()
    rows = Replayed.objects.filter(run=run).order_by().values_list("delivery__state", "delivery__error_kind")
    turn = _in_turn(now)
    found = rows.annotate(number=Count("pk"), later=Count("pk", filter=turn), last=Max("due_at", filter=turn))
    numbers: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    in_turn, turns = 0, []
    for state, kind, number, later, last in found:
        numbers[state] += number
        in_turn += later
        turns += [last] if last else []
        if state == State.DEAD:
            errors[kind] += number
    return Outcome(
        delivered=numbers[State.DELIVERED],
        waiting=sum(numbers[state] for state in WAITING),
        in_turn=in_turn,
        dead=numbers[State.DEAD],
        cancelled=numbers[State.CANCELLED] + numbers[State.EXPIRED],
        last_at=max(turns, default=None),
        errors=dict(errors),
    )


def close_ended() -> None:
    """Write down how replays ended of which nothing waits any more: what happens later is not their doing."""
    waits = Replayed.objects.filter(run=OuterRef("pk"), delivery__state__in=WAITING)
    done = Run.objects.filter(kind="replay", state=Run.State.DONE).exclude(result__has_key="outcome")
    for run in done.exclude(Exists(waits)):
        told = {"outcome": asdict(_counted(run))}
        result = Func(F("result"), Value(told, JSONField()), template="%(expressions)s", arg_joiner=" || ")
        Run.objects.filter(pk=run.pk).update(result=result)
