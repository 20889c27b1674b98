"""Tell a worker that there is something to do: a courtesy, never needed for the promise to be kept."""

import time
from typing import TYPE_CHECKING, Any

import structlog
from celery import current_app

if TYPE_CHECKING:
    from integrations.service import Operation

logger = structlog.get_logger(__name__)

INTERVAL = 1.0  # seconds: at most one wake-up per operation, which then finds all that was promised meanwhile
SILENCE = 15.0  # seconds without trying after the broker failed; `drain` comes round as often
# A dead or hanging broker must not slow a request: an own connection with short timeouts and no second try.
_BROKER_OPTIONS = {"socket_connect_timeout": 0.2, "socket_timeout": 0.3, "max_retries": 0}

_last: dict[str, float] = {}
_silent_until = 0.0


def wake(operation: "Operation[Any, Any]") -> None:
    """Ask for the operation's deliveries; the task starts after `INTERVAL`, so no promise made in it is missed."""
    ask("integrations.tasks.wake", str(operation), queue=operation.queue, interval=INTERVAL)


def ask(task: str, about: str, *, queue: str, interval: float) -> None:
    """Ask for a task, at most once in so many seconds; it starts after them. Never raises, and never takes long."""
    global _silent_until
    now = time.monotonic()
    if now < _silent_until or now - _last.get(about, -interval) < interval:
        return
    _last[about] = now
    try:
        send(task, about, queue=queue, countdown=interval)
    except Exception as error:
        _silent_until = now + SILENCE
        logger.warning("broker is down", error=type(error).__name__)


def send(
    task: str, *arguments: object, keywords: dict[str, object] | None = None, queue: str, countdown: float = 0
) -> None:
    """Publish a task quickly or raise; it expires when the next sweep would do its work anyway."""
    with current_app.connection_for_write(connect_timeout=0.2, transport_options=_BROKER_OPTIONS) as connection:
        current_app.send_task(
            task,
            args=arguments,
            kwargs=keywords,
            queue=queue,
            countdown=countdown,
            expires=60,
            connection=connection,
            retry=False,
            ignore_result=True,
        )
