"""The object service: runs one call as one transaction, with the faults that were asked for."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .env import Database, Env
from .errors import AccessDeniedError, SerializationError, wrap
from .faults import Faults
from .loading import external_ids, refusal
from .methods import Method
from .orm import Model, check_language
from .users import Users


@dataclass(frozen=True, slots=True)
class Call:
    """A method with its arguments bound; `records` is how many it creates or loads."""

    model: Model
    name: str
    method: Method
    arguments: Mapping[str, Any]

    @property
    def rows(self) -> list[Any]:
        key = {"load": "data", "create": "vals_list"}.get(self.name)
        found = self.arguments.get(key) if key else None
        return found if isinstance(found, list) else [found] if found else []

    @property
    def external_ids(self) -> set[str]:
        return external_ids(self.arguments["fields"], self.rows) if self.name == "load" else set()

    def run(self) -> Any:
        return self.method(**{**self.arguments, "model": self.model})


@dataclass(slots=True)
class Service:
    """What the transports share: users, calls and faults of one database."""

    db: Database
    users: Users
    faults: Faults
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    _busy: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def env(self, uid: int, context: Any) -> Env:
        return Env(self.db, uid, context if isinstance(context, dict) else {})

    def authenticate(self, login: Any, key: Any) -> int | bool:
        uid = self.users.check(key)
        return uid if uid and self.db.store.table("res.users")[uid]["login"] == login else False

    def verify(self, uid: Any, key: Any) -> int:
        """The uid when the key is its own; raises AccessDeniedError."""
        found = self.users.check(key)
        if not found or found != uid:
            raise AccessDeniedError
        return found

    def note(self, env: Env, model: str, method: str) -> None:
        self.calls.append((model, method, env.user["login"]))

    def perform(self, call: Call) -> Any:
        """The call's result; raises OdooError, and then nothing was stored."""
        try:
            with self._claimed(call.external_ids) as free:
                if not free or self.faults.take("conflict", call.name):
                    return _conflict(call)
                if (refused := self._refused_batch(call)) is not None:
                    return refused
                self._keep_pace(call)
                check_language(call.model.env)
                with self.db.store.transaction():
                    return call.run()
        except Exception as error:
            raise wrap(error) from error

    @contextmanager
    def _claimed(self, xids: set[str]) -> Iterator[bool]:
        """Whether no other load in flight holds one of these external ids."""
        with self._lock:
            free = self._busy.isdisjoint(xids)
            if free:
                self._busy |= xids
        try:
            yield free
        finally:
            if free:
                with self._lock:
                    self._busy -= xids

    def _refused_batch(self, call: Call) -> Any:
        fault = self.faults.take("refuse_batch", call.name) if call.name == "load" else None
        if fault is None:
            return None
        if len(call.rows) > 1 or (fault.marker and fault.marker in str(call.rows)):
            message = {"type": "error", "message": str(fault.value)}
            return {"ids": False, "messages": [message], "nextrow": 0}
        return None

    def _keep_pace(self, call: Call) -> None:
        """Slept before the transaction: a real server works on several calls at once."""
        if call.rows and (fault := self.faults.take("pace", call.name)):
            time.sleep(fault.value * len(call.rows) / 1000)


def _conflict(call: Call) -> Any:
    failure = SerializationError()
    if call.name == "load":
        return refusal(len(call.rows), failure.message)
    raise failure
