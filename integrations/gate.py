"""The only way out: every call to another system passes here.

It refuses inside a transaction, honours pauses and rates, sets the timeout, translates what goes wrong, feeds the
breaker and leaves one log row, one log line and a count.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog
from django.conf import settings as django_settings
from django.db import connection as database
from django.utils import timezone
from django.utils.translation import gettext as _
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random

from . import breaker, durations, errors, trigger
from .models import Connection, IntegrationLog
from .redact import redact

if TYPE_CHECKING:
    from .service import IntegrationSettings

logger = structlog.get_logger("integrations.gate")
T = TypeVar("T")
P = TypeVar("P")
E = TypeVar("E", bound=BaseException)
Translate = Callable[[Exception], Exception]

_COUNT = """
INSERT INTO integrations_hourlystat AS stat (integration_id, operation, hour, calls, errors, duration_ms, buckets)
VALUES (%(integration)s, %(operation)s, %(hour)s, 1, %(errors)s, %(milliseconds)s, %(buckets)s)
ON CONFLICT (integration_id, operation, hour) DO UPDATE SET
    calls = stat.calls + 1, errors = stat.errors + excluded.errors,
    duration_ms = stat.duration_ms + excluded.duration_ms, buckets[%(slot)s] = stat.buckets[%(slot)s] + 1
"""


class Gate:
    """The gate of one connection. `forced` is for a test by an operator: it passes pauses, and counts all the same."""

    def __init__(self, connection: Connection, settings: "IntegrationSettings", *, forced: bool = False) -> None:
        self.connection = connection
        self.settings = settings
        self.forced = forced
        self.last_log_id: int | None = None
        self.closes_at: float | None = None  # time.monotonic(); the batch that we call for must not outlive its lease

    def call(
        self,
        operation: str,
        send: Callable[[float], T],
        *,
        translate: Translate,
        reads_only: bool = False,
        size: int | None = None,
    ) -> T:
        """Run `send(timeout in seconds)` and return its answer.

        `translate` turns the client's exceptions into ours; `reads_only` means that a lost answer changed nothing;
        `size` is the number of records, for the log. Raises IntegrationError, or what `translate` leaves as it is.
        """
        refuse_inside_transaction()
        probing = self.admit(operation)
        started_at, clock = timezone.now(), time.monotonic()
        error: BaseException | None = None
        try:
            return self.connect_patiently(send, translate, once=probing or self.forced)
        except BaseException as raised:  # a worker told to stop is no success either
            error = self.cleaned(as_read(raised) if reads_only else raised)
            if error is raised:
                raise
            raise error from raised
        finally:
            duration = time.monotonic() - clock
            self.tell_breaker(error, probing=probing)
            self.record(operation, error, started_at=started_at, duration=duration, size=size)

    @contextmanager
    def conversation(
        self, operation: str, connect: Callable[[float], P], *, translate: Translate
    ) -> Iterator["Conversation[P]"]:
        """Many steps over what `connect(timeout in seconds)` returns: one log row, whose size is that of the steps.

        The row is there from the start, for what is settled meanwhile. The breaker hears how it ended, and before that
        of the steps that went well. Raises what `call` raises.
        """
        refuse_inside_transaction()
        probing = self.admit(operation, steps=0)
        started_at, clock = timezone.now(), time.monotonic()
        row = log(self.connection, operation, started_at=started_at)
        self.last_log_id = row.pk
        talk: Conversation[P] = Conversation(self, operation, translate)
        try:
            talk.peer = self.connect_patiently(connect, translate, once=probing or self.forced)
            yield talk
        except (GeneratorExit, errors.Paused):  # whoever listened has heard enough; the rest must wait
            raise
        except BaseException as raised:
            talk.error = self.cleaned(raised)
            raise
        finally:
            if talk.size:
                self.tell_breaker(None, probing=probing)
            if talk.error or not talk.size:
                self.tell_breaker(talk.error, probing=probing)
            duration = talk.slowest if talk.size else time.monotonic() - clock
            row.size, row.duration_ms = talk.size, round(duration * 1000)
            self.complete(row, talk.error)

    @property
    def is_late(self) -> bool:
        """The batch that we call for has used up its time."""
        return self.closes_at is not None and time.monotonic() > self.closes_at

    def admit(self, operation: str, *, steps: int = 1) -> bool:
        """Raise Paused, or say whether this call is the breaker's probe. Counts the steps against the rate."""
        if self.forced:
            return True
        if self.connection.integration.paused_at:
            raise errors.Paused(_("Paused by an operator."))
        if steps:
            self.keep_pace(operation)
        return breaker.admit(self.connection, self.settings)  # last: it takes the probe's place

    def keep_pace(self, operation: str) -> None:
        """Count one against the rate. Raises Paused when it is too many, or the batch has used up its time."""
        if self.is_late:
            raise errors.Paused(_("This batch took too long: the rest waits for the next."), until=timezone.now())
        wait = seconds_over_rate(self.settings.rate, self.connection.integration.slug, operation)
        if wait:
            until = timezone.now() + timedelta(seconds=wait)
            raise errors.Paused(_("The rate limit of this operation is reached."), until=until)

    def cleaned(self, error: E) -> E:
        """The error, rid of secrets and people: its message goes into logs, on rows and on pages."""
        if isinstance(error, errors.IntegrationError):
            error.message = redact(error.message, self.settings.secret_values())
            error.args = (error.message,)
        return error

    def connect_patiently(self, send: Callable[[float], T], translate: Translate, *, once: bool) -> T:
        """Repeat only what never got a connection, for less than a second."""
        retrying = Retrying(
            retry=retry_if_exception_type(errors.NotConnected),
            stop=stop_after_attempt(1 if once else 3),
            wait=wait_random(0.05, 0.3),
            reraise=True,
        )
        answer: T = retrying(self._send, send, translate)
        return answer

    def _send(self, send: Callable[[float], T], translate: Translate) -> T:
        try:
            return send(self.settings.timeout)
        except errors.IntegrationError:
            raise
        except Exception as error:
            translated = translate(error)
            if translated is error:
                raise
            raise translated from error

    def tell_breaker(self, error: BaseException | None, *, probing: bool) -> None:
        match error:
            case errors.RateLimited():
                breaker.limited(self.connection, error)
            case errors.Misconfigured():
                breaker.barred(self.connection, error)
            case errors.IntegrationError(trips_breaker=True):
                breaker.failed(self.connection, error, self.settings, probing=probing)
            case None | errors.IntegrationError():
                breaker.succeeded(self.connection)
            case _:
                pass  # a bug of ours says nothing about them

    def record(
        self,
        operation: str,
        error: BaseException | None,
        *,
        started_at: datetime,
        duration: float,
        size: int | None,
    ) -> None:
        milliseconds = round(duration * 1000)
        row = log(
            self.connection,
            operation,
            error_kind=errors.kind_of(error) if error else "",
            message=error.message if isinstance(error, errors.IntegrationError) else "",
            started_at=started_at,
            duration_ms=milliseconds,
            size=size,
            metadata={"test": True} if self.forced else {},
        )
        self.last_log_id = row.pk
        self.announce(row)

    def complete(self, row: IntegrationLog, error: BaseException | None) -> None:
        """Write down how what was begun has ended."""
        if error:
            row.status, row.error_kind = IntegrationLog.Status.ERROR, errors.kind_of(error)
            row.message = error.message if isinstance(error, errors.IntegrationError) else ""
        row.save(update_fields=["status", "error_kind", "message", "size", "duration_ms"])
        self.announce(row)

    def announce(self, row: IntegrationLog) -> None:
        """Count the call, and say so in a line."""
        failed = bool(row.error_kind)
        count(row.integration_id, row.operation, row.started_at, failed=failed, milliseconds=row.duration_ms)
        emit = logger.warning if failed else logger.info
        emit(
            "call",
            integration=self.connection.integration.slug,
            operation=row.operation,
            error_kind=row.error_kind,
            duration_ms=row.duration_ms,
            size=row.size,
        )


class Conversation(Generic[P]):
    """What is said over one connection, step by step; `peer` is what was connected to.

    `size` counts the steps that went well, `slowest` is in seconds. `error` is what ended it, if that was noticed
    without an exception reaching the gate.
    """

    peer: P

    def __init__(self, gate: Gate, operation: str, translate: Translate) -> None:
        self.gate = gate
        self.operation = operation
        self.translate = translate
        self.size = 0
        self.slowest = 0.0
        self.error: BaseException | None = None

    def step(self, send: Callable[[P], T]) -> T:
        """Say one thing, when `Gate.keep_pace` has let it pass. Raises what `translate` makes of what goes wrong."""
        clock = time.monotonic()
        try:
            answer = send(self.peer)
        except errors.IntegrationError:
            raise
        except Exception as error:
            raise self.translate(error) from error
        finally:
            self.slowest = max(self.slowest, time.monotonic() - clock)
        self.size += 1
        return answer


def refuse_inside_transaction() -> None:
    """A call inside a transaction holds locks for as long as the other side likes, and cannot be rolled back."""
    blocks: list[Any] = database.atomic_blocks
    if any(not block._from_testcase for block in blocks):  # a TestCase wraps everything in its own
        raise RuntimeError("No call to the outside inside a transaction: promise it to the outbox instead.")


def as_read(error: BaseException) -> BaseException:
    """A lost answer to a question is no ambiguity: nothing was changed."""
    return errors.Unavailable(error.message) if isinstance(error, errors.Ambiguous) else error


def log(
    connection: Connection, operation: str, *, error_kind: str = "", message: str = "", **columns: Any
) -> IntegrationLog:
    """Write a log row, with who set it off, and without what must not be in a log."""
    by = trigger.current()
    status = IntegrationLog.Status.ERROR if error_kind else IntegrationLog.Status.OK
    columns.setdefault("started_at", timezone.now())
    return IntegrationLog.objects.create(
        integration_id=connection.integration_id,
        connection=connection,
        operation=operation,
        status=status,
        error_kind=error_kind,
        message=redact(message, connection.secrets.values()),
        trigger=by.name,
        actor_id=by.actor_id,
        **columns,
    )


def count(integration_id: int, operation: str, at: datetime, *, failed: bool, milliseconds: int) -> None:
    """Add one call to the sums of its hour, in one statement: two workers at once must not lose one."""
    slot = durations.slot(milliseconds)
    buckets = durations.none()
    buckets[slot] = 1
    parameters: dict[str, Any] = {
        "integration": integration_id,
        "operation": operation,
        "hour": at.astimezone(UTC).replace(minute=0, second=0, microsecond=0),
        "errors": int(failed),
        "milliseconds": milliseconds,
        "buckets": buckets,
        "slot": slot + 1,  # PostgreSQL counts from one
    }
    with database.cursor() as cursor:
        cursor.execute(_COUNT, parameters)


@lru_cache
def limiter(url: str) -> MovingWindowRateLimiter:
    options = {"socket_connect_timeout": 0.2, "socket_timeout": 0.3} if url.startswith("redis") else {}
    return MovingWindowRateLimiter(storage_from_string(url, **options))


def seconds_over_rate(rate: str, integration: str, operation: str) -> float:
    """0 and the call is counted, or how long to wait. A limiter that is down lets calls through."""
    item = parse(rate)
    try:
        limit = limiter(django_settings.REDIS_URL or "memory://")
        if limit.hit(item, integration, operation):
            return 0
        reset_at = limit.get_window_stats(item, integration, operation).reset_time
    except Exception:
        logger.warning("rate limiter is down", integration=integration)
        return 0
    return max(reset_at - time.time(), 0.1)


def rate_used(rate: str, integration: str, operation: str) -> int | None:
    """How many calls of the rate's window are taken; None while the limiter is down."""
    item = parse(rate)
    try:
        stats = limiter(django_settings.REDIS_URL or "memory://").get_window_stats(item, integration, operation)
    except Exception:
        return None
    return max(item.amount - stats.remaining, 0)
