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
        start.wait(60)
        try:
            return work(part)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(run, parts))


def crowded(work: Callable[[Given], Got], given: Iterable[Given], *, threads: int = 50) -> list[Got]:
    """As `at_once`, of more than a database has connections for: each thread does its share one by one."""
    parts = list(given)
    shares = [share for share in (parts[first::threads] for first in range(threads)) if share]
    return [got for some in at_once(lambda share: [work(each) for each in share], shares) for got in some]
