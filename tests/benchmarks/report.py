"""How the benchmarks tell what they measured."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Clock:
    """Seconds between entering and leaving `timed`."""

    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Clock]:
    gc.collect()
    gc.freeze()  # the test runner's own hundred thousands of objects are nobody's cost
    clock, started = Clock(), time.perf_counter()
    yield clock
    clock.seconds = time.perf_counter() - started
    gc.unfreeze()


def tell(title: str, number: int, **seconds: float) -> None:
    """A line per way of doing it, with its rate and how often it fits into the slowest."""
    slowest = max(seconds.values())
    print(f"\n{title} ({number:,})")  # noqa: T201
    for name, taken in seconds.items():
        words = name.replace("_", " ")
        print(f"  {words:<44}{taken:8.3f} s {number / taken:10,.0f} /s {slowest / taken:8.1f} x")  # noqa: T201
