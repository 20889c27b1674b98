"""Faults on request: what the stand-in is told to get wrong, how often and for which method."""

import random
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

KINDS = {
    "refuse": "reset the connection before anything is read",
    "status": "answer with this HTTP status and an HTML page; nothing is executed",
    "slow": "execute, then wait this many seconds before answering",
    "pace": "take this many milliseconds per record in load and create (a real server: about 7)",
    "cut_before": "close the connection without an answer; nothing is executed",
    "cut_after": "execute and commit, then close the connection without an answer",
    "conflict": "answer as if another transaction had changed the same rows",
    "refuse_batch": "refuse a load of several rows with this text, and a single row that contains the marker",
}
_NUMBERS: dict[str, Callable[[Any], float]] = {"status": int, "slow": float, "pace": float}


@dataclass(slots=True)
class Fault:
    """One fault; `times` counts down, `share` is a probability, `method` limits it to one method."""

    fault: str
    value: Any = True
    share: float = 1.0
    times: int | None = None
    method: str | None = None
    marker: str | None = None

    def __post_init__(self) -> None:
        if self.fault not in KINDS:
            raise ValueError(f"unknown fault {self.fault!r}, use one of {', '.join(KINDS)}")
        if self.fault == "refuse" and self.method:
            raise ValueError("a refused connection has no method yet")
        if convert := _NUMBERS.get(self.fault):
            self.value = convert(self.value)
        self.share = float(self.share)
        self.times = None if self.times is None else int(self.times)


class Faults:
    """The faults in force. Safe to change while calls run; chance is seeded, so a run can be repeated."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: dict[str, Fault] = {}
        self._random = random.Random(0)  # noqa: S311

    def set(
        self,
        fault: str,
        value: Any = True,
        *,
        share: float = 1.0,
        times: int | None = None,
        method: str | None = None,
        marker: str | None = None,
    ) -> None:
        """Put a fault in force, in place of an earlier one of its kind; raises ValueError on nonsense."""
        made = Fault(fault, value, share=share, times=times, method=method, marker=marker)
        with self._lock:
            self._set[fault] = made

    def clear(self, fault: str | None = None) -> None:
        """End one kind of fault, or all of them."""
        with self._lock:
            if fault:
                self._set.pop(fault, None)
            else:
                self._set.clear()
                self._random.seed(0)

    def take(self, kind: str, method: str | None = None) -> Fault | None:
        """The fault this call meets, if any; a counted one is used up by it."""
        with self._lock:
            fault = self._set.get(kind)
            if fault is None or fault.method not in (None, method) or self._random.random() >= fault.share:
                return None
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    del self._set[kind]
            return fault

    def show(self) -> list[dict[str, Any]]:
        """The faults in force, without what was left unsaid."""
        with self._lock:
            return [{k: v for k, v in asdict(f).items() if v is not None} for f in self._set.values()]
