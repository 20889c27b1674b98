"""Many at once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

Given = TypeVar("Given")
Got = TypeVar("Got")


def at_once(work: Callable[[Given], Got], given: Iterable[Given]) -> list[Got]:
    """Each in a thread with a connection of its own, all starting together; an error in any of them is an error."""
    parts = list(given)
    start = Barrier(len(parts))

    def run(part: Given) -> Got:
        start.wait(10)
        try:
            return work(part)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(run, parts))
