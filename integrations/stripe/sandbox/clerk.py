"""Work in the background, each piece at its time."""

import heapq
import itertools
import threading
import time
import traceback
from collections.abc import Callable
from typing import Self

Job = Callable[[], None]


class Clerk:
    """Does what it is given, when it is due, on a few threads."""

    def __init__(self, threads: int = 1) -> None:
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Job]] = []
        self._count = itertools.count()
        self._at_work = 0
        self._closed = False

    def start(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def close(self) -> None:
        """What is not yet due is never done."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(5)

    def give(self, job: Job, *, after: float = 0) -> None:
        """`after` seconds."""
        with self._changed:
            heapq.heappush(self._waiting, (time.monotonic() + after, next(self._count), job))
            self._changed.notify_all()

    def wait_idle(self, timeout: float) -> bool:
        """Whether all was done within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._at_work, timeout)

    def _work(self) -> None:
        while job := self._next():
            try:
                job()
            except Exception:  # the next job may fare better
                traceback.print_exc()
            finally:
                with self._changed:
                    self._at_work -= 1
                    self._changed.notify_all()

    def _next(self) -> Job | None:
        """Waits for what is due; None when closed."""
        with self._changed:
            while not self._closed:
                wait = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if wait is not None and wait <= 0:
                    self._at_work += 1
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(wait)
        return None
