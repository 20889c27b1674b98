"""How far long work is: whoever does it says so, whoever set it off listens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[int, int | None], None]  # done, of how many (None: not known, or as told before)

_listener: ContextVar[Listener | None] = ContextVar("progress", default=None)


def report(done: int, total: int | None = None) -> None:
    """Say how much is done; nobody need be listening."""
    if listener := _listener.get():
        listener(done, total)


@contextmanager
def told_to(listener: Listener) -> Iterator[None]:
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
