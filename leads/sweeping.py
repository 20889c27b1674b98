"""Sweeps over many things, of which one may be broken."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

logger = structlog.get_logger(__name__)

Part = TypeVar("Part")


def one_by_one(sweep: str, parts: Iterable[Part], work: Callable[[Part], int]) -> int:
    """The sum of what `work` says of each part; `sweep` is how the log calls it.

    A part that fails keeps none of the others from their turn. Raises `ExceptionGroup` of all that failed once every
    part had its turn, so that whoever asked for the sweep knows that it is not done.
    """
    done, failures = 0, []
    for part in parts:
        try:
            done += work(part)
        except Exception as error:
            logger.exception("part of a sweep failed", sweep=sweep)
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{sweep}: {len(failures)} failed, {done} done", failures)
    return done
