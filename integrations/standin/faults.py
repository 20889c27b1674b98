"""Faults on request: what a stand-in is told to get wrong, how often and for which calls."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Generic, TypeVar


@dataclass
class Fault:
    """One fault; `times` counts down, `share` is a probability, `call` limits it to calls such as "events.*".

    A stand-in says what its kinds do, and which of their values are numbers.
    """

    kinds: ClassVar[Mapping[str, str]] = {}
    numbers: ClassVar[Mapping[str, Callable[[Any], float]]] = {}

    fault: str
    value: Any = True
    share: float = 1.0
    times: int | None = None
    call: str | None = None

    def __post_init__(self) -> None:
        if self.fault not in self.kinds:
            raise ValueError(f"unknown fault {self.fault!r}, use one of {', '.join(self.kinds)}")
        if self.fault == "refuse" and self.call:
            raise ValueError("a refused connection has no call yet")
        if convert := self.numbers.get(self.fault):
            self.value = convert(self.value)
        if self.fault == "status" and not 400 <= self.value < 600:
            raise ValueError(f"{self.value} refuses nothing")
        self.share = float(self.share)
        self.times = None if self.times is None else int(self.times)

    def meets(self, call: str) -> bool:
        return self.call is None or fnmatchcase(call, self.call)


F = TypeVar("F", bound=Fault)


class Faults(Generic[F]):
    """The faults in force. Safe to change while calls run; chance is seeded, so a run can be repeated."""

    def __init__(self, make: type[F]) -> None:
        self.make = make
        self._lock = threading.Lock()
        self._set: dict[str, F] = {}
        self._random = random.Random(0)  # noqa: S311
        self.met: Counter[str] = Counter()  # how often each kind struck

    def set(self, fault: str, value: Any = True, **told: Any) -> None:
        """Put a fault in force, in place of an earlier one of its kind; `told` are the other fields of a fault.

        Raises ValueError or TypeError on nonsense.
        """
        made = self.make(fault, value, **told)
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

    def take(self, kind: str, call: str = "") -> F | None:
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
