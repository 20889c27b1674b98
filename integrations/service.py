"""The one base class of all integrations, and what a service declares: settings, operations, jobs, what it receives."""

import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_address
from typing import Annotated, Any, ClassVar, Generic, Protocol, Self, TypeVar, cast, overload
from urllib.parse import urlsplit

from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, SecretStr
from pydantic.fields import FieldInfo

from .errors import IntegrationError
from .gate import Gate
from .memory import Memory
from .models import Connection

Outcome = IntegrationError | None  # None: delivered
S = TypeVar("S", bound="IntegrationService")
M = TypeVar("M", bound=Model)
Handler = Callable[[S, Sequence[M]], Iterator[tuple[Sequence[M], Outcome]]]


RATE = r"^[1-9]\d{0,5}/(second|minute|hour)$"
A_DAY, A_WEEK = 86_400, 604_800  # seconds


class IntegrationSettings(BaseModel):
    """What every integration lets its operator set; a service's schema adds its own.

    SecretStr fields are kept encrypted on the Connection, the others on the Integration. A field's first value may come
    from the environment: `json_schema_extra={"env": "NAME"}`; the row wins once it is saved.
    """

    # Errors without values: pydantic would quote the whole input, secrets too, in tracebacks.
    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    timeout: PositiveFloat = Field(
        30, title=noop("Timeout"), description=noop("How many seconds to wait for an answer."), examples=[30], le=120
    )
    rate: str = Field(
        "600/minute",
        title=noop("Rate"),
        description=noop("How often each operation may call, so that the other side is not overrun."),
        examples=["600/minute", "10/second"],
        pattern=RATE,
    )
    batch_size: PositiveInt | None = Field(
        None,
        title=noop("Batch size"),
        description=noop("How many records go in one call. Empty: as many as suit each operation."),
        examples=[200],
        le=1000,
    )
    retry_schedule: list[Annotated[PositiveInt, Field(le=A_WEEK)]] = Field(
        [10, 60, 300, 1800, 7200, 18000, 36000, 36000],
        title=noop("Retry schedule"),
        description=noop("Seconds before each further try of a record that failed; after the last try it is dead."),
        examples=[[10, 60, 300, 1800]],
        min_length=1,
    )
    breaker_failures: PositiveInt = Field(
        5,
        title=noop("Failures before a pause"),
        description=noop("After so many failures in a row nothing is called for a while."),
        examples=[5],
        le=1000,
    )
    breaker_pause: PositiveInt = Field(
        60,
        title=noop("First pause"),
        description=noop("How many seconds the first pause lasts; each further one is twice as long."),
        examples=[60],
        le=A_DAY,
    )
    breaker_longest_pause: PositiveInt = Field(
        900,
        title=noop("Longest pause"),
        description=noop("No pause lasts more seconds than this."),
        examples=[900],
        le=A_DAY,
    )
    lease: PositiveInt = Field(
        300,
        title=noop("Lease"),
        description=noop("If a worker is not heard of for so many seconds, another one takes over its batch."),
        examples=[300],
        le=A_DAY,
    )

    @classmethod
    def secret_fields(cls) -> dict[str, FieldInfo]:
        return {name: info for name, info in cls.model_fields.items() if is_secret(info)}

    def secret_values(self) -> list[str]:
        found = (getattr(self, name) for name in self.secret_fields())
        return [value.get_secret_value() for value in found if isinstance(value, SecretStr)]

    def fingerprint(self, rotated_at: datetime | None) -> str:
        """The same for the same settings and secrets; tells nothing of either."""
        told = f"{self.model_dump_json(exclude=set(self.secret_fields()))} {rotated_at}"
        return sha256(told.encode()).hexdigest()

    @classmethod
    def from_environment(cls) -> dict[str, str]:
        """First values: {field: text} of what the environment has."""
        names = {name: env_name(info) for name, info in cls.model_fields.items()}
        return {name: os.environ[env] for name, env in names.items() if env and os.environ.get(env)}


def is_secret(info: FieldInfo) -> bool:
    return "SecretStr" in str(info.annotation)


def title_of(name: str, info: FieldInfo) -> str:
    """What people call a setting."""
    return _(info.title) if info.title else name.replace("_", " ").capitalize()


def is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def env_name(info: FieldInfo) -> str:
    extra = info.json_schema_extra
    return str(extra.get("env", "")) if isinstance(extra, dict) else ""


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
    """

    TOLD: ClassVar[int] = 200

    promised: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    left_out: int = 0

    def count(self, kind: str, number: int = 1) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + number

    def tell(self, change: dict[str, Any]) -> None:
        """A change that a dry run found: {"kind", ..., "fields": {name: {"before", "after"}}}."""
        self.count(change["kind"])
        if len(self.changes) < self.TOLD:
            self.changes.append(change)
        else:
            self.left_out += 1


class Promised(Protocol):
    """What a handler may ask about the promise that it keeps just now.

    `id` is the delivery's; its `version` rises whenever it is promised again, so that both together are the same in
    every try of one promise, and never in another. `occasion` is that of `outbox.once`.
    """

    @property
    def id(self) -> int: ...
    @property
    def version(self) -> int: ...
    @property
    def occasion(self) -> str: ...


@dataclass(frozen=True)
class Incoming:
    """One verified event. `event_id` is the sender's own and tells repetitions."""

    event_id: str
    type: str
    payload: dict[str, Any]


class Declared(Generic[S]):
    """Something that a service declares in its class body: it learns its name and its service there."""

    service: type[S]
    name: str

    def __set_name__(self, owner: type[S], name: str) -> None:
        self.service = owner
        self.name = name


class Operation(Declared[S], Generic[S, M]):
    """One kind of promise. On the class it is the promise's name for `outbox`; on an instance it is the handler.

    The handler is a generator of (subjects, outcome): the outbox settles as they come. It must be safe to repeat and
    read current data. What it raises counts for every subject not yet yielded.
    """

    def __init__(
        self, handler: Handler[S, M], *, label: Promise | str, batch_size: int, queue: str, priority: int
    ) -> None:
        self.handler = handler
        self.label = label
        self.batch_size = batch_size
        self.queue = queue
        self.priority = priority
        self.__doc__ = handler.__doc__

    @overload
    def __get__(self, instance: None, owner: type[S]) -> Self: ...
    @overload
    def __get__(
        self, instance: S, owner: type[S]
    ) -> Callable[[Sequence[M]], Iterator[tuple[Sequence[M], Outcome]]]: ...
    def __get__(self, instance: S | None, owner: type[S]) -> Any:
        return self if instance is None else self.handler.__get__(instance, owner)

    def __str__(self) -> str:
        return f"{self.service.slug}.{self.name}"


def operation(
    *, label: Promise | str = "", batch_size: int = 1, queue: str = "bulk", priority: int = 10
) -> Callable[[Handler[S, M]], Operation[S, M]]:
    """Declare a promise that a service can keep. `label` is what operators call it (without one: the method's name);
    `queue` is `fast` for what a person waits for."""
    return lambda handler: Operation(
        handler,
        label=label or handler.__name__.replace("_", " ").capitalize(),
        batch_size=batch_size,
        queue=queue,
        priority=priority,
    )


class Job(Declared[S]):
    """Work on a schedule: a beat row, a command and an admin button are made of it."""

    def __init__(self, run: Callable[..., JobReport], *, every: timedelta, command: str, label: Promise | str) -> None:
        self.run = run
        self.every = every
        self.command = command.replace("-", "_")
        self.label = label or command
        self.options = list(inspect.signature(run).parameters.values())[1:]
        self.__doc__ = run.__doc__

    @overload
    def __get__(self, instance: None, owner: type[S]) -> Self: ...
    @overload
    def __get__(self, instance: S, owner: type[S]) -> Callable[..., JobReport]: ...
    def __get__(self, instance: S | None, owner: type[S]) -> Any:
        return self if instance is None else self.run.__get__(instance, owner)

    @property
    def can_dry_run(self) -> bool:
        return any(option.name == "dry_run" for option in self.options)


def job(*, every: timedelta, command: str, label: Promise | str = "") -> Callable[[Callable[..., JobReport]], Job[Any]]:
    """Declare scheduled work. Keyword-only parameters of the method become options of the command."""
    return lambda run: Job(run, every=every, command=command, label=label)


class IntegrationService:
    """Another system, as one of our connections sees it. Made anew for each batch, so new settings count at once."""

    slug: ClassVar[str]
    label: ClassVar[Promise | str]
    icon: ClassVar[str] = "hub"
    settings_schema: ClassVar[type[IntegrationSettings]] = IntegrationSettings
    # What each further account adds (an endpoint, a consultant's calendar), if there may be any: a subclass of
    # `settings_schema`, whose additional fields are all kept encrypted on that account's Connection.
    account_schema: ClassVar[type[IntegrationSettings] | None] = None

    # What people call the fields of their records: {kind of record there: {field: label}}.
    field_labels: ClassVar[Mapping[str, Mapping[str, Promise | str]]] = {}

    def __init__(self, connection: Connection, *, forced: bool = False) -> None:
        """Raises pydantic.ValidationError when settings are incomplete. `forced` passes a pause, to test."""
        self.connection = connection
        self.settings = self.schema_of(connection).model_validate(self.raw_settings(connection))
        self.gate = Gate(connection, self.settings, forced=forced)
        self.claimed: Mapping[tuple[str, int], Promised] = {}  # filled by the outbox for each batch
        self.memory = Memory(connection, of=self.settings.fingerprint(connection.rotated_at))

    @classmethod
    def schema_of(cls, connection: Connection) -> type[IntegrationSettings]:
        return cls.account_schema if connection.owner and cls.account_schema else cls.settings_schema

    @classmethod
    def kept_on(cls, connection: Connection) -> set[str]:
        """Names of the fields that are kept on the connection, encrypted; the others are the integration's."""
        if connection.owner and cls.account_schema:
            return set(cls.account_schema.model_fields) - set(cls.settings_schema.model_fields)
        return set(cls.settings_schema.secret_fields())

    @classmethod
    def raw_settings(cls, connection: Connection) -> dict[str, Any]:
        """What is configured, secrets included: the environment's first values, then what was saved.

        An account has what the integration has, and what is its own.
        """
        return {
            **cls.settings_schema.from_environment(),
            **connection.integration.settings,
            **cls._shared_secrets(connection),
            **connection.secrets,
        }

    @classmethod
    def _shared_secrets(cls, connection: Connection) -> dict[str, Any]:
        if not connection.owner or not cls.settings_schema.secret_fields():
            return {}
        own: dict[str, Any] = connection.integration.own_connection.secrets
        return own

    @classmethod
    def system_of(cls, settings: Any) -> str:
        """Names the system that settings lead to (url and database, account, calendar): the title of its book."""
        return cls.slug

    @classmethod
    def mode_of(cls, settings: Any) -> Mode:
        """What such settings lead to; by default a stand-in where a setting called `url` points at this machine."""
        return Mode.SANDBOX if is_this_machine(str(getattr(settings, "url", ""))) else Mode.LIVE

    def requirements(self) -> list[Requirement]:
        """What must be true before going live, beyond what holds for every integration (see `golive`).

        Calls nobody: it looks at settings and at `self.connection.report`, what the last test found.
        """
        return []

    @property
    def remote_system(self) -> str:
        return self.system_of(self.settings)

    @property
    def has_moved(self) -> bool:
        """The settings lead to another system than the one that our records are in, and nobody has said so."""
        return self.connection.book not in ("", self.remote_system)

    def open_book(self) -> None:
        """From now on our records are in the system that the settings name."""
        if self.connection.book != self.remote_system:
            self.connection.book = self.remote_system
            Connection.objects.filter(pk=self.connection.pk).update(book=self.remote_system)

    def test_connection(self) -> ConnectionReport:
        """Who we are there and what is missing. Reads only. Raises IntegrationError when there is no answer."""
        raise NotImplementedError

    def promise(self, subject: Model) -> Promised:
        """The promise about `subject` that is being kept. Raises KeyError when there is none."""
        return self.claimed[subject._meta.label_lower, subject.pk]

    def refresh(self) -> None:
        """Forget what was remembered of the other side, because it refused something that should be right."""
        self.memory.forget()

    def receive(self, request: HttpRequest) -> list[Incoming]:
        """Verify a webhook and return its events. Raises Rejected for a forged or unreadable one."""
        raise IntegrationError("This integration receives nothing.")

    def process(self, event: Incoming) -> bool:
        """Act on a stored event by calling domain actions. Returns False for a type that means nothing to us."""
        return False

    @classmethod
    def operations(cls) -> list[Operation[Any, Any]]:
        return cls._declared(Operation)

    @classmethod
    def jobs(cls) -> list[Job[Any]]:
        return cls._declared(Job)

    @classmethod
    def _declared(cls, kind: type[Any]) -> list[Any]:
        found = (getattr(cls, name) for name in vars(cls))
        return [cast(Any, member) for member in found if isinstance(member, kind)]

    def secret(self, name: str) -> str:
        value: SecretStr = getattr(self.settings, name)
        return value.get_secret_value()
