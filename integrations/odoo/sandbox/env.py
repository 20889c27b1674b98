"""One Odoo database, and who is asking it what in which context."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from .errors import UserError
from .schema import Fields, Schema
from .store import Record, Store

SUPERUSER = 1
ADMIN = 2
DATETIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Database:
    name: str
    major: int
    website_event: bool
    store: Store
    schema: Schema


@dataclass(frozen=True, slots=True)
class Env:
    """A user's view of a database; with `superuser` no rights are asked for."""

    db: Database
    uid: int
    context: Mapping[str, Any] = field(default_factory=dict)
    superuser: bool = False

    @property
    def user(self) -> Record:
        return self.db.store.table("res.users")[self.uid]

    @property
    def modern(self) -> bool:
        """19 rather than 16."""
        return self.db.major >= 19

    def sudo(self) -> "Env":
        return replace(self, superuser=True)

    def fields(self, model: str) -> Fields:
        if model not in self.db.schema:
            raise UserError(f"Object {model} doesn't exist")
        return self.db.schema[model]

    def rows(self, model: str) -> Mapping[int, Record]:
        return self.db.store.table(model)


def now() -> str:
    return datetime.now(UTC).strftime(DATETIME)
