"""What a service tells of itself, of a test and of a job; what it is told of a promise and by a webhook."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Protocol

from django.db.models import Model


@dataclass(frozen=True)
class ConnectionReport:
    """A test's result in words. `problems` need a human and make the light red; `notes` do not.

    `found` is what the service's `requirements` need of it: JSON values by names of the service's own.
    """

    summary: str
    facts: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        return {"ok": self.ok, **asdict(self)}

    def to_store(self) -> dict[str, Any]:
        """As JSON with the facts as pairs: the database keeps no order of names."""
        return {**self.as_json(), "facts": [list(fact) for fact in self.facts.items()]}


class Mode(StrEnum):
    """What is at the other end: the real thing, the provider's own test system, or a stand-in on this machine."""

    LIVE = "live"
    TEST = "test"
    SANDBOX = "sandbox"


@dataclass(frozen=True)
class Requirement:
    """One line of the go-live checklist: what must be true, whether it is, and what to do where it is not."""

    text: str
    met: bool
    next_step: str = ""


@dataclass
class JobReport:
    """What a job did: how many rows it promised, or (dry run) what it would change.

    `counts` is {kind: number} of all records, `changes` tells the first `TOLD` in full, `left_out` are the others.
    `notes` are sentences about the whole of it, for people.
    """

    TOLD: ClassVar[int] = 200

    promised: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    left_out: int = 0
    notes: list[str] = field(default_factory=list)

    def count(self, kind: str, number: int = 1) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + number

    def tell(self, change: dict[str, Any]) -> None:
        """A change that a dry run found: {"kind", ..., "fields": {name: {"before", "after"}}}."""
        self.count(change["kind"])
        if len(self.changes) < self.TOLD:
            self.changes.append(change)
        else:
            self.left_out += 1


class Finding(NamedTuple):
    """Something that is not the same on both sides. `kind` is one of `reconciliation.KINDS`.

    `subject` is ours, as it was read before the other side was asked; where there is none, `reference` is their id.
    `here` and `there` are {field: text}; `by_hand` says that no promise of ours can mend it.
    """

    kind: str
    subject: Model | None
    here: dict[str, str]
    there: dict[str, str]
    reference: str = ""
    url: str = ""
    by_hand: bool = False


class Part(NamedTuple):
    """A stretch of comparing. Only where `findings` comes to its end is what it did not find known to agree.

    `name` is for ever that of the same stretch; `findings` raises IntegrationError where the other side cannot say.
    """

    name: str
    findings: Iterator[Finding]


class Promised(Protocol):
    """What a handler may ask about the promise that it keeps just now.

    `id` is the delivery's; its `version` rises whenever it is promised again, so that both together are the same in
    every try of one promise, and never in another. `key` names it for ever, `occasion` is that of `outbox.once`.
    """

    @property
    def id(self) -> int: ...
    @property
    def key(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def occasion(self) -> str: ...


@dataclass
class Incoming:
    """One verified event. `event_id` is the sender's own and tells repetitions.

    Whoever processes it enters what it is `about` as soon as that is known: operators find it there.
    """

    event_id: str
    type: str
    payload: dict[str, Any]
    about: Model | None = None
