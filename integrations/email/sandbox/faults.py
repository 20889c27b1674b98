"""Faults on request: what the stand-in is told to get wrong, how often, and how often it did."""

import random
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ANSWER = re.compile(r"[45]\d\d( .*)?")
TEXTS = {
    "421": "4.3.2 Service closes the connection",
    "450": "4.2.1 Mailbox busy, try again later",
    "451": "4.3.0 Try again later",
    "452": "4.3.1 Out of space, try again later",
    "550": "5.7.1 Refused",
    "552": "5.3.4 Too large",
    "554": "5.7.1 Refused",
}


def answer(value: Any) -> str:
    """A whole line of SMTP from a code (451) or a line; raises ValueError for what refuses nothing."""
    line = str(value).strip()
    if not ANSWER.fullmatch(line):
        raise ValueError(f"{line!r} is no refusal, such as 451 or 550 5.1.1 No such user")
    return line if " " in line else f"{line} {TEXTS.get(line, 'Refused')}"


# {kind: (what it does, how its value is read)}
KINDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "refuse": ("greet a connection with 421 and close it", bool),
    "login": ("refuse every user and password with 535", bool),
    "no_starttls": ("offer no encryption on the open port", bool),
    "no_pipelining": ("take one command at a time", bool),
    "size": ("take letters of at most so many bytes", int),
    "letters": ("close a connection with 421 when it brings one letter more than so many", int),
    "slow": ("wait so many seconds before every answer", float),
    "mail": ("answer MAIL FROM with this; 421 closes the connection", answer),
    "rcpt": ("answer RCPT TO with this; 421 closes the connection", answer),
    "data": ("answer DATA with this; 421 closes the connection", answer),
    "end": ("answer the end of the content with this, and keep nothing; 421 closes the connection", answer),
    "cut_before": ("close the connection before the content", bool),
    "cut_lost": ("close the connection after the content, having lost the letter", bool),
    "cut_kept": ("close the connection after the content, having kept the letter", bool),
}


@dataclass(slots=True)
class Fault:
    """One fault; `times` counts down, `share` is a probability."""

    value: Any
    share: float = 1.0
    times: int | None = None


class Faults:
    """The faults in force. Safe to change while letters arrive; chance is seeded, so a run can be repeated."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: dict[str, Fault] = {}
        self._random = random.Random(0)  # noqa: S311
        self.met: Counter[str] = Counter()  # how often each kind struck
        self.refused: dict[str, str] = {}  # {address: answer} for recipients that are always refused

    def set(self, kind: str, value: Any = True, *, share: float = 1.0, times: int | None = None) -> None:
        """Put a fault in force, in place of an earlier one of its kind; raises ValueError on nonsense."""
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}, use one of {', '.join(KINDS)}")
        fault = Fault(KINDS[kind][1](value), float(share), None if times is None else int(times))
        with self._lock:
            self._set[kind] = fault

    def refuse(self, address: str, line: str = "550 5.1.1 No such user") -> None:
        """From now on this recipient is refused; raises ValueError for a line that refuses nothing."""
        self.refused[address.lower()] = answer(line)

    def seed(self, number: int) -> None:
        with self._lock:
            self._random.seed(number)

    def clear(self) -> None:
        """End all faults, and forget how often they struck."""
        with self._lock:
            self._set.clear()
            self.met.clear()
            self.refused.clear()
            self._random.seed(0)

    def take(self, kind: str) -> Any:
        """The value of the fault that strikes here, or None; a counted one is used up by it."""
        with self._lock:
            fault = self._set.get(kind)
            if fault is None or self._random.random() >= fault.share:
                return None
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    del self._set[kind]
            self.met[kind] += 1
            return fault.value

    def show(self) -> dict[str, dict[str, Any]]:
        """{kind: its value, share and times}, of those in force."""
        with self._lock:
            return {
                kind: {"value": fault.value, "share": fault.share, "times": fault.times}
                for kind, fault in self._set.items()
            }
