"""What a service declares in its class body: operations, which are its promises, and jobs, which are its schedules."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from django.db.models import Model
from django.utils.functional import Promise

from integrations.errors import IntegrationError

from .reports import JobReport

if TYPE_CHECKING:
    from .base import IntegrationService

Outcome = IntegrationError | None  # None: delivered
S = TypeVar("S", bound="IntegrationService")
M = TypeVar("M", bound=Model)
Handler = Callable[[S, Sequence[M]], Iterator[tuple[Sequence[M], Outcome]]]


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
        self,
        handler: Handler[S, M],
        *,
        label: Promise | str,
        batch_size: int,
        queue: str,
        priority: int,
        button: Promise | str = "",
    ) -> None:
        self.handler = handler
        self.label = label
        self.batch_size = batch_size
        self.queue = queue
        self.priority = priority
        self.button = button
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
    *,
    label: Promise | str = "",
    batch_size: int = 1,
    queue: str = "bulk",
    priority: int = 10,
    button: Promise | str = "",
) -> Callable[[Handler[S, M]], Operation[S, M]]:
    """Declare a promise that a service can keep. `label` is what operators call it (without one: the method's name);
    `queue` is `fast` for what a person waits for. `button` is what a button says that promises it about the operator
    who presses it; without one there is none."""
    return lambda handler: Operation(
        handler,
        label=label or handler.__name__.replace("_", " ").capitalize(),
        batch_size=batch_size,
        queue=queue,
        priority=priority,
        button=button,
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
