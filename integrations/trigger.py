"""Who set off the work that is under way: written to every log row."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Trigger(NamedTuple):
    """`name`: delivery, admin, api, command, beat, webhook or visitor; `actor_id`: the user, where there is one."""

    name: str
    actor_id: int | None = None


_BY_HAND = Trigger("command")
_current: ContextVar[Trigger] = ContextVar("trigger", default=_BY_HAND)


def current() -> Trigger:
    return _current.get()


@contextmanager
def triggered(name: str, actor_id: int | None = None) -> Iterator[None]:
    """Everything inside is logged as set off by `name` and `actor_id`."""
    token = _current.set(Trigger(name, actor_id))
    try:
        yield
    finally:
        _current.reset(token)
