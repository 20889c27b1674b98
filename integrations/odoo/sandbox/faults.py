"""What this stand-in can be told to get wrong."""

from dataclasses import dataclass

from integrations.standin import faults

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


@dataclass
class Fault(faults.Fault):
    """`call` is the name of a method."""

    kinds = KINDS
    numbers = {"status": int, "slow": float, "pace": float}

    marker: str | None = None


Faults = faults.Faults[Fault]
