"""Faults on request: what the stand-in is told to get wrong, how often and for which calls."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

KINDS = {
    "refuse": "reset the connection before anything is read",
    "status": "answer with this HTTP status, such as 429 or 503, and Stripe's error for it; nothing is executed",
    "crash": "answer with a 500 that is kept under the idempotency key, as Stripe does; nothing is executed",
    "forbid": "answer as if a restricted key lacked the right (403)",
    "slow": "execute, then wait this many seconds before answering",
    "cut_before": "close the connection without an answer; nothing is executed",
    "cut_after": "execute and commit, then close the connection without an answer",
    "webhook_drop": "never send the event",
    "webhook_hold": "keep the event back until it is released",
    "webhook_delay": "send the event up to this many seconds late, each its own time, so that they overtake each other",
    "webhook_double": "send the event twice",
    "webhook_forge": "sign the event with a wrong secret",
}
_NUMBERS: dict[str, Callable[[Any], float]] = {"status": int, "slow": float, "webhook_delay": float}


@dataclass(slots=True)
class Fault:
    """One fault; `times` counts down, `share` is a probability. `call` limits it to calls such as "refunds.create" or
    "payment_intents.*", or to kinds of event. `retry_after` seconds go with a status.
    """

    fault: str
    value: Any = True
    share: float = 1.0
    times: int | None = None
    call: str | None = None
    retry_after: int | None = None

    def __post_init__(self) -> None:
        if self.fault not in KINDS:
            raise ValueError(f"unknown fault {self.fault!r}, use one of {', '.join(KINDS)}")
        if self.fault == "refuse" and self.call:
            raise ValueError("a refused connection has no call yet")
        if convert := _NUMBERS.get(self.fault):
            self.value = convert(self.value)
        if self.fault == "status" and not 400 <= self.value < 600:
            raise ValueError(f"{self.value} refuses nothing")
        self.share = float(self.share)
        self.times = None if self.times is None else int(self.times)
        self.retry_after = None if self.retry_after is None else int(self.retry_after)

    def meets(self, call: str) -> bool:
        return self.call is None or fnmatchcase(call, self.call)


class Faults:
    """The faults in force. Safe to change while calls run; chance is seeded, so a run can be repeated."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: dict[str, Fault] = {}
        self._random = random.Random(0)  # noqa: S311
        self.met: Counter[str] = Counter()  # how often each kind struck

    def set(
        self,
        fault: str,
        value: Any = True,
        *,
        share: float = 1.0,
        times: int | None = None,
        call: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Put a fault in force, in place of an earlier one of its kind; raises ValueError on nonsense."""
        made = Fault(fault, value, share=share, times=times, call=call, retry_after=retry_after)
        with self._lock:
            self._set[fault] = made

    def seed(self, number: int) -> None:
        with self._lock:
            self._random.seed(number)

    def clear(self, fault: str | None = None) -> None:
        """End one kind of fault, or all of them."""
        with self._lock:
            if fault:
                self._set.pop(fault, None)
            else:
                self._set.clear()
                self._random.seed(0)

    def take(self, kind: str, call: str = "") -> Fault | None:
        """The fault this call meets, if any; a counted one is used up by it."""
        with self._lock:
            fault = self._set.get(kind)
            if fault is None or not fault.meets(call) or self._random.random() >= fault.share:
                return None
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    del self._set[kind]
            self.met[kind] += 1
            return fault

    def up_to(self, most: float) -> float:
        """A time by chance."""
        with self._lock:
            return self._random.uniform(0, most)

    def show(self) -> list[dict[str, Any]]:
        """The faults in force, without what was left unsaid."""
        with self._lock:
            return [{k: v for k, v in asdict(f).items() if v is not None} for f in self._set.values()]
