"""Keep promises: claim a batch, let the service's handler speak to the other side, settle as outcomes come."""

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from django.apps import apps
from django.db import InterfaceError, OperationalError
from django.db.models import Model
from django.utils import timezone

from integrations import breaker, errors, progress, registry, trigger
from integrations.models import Connection, Delivery, Installation
from integrations.redact import redact, whereabouts
from integrations.service import IntegrationService, Operation, Outcome

from .hold import Hold, service_or_hold
from .lease import Claimed, Lease, Settlement, claim, settle, with_work

logger = structlog.get_logger(__name__)
State = Delivery.State


@dataclass
class Tally:
    """What a drain did: rows by outcome ("delivered" or the kind of error)."""

    outcomes: dict[str, int] = field(default_factory=dict)

    def add(self, outcome: str, number: int) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + number
        progress.report(self.processed)

    @property
    def processed(self) -> int:
        return sum(self.outcomes.values())

    @property
    def successful(self) -> int:
        return self.outcomes.get("delivered", 0)


def drain(*, queue: str | None = None, integration: str | None = None) -> Tally:
    """Deliver everything that is due and may go out now; safe to run in any number of processes at once."""
    return drain_operations(registry.operations(queue=queue, integration=integration))


def drain_operations(operations: Iterable[Operation[Any, Any]]) -> Tally:
    """Deliver what is due of these operations; one that fails does not keep the others waiting."""
    tally = Tally()
    if Installation.is_copy():
        logger.warning("held: this database belongs to another SITE_URL")
        return tally
    Delivery.objects.expire()
    Delivery.objects.abandon()
    chosen = list(operations)
    for place, connection in with_work([(operation.service.slug, operation.name) for operation in chosen]):
        deliver_all(chosen[place], connection, tally)
    return tally


def deliver_all(operation: Operation[Any, Any], connection_id: int, tally: Tally) -> None:
    try:
        while deliver_batch(operation, connection_id, tally):
            pass
    except Exception:  # rows that were in flight come back when their lease runs out
        logger.exception("delivering failed", operation=str(operation))


def deliver_batch(operation: Operation[Any, Any], connection_id: int, tally: Tally) -> bool:
    """Deliver one batch with fresh settings; False when nothing is due or nothing may go out."""
    service = open_service(operation, connection_id)
    if service is None:
        return False
    settings = service.settings
    limit = settings.batch_size or operation.batch_size
    if breaker.is_open(service.connection, settings):
        limit = 1  # a probe
    for suspects in (False, True):
        lease = claim(service.connection, operation.name, limit=limit, seconds=settings.lease, suspects=suspects)
        if lease.rows:
            with trigger.triggered("delivery"):
                return Batch(service, operation, lease, tally).run()
    return False


def open_service(operation: Operation[Any, Any], connection_id: int) -> IntegrationService | None:
    """The service, unless rows must wait."""
    connection = Connection.objects.select_related("integration").get(pk=connection_id)
    return None if breaker.paused_until(connection) else usable(operation, connection)


def usable(operation: Operation[Any, Any], connection: Connection) -> IntegrationService | None:
    """The service, unless a human must act first."""
    found = service_or_hold(operation, connection)
    if isinstance(found, Hold):
        return None
    found.open_book()
    return found


class Batch:
    """One lease's rows on their way through a handler."""

    def __init__(self, service: IntegrationService, operation: Operation[Any, Any], lease: Lease, tally: Tally) -> None:
        self.service = service
        self.operation = operation
        self.lease = lease
        self.tally = tally
        # A handler sees a subject, not an occasion: of two promises about one subject, one waits for the next batch.
        self.claimed = {(row.subject_type, row.subject_id): row for row in lease.rows}
        service.claimed = self.claimed
        self.started_at = timezone.now()
        self.clock = time.monotonic()
        # Half of the lease: a slow other side must not make us send what another worker has taken back.
        service.gate.closes_at = self.clock + service.settings.lease / 2
        self.held_up = False

    def run(self) -> bool:
        """Deliver all rows; False when the connection is the reason that some must wait."""
        taken = {row.id for row in self.claimed.values()}
        self.give_back([row for row in self.lease.rows if row.id not in taken])
        for label in sorted({row.subject_type for row in self.claimed.values()}):
            self.deliver(self.load(label))
        return not self.held_up

    def load(self, label: str) -> list[Model]:
        """Current data of the batch's subjects; promises about deleted ones are cancelled."""
        wanted = [row for row in self.claimed.values() if row.subject_type == label]
        found = apps.get_model(label)._base_manager.in_bulk([row.subject_id for row in wanted])
        missing = [row for row in wanted if row.subject_id not in found]
        deleted = errors.Obsolete("The subject was deleted.")
        self.write([self.settlement(row, deleted) for row in missing])
        return list(found.values())

    def deliver(self, subjects: Sequence[Model], *, refreshed: bool = False) -> None:
        """Run the handler. A refusal that names no row is met by refreshing what we remember, then by halving."""
        left = {subject.pk: subject for subject in subjects}
        if self.service.gate.is_late:
            self.give_back(self.rows(subjects))
            return
        error = self.hear(left)
        if not left or error is None:
            return
        waiting = list(left.values())
        if isinstance(error, errors.Rejected) and not refreshed:
            self.service.refresh()
            self.deliver(waiting, refreshed=True)
        elif errors.kind_of(error) in ("rejected", "gone", "bug") and len(waiting) > 1:
            middle = len(waiting) // 2
            self.deliver(waiting[:middle], refreshed=refreshed)
            self.deliver(waiting[middle:], refreshed=refreshed)
        else:
            self.settle(waiting, error)

    def hear(self, left: dict[Any, Model]) -> Exception | None:
        """Settle what the handler yields, taking it out of `left`; returns what ended it before all was said."""
        said = self.ask(list(left.values())) if left else iter(())
        while True:
            try:
                subjects, outcome = next(said)
            except StopIteration:
                return LookupError("The handler said nothing about this record.") if left else None
            except (InterfaceError, OperationalError):  # our database failed, not the record: the lease runs out
                raise
            except errors.IntegrationError as error:
                return error
            except Exception as error:
                logger.error("handler failed", operation=str(self.operation), exception=whereabouts(error))
                return error
            self.settle([left.pop(subject.pk) for subject in subjects if subject.pk in left], outcome)
            if left and self.service.gate.is_late:
                self.give_back(self.rows(left.values()))
                left.clear()
                return None

    def ask(self, subjects: Sequence[Model]) -> Iterator[tuple[Sequence[Model], Outcome]]:
        yield from self.operation.__get__(self.service, type(self.service))(subjects)

    def settle(self, subjects: Sequence[Model], outcome: Outcome | Exception) -> None:
        if outcome is not None:
            outcome = self.service.gate.cleaned(outcome)
        self.write([self.settlement(row, outcome) for row in self.rows(subjects)])
        if isinstance(outcome, errors.Misconfigured):  # a handler may find out from an answer that the gate let pass
            breaker.barred(self.service.connection, outcome)
        if isinstance(outcome, errors.IntegrationError) and outcome.blames_connection:
            self.held_up = True

    def give_back(self, rows: Iterable[Claimed]) -> None:
        self.write([self.to(row, State.PENDING, failures=row.failures) for row in rows], tried=False)

    def rows(self, subjects: Iterable[Model]) -> list[Claimed]:
        return [self.claimed[subject._meta.label_lower, subject.pk] for subject in subjects]

    def write(self, settlements: list[Settlement], *, tried: bool = True) -> None:
        if not settlements:
            return
        settle(
            self.lease,
            settlements,
            started_at=self.started_at,
            duration=time.monotonic() - self.clock,
            log_id=self.service.gate.last_log_id,
            tried=tried,
        )
        for settlement in settlements if tried else ():
            self.tally.add(settlement.error_kind or str(settlement.state), 1)

    def to(
        self, row: Claimed, state: str, *, delay: float = 0, failures: int = 0, kind: str = "", error: str = ""
    ) -> Settlement:
        return Settlement(row, state, timezone.now() + timedelta(seconds=delay), failures, kind, error)

    def settlement(self, row: Claimed, outcome: Outcome | Exception) -> Settlement:
        """The table of errors: who is to blame decides whether the row waits, tries again or is dead."""
        if outcome is None:
            return self.to(row, State.DELIVERED)
        kind, error, failures = errors.kind_of(outcome), str(outcome), row.failures
        match outcome:
            case errors.Gone():
                return self.to(row, State.DELIVERED, kind=kind, error=error)
            case errors.Obsolete():
                return self.to(row, State.CANCELLED, kind=kind, error=error)
            case errors.IntegrationError(blames_connection=True):
                delay = self.wait(outcome)
                return self.to(row, State.PENDING, delay=delay, failures=failures, kind=kind, error=error)
            case errors.Ambiguous() if breaker.is_open(self.service.connection, self.service.settings):
                # They answer nobody: not this row's fault, but let another row be the next probe.
                delay = self.jitter(failures)
                return self.to(row, State.PENDING, delay=delay, failures=failures, kind=kind, error=error)
            case errors.Ambiguous() | errors.Conflict() if failures < len(self.schedule):
                delay = self.jitter(failures)
                return self.to(row, State.PENDING, delay=delay, failures=failures + 1, kind=kind, error=error)
            case errors.IntegrationError():
                return self.to(row, State.DEAD, failures=failures + 1, kind=kind, error=error)
            case _:
                error = redact(f"{type(outcome).__name__}: {outcome}", self.service.settings.secret_values())
                return self.to(row, State.DEAD, failures=failures + 1, kind=kind, error=error)

    @property
    def schedule(self) -> list[int]:
        return self.service.settings.retry_schedule

    def jitter(self, failures: int) -> float:
        """Full jitter on the schedule, in seconds."""
        step = self.schedule[min(failures, len(self.schedule) - 1)]
        return random.uniform(0, step)  # noqa: S311

    def wait(self, error: errors.IntegrationError) -> float:
        """Seconds until a row that waits for its connection is due; the breaker releases it earlier or later."""
        if isinstance(error, errors.Paused) and error.until:
            return max((error.until - timezone.now()).total_seconds(), 0)
        if isinstance(error, errors.RateLimited):
            return error.retry_after
        return self.jitter(0)
