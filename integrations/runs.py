"""Work in the worker that a person asked for: set off here, done there, looked at on a page or over the API.

A kind of work is a function that takes the Run and returns its result, a JSON document:

    @kind("replay")
    def replay(run: Run) -> dict[str, Any]: ...

It tells how far it is by `progress.report(done, total)`. The row is the truth: a message to the broker only makes it
quicker, and the sweep takes what no message announced.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

import structlog
from django.db import connection as database
from django.db import transaction
from django.db.models import F, Func
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError

from . import complaints, configuration, errors, gate, health, jobs, progress, registry, trigger
from .models import Connection, Heartbeat, Integration, Run
from .outbox.wake import send
from .redact import redact
from .service import IntegrationSettings

logger = structlog.get_logger(__name__)
State = Run.State

Work = Callable[[Run], dict[str, Any]]
OPEN = (State.WAITING, State.RUNNING)
SILENT_FOR = timedelta(minutes=15)  # without a sign of life: its worker died
CHANGES_KEPT_FOR = timedelta(days=1)
TOLD_EVERY = 0.5  # seconds between two writes of how far it is


class Kind(NamedTuple):
    work: Work
    queue: str
    label: Promise | str


KINDS: dict[str, Kind] = {}


class FailedRun(Exception):
    """The work came to an end that is no success: `result` is shown all the same, the message says why."""

    def __init__(self, message: str, result: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.result = result or {}


def kind(name: str, *, queue: str = "bulk", label: Promise | str = "") -> Callable[[Work], Work]:
    """Declare a kind of work; `queue` is `fast` for what a person waits for, `label` what people call it."""

    def declare(work: Work) -> Work:
        KINDS[name] = Kind(work, queue, label or name.replace("_", " ").capitalize())
        return work

    return declare


@transaction.atomic
def start(name: str, *, integration: Integration | None = None, token: str = "", **arguments: Any) -> Run:
    """Have a worker do it: the row is written now, in the transaction that is open, and announced after its commit.

    Where the very same is asked for already and not done yet, that is returned instead: a second click starts nothing.
    What came with the same token, one of a page that was shown, is the same for ever.
    """
    _wait_for_ones_turn()
    reap()
    if token:
        arguments["token"] = token
        if found := Run.objects.filter(kind=name, arguments__token=token).first():
            return found
    same = {"kind": name, "integration": integration, "arguments": arguments}
    if found := Run.objects.filter(state__in=OPEN, **same).first():
        return found
    by = trigger.current()
    language = translation.get_language() or "en"
    run = Run.objects.create(trigger=by.name, actor_id=by.actor_id, language=language, **same)
    transaction.on_commit(partial(_announce, run.pk, KINDS[name].queue), robust=True)
    return run


def _wait_for_ones_turn() -> None:
    """Of two clicks at once, the second looks when the first has committed."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock('integrations_run'::regclass::bigint)")


def _announce(pk: int, queue: str) -> None:
    try:
        send("integrations.tasks.perform_run", pk, queue=queue)
    except Exception as error:  # the sweep comes round anyway
        logger.warning("broker is down", error=type(error).__name__)


def sweep(queue: str) -> None:
    """Do what waits, whatever happened to its message."""
    kinds = [name for name, declared in KINDS.items() if declared.queue == queue]
    for run in Run.objects.filter(state=State.WAITING, kind__in=kinds).order_by("id"):
        perform(run)


def reap() -> None:
    """Say of runs without a sign of life that they failed."""
    for run in Run.objects.filter(state=State.RUNNING, seen_at__lt=timezone.now() - SILENT_FOR):
        with translation.override(run.language):
            message = _("Whoever did this has died. Start it again.")
        still = Run.objects.filter(pk=run.pk, state=State.RUNNING, seen_at=run.seen_at)
        still.update(state=State.FAILED, finished_at=timezone.now(), message=message)


def forget_changes(*, older_than: timedelta = timedelta(0)) -> None:
    """Take from dry runs what they found field by field; the figures stay.

    It quotes people, and nobody looks at it for long: it goes after a day, and at once, of every dry run, when anybody
    is forgotten. Searching for the one person in it would miss whom an old name or a colleague's note names.
    """
    told = Run.objects.filter(kind="job", result__has_key="changes", finished_at__lte=timezone.now() - older_than)
    told.update(result=Func(F("result"), template="%(expressions)s - 'changes'"))


def perform(run: Run) -> Run:
    """Do it, unless somebody else has begun. Never raises: what went wrong is on the row."""
    now = timezone.now()
    row = Run.objects.filter(pk=run.pk)
    if row.filter(state=State.WAITING).update(state=State.RUNNING, started_at=now, seen_at=now):
        teller = _Teller(run.pk)
        with (
            trigger.triggered(run.trigger, run.actor_id),
            translation.override(run.language),
            progress.told_to(teller),
        ):
            outcome = _outcome(run)
        row.update(finished_at=timezone.now(), done=teller.done, **outcome)
    run.refresh_from_db()
    return run


def _outcome(run: Run) -> dict[str, Any]:
    try:
        result = KINDS[run.kind].work(run)
        return {"state": State.DONE, "message": "", "result": result}  # it may have been taken for dead
    except FailedRun as failed:
        return {"state": State.FAILED, "message": redact(str(failed)), "result": failed.result}
    except ValidationError as error:
        schema = registry.get(run.integration.slug).settings_schema if run.integration else IntegrationSettings
        message = " ".join([_("Settings are incomplete."), *complaints.sentences(error, schema)])
    except errors.IntegrationError as error:
        message = error.message
    except Exception as error:  # named only: its text may quote anything
        logger.exception("run failed", kind=run.kind)
        message = type(error).__name__
    return {"state": State.FAILED, "message": redact(message)}


class _Teller:
    """Writes how far a run is to its row, not too often."""

    def __init__(self, pk: int) -> None:
        self.pk = pk
        self.done = 0
        self.told_at = 0.0

    def __call__(self, done: int, total: int | None) -> None:
        self.done = done
        if total is None and time.monotonic() - self.told_at < TOLD_EVERY:
            return
        self.told_at = time.monotonic()
        columns: dict[str, Any] = {"done": done, "seen_at": timezone.now()}
        Run.objects.filter(pk=self.pk).update(**columns, **({} if total is None else {"total": total}))


def worker_is_alive(name: str) -> bool:
    """Whether somebody is there to do it."""
    return Heartbeat.is_alive(KINDS[name].queue)


# --- what the core can do --------------------------------------------------------------------------------------------


def own_connection(run: Run) -> Connection:
    assert run.integration
    return configuration.own_connection(run.integration)


@kind("test", queue="fast", label=gettext_lazy("Test connection"))
def test(run: Run) -> dict[str, Any]:
    """The report of a connection: the integration's own, or that of `owner`."""
    assert run.integration
    owner = run.arguments.get("owner", "")
    connection = run.integration.connections.select_related("integration").get(owner=owner)
    report = health.test(connection)
    error_kind = "" if report.ok else errors.Misconfigured.kind
    gate.log(connection, "test_connection", error_kind=error_kind, message=report.summary)
    if not report.ok:
        raise FailedRun(" ".join([report.summary, *report.problems]), report.to_store())
    return report.to_store()


@kind("job", label=gettext_lazy("Job"))
def job(run: Run) -> dict[str, Any]:
    """A job's result as `jobs.perform` tells it; arguments: `job` is its name, the rest are its options.

    `elsewhere` is what other workers took of the promises meanwhile.
    """
    assert run.integration
    options = dict(run.arguments)
    declared = registry.job(run.integration.slug, options.pop("job"))
    result = jobs.perform(declared, **options)
    if "promised" in result:
        result["elsewhere"] = max(result["promised"] - result["processed"] - result["waiting"], 0)
    told = {"dry_run": True} if options.get("dry_run") else {}
    gate.log(own_connection(run), declared.command, size=result.get("promised"), metadata=told)
    return result
