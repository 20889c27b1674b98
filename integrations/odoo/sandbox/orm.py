"""Search, read, create, write and unlink as one user may do them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from . import access, behaviour, computed, constraints, values
from .domain import Checked, Domain
from .env import Env, now
from .errors import MissingError, UserError
from .schema import Field, Fields
from .store import Record

_ORDER = {
    "crm.lead": "priority desc, id desc",
    "event.event": "date_begin, id",
    "event.registration": "id desc",
    "utm.medium": "name",
}


@dataclass(frozen=True, slots=True)
class Model:
    """One model as a user sees it; raises `UserError` for a model that does not exist."""

    env: Env
    name: str

    def __post_init__(self) -> None:
        self.env.fields(self.name)

    @property
    def fields(self) -> Fields:
        return self.env.fields(self.name)

    @property
    def rows(self) -> Mapping[int, Record]:
        return self.env.rows(self.name)

    def search(
        self, domain: Domain, *, offset: int = 0, limit: int | None = None, order: str | None = None
    ) -> list[int]:
        access.check(self.env, self.name, "read")
        found = [row["id"] for row in self._ordered(self._matching(domain), order)]
        return found[offset : offset + limit] if limit else found[offset:]

    def read(self, ids: Sequence[int], names: Sequence[str] | None, *, plain: bool = False) -> list[Record]:
        """The wanted fields of the records that exist; `plain` leaves a many2one an id."""
        access.check(self.env, self.name, "read")
        wanted = list(names or self.fields)
        for name in wanted:
            if name not in self.fields:
                raise ValueError(f"Invalid field {name!r} on model {self.name!r}")
        rows = [self.rows[record_id] for record_id in ids if record_id in self.rows]
        for row in rows:
            access.check_visible(self.env, self.name, row, "read")
        return [{"id": row["id"]} | {name: self._shown(row, name, plain) for name in wanted} for row in rows]

    def create(self, given: Mapping[str, Any]) -> int:
        access.check(self.env, self.name, "create")
        self._check_names(given)
        record_id = self.env.db.store.next_id(self.name)
        made = {"id": record_id, "create_date": now(), "create_uid": self.env.uid}
        self._save(None, behaviour.defaults(self.env, self.name) | made, given, "create")
        return record_id

    def write(self, ids: Iterable[int], given: Mapping[str, Any]) -> None:
        access.check(self.env, self.name, "write")
        self._check_names(given)
        for row in self._existing(ids, "write"):
            self._save(row, dict(row), given, "write")

    def unlink(self, ids: Iterable[int]) -> None:
        access.check(self.env, self.name, "unlink")
        for row in self._existing(ids, "unlink"):
            self.env.db.store.drop(self.name, row["id"])

    def value(self, record: Record, name: str) -> Any:
        """A field's value, stored or computed; a many2one as its id."""
        if name == "display_name":
            return computed.display_name(self.env, self.name, record)
        if compute := computed.find_compute(self.name, name):
            return compute(self.env, record)
        column = behaviour.ALIASES.get(name, name)
        untranslated = record.get(column, values.empty(self.fields[name]))
        return record.get(translated(column, self.env.context.get("lang")), untranslated)

    def _existing(self, ids: Iterable[int], operation: str) -> list[Record]:
        """The records, all of which must exist and be this user's to change."""
        rows = []
        for record_id in ids:
            if record_id not in self.rows:
                raise MissingError(self.name, record_id, self.env.uid)
            access.check_visible(self.env, self.name, self.rows[record_id], operation)
            rows.append(self.rows[record_id])
        return rows

    def _save(self, old: Record | None, new: Record, given: Mapping[str, Any], operation: str) -> None:
        for name, value in given.items():
            if name not in ("id", "display_name"):
                new[behaviour.ALIASES.get(name, name)] = self._converted(self.fields[name], value, old or {})
        new |= {"write_date": now(), "write_uid": self.env.uid}
        behaviour.prepare(self.env, self.name, old, new, set(given))
        constraints.check_required(self.env, self.name, new)
        constraints.check_references(self.env, self.name, new, set(given))
        access.check_visible(self.env, self.name, new, operation)
        self.env.db.store.put(self.name, new)

    def _converted(self, field: Field, value: Any, old: Record) -> Any:
        if field.type in ("many2many", "one2many"):
            return self._linked(field, list(old.get(field.name) or []), value or [])
        return values.convert(self.env, self.name, field, value)

    def _linked(self, field: Field, ids: list[int], commands: Sequence[Any]) -> list[int]:
        """Ids after Odoo's link commands; a plain id links, and a list of plain ids replaces."""
        if commands and all(isinstance(command, int) for command in commands):
            return list(dict.fromkeys(commands))
        for command in commands:
            number, target, extra = (*command, 0, 0)[:3]
            if number == 0:
                ids.append(Model(self.env, field.relation).create(extra))
            elif number == 1:
                Model(self.env, field.relation).write([target], extra)
            elif number in (2, 3):
                ids = [linked for linked in ids if linked != target]
            elif number == 4:
                ids.append(target)
            else:
                ids = list(extra or []) if number == 6 else []
        return list(dict.fromkeys(ids))

    def _check_names(self, given: Mapping[str, Any]) -> None:
        for name in given:
            if name not in self.fields:
                where = f"in {self.name!r}" if self.env.modern else f"on model {self.name!r}"
                raise ValueError(f"Invalid field {name!r} {where}")

    def _matching(self, domain: Domain) -> list[Record]:
        checked = Checked(domain, model=self.name, fields=self.fields, modern=self.env.modern)
        hides = "active" in self.fields and self.env.context.get("active_test", True)
        hides = hides and not checked.mentions("active")
        return [
            row
            for row in self.rows.values()
            if not (hides and not row.get("active"))
            and access.visible(self.env, self.name, row)
            and checked.matches(_Row(self, row))
        ]

    def _ordered(self, rows: list[Record], order: str | None) -> list[Record]:
        for term in reversed((order or _ORDER.get(self.name, "id")).split(",")):
            name, _, direction = term.strip().partition(" ")
            if name not in self.fields:
                raise UserError(f"Invalid field {name!r} in the order of {self.name!r}")
            down = direction.strip().lower() == "desc"
            rows.sort(key=partial(self._sort_key, name), reverse=down)
        return rows

    def _sort_key(self, name: str, row: Record) -> tuple[bool, Any]:
        """Unset values stand at one end, whatever the type of the others."""
        value = self.value(row, name)
        return (value is False, "" if value is False else value)

    def _shown(self, row: Record, name: str, plain: bool) -> Any:
        value, field = self.value(row, name), self.fields[name]
        if not (field.relation and value):
            return value
        there = [target for target in constraints.ids_of(value) if target in self.env.rows(field.relation)]
        if field.type != "many2one":
            return there
        if plain or not there:
            return bool(there) and value
        return [value, self.names(field, value)]

    def names(self, field: Field, value: Any) -> str:
        """Display names of what a relation holds; "" for what is gone."""
        rows = self.env.rows(field.relation)
        found = [rows[target] for target in constraints.ids_of(value) if target in rows]
        return ", ".join(computed.display_name(self.env, field.relation, row) for row in found)


def translated(column: str, language: str | None) -> str:
    """Where a record keeps what it says in another language than English."""
    return f"{column}@{language}"


def check_language(env: Env) -> None:
    """Odoo answers in English, or in a language that is switched on there."""
    code = env.context.get("lang")
    spoken = {row["code"] for row in env.rows("res.lang").values() if row["active"]}
    if code and code != "en_US" and code not in spoken:
        raise UserError(f"Invalid language code: {code}")


@dataclass(frozen=True, slots=True)
class _Row:
    """A record as a domain reads it."""

    model: Model
    record: Record

    def fields(self) -> Fields:
        return self.model.fields

    def value(self, name: str) -> Any:
        return self.model.value(self.record, name)

    def name_of(self, field: Field, value: Any) -> str:
        return self.model.names(field, value)

    def line_of(self, field: Field, value: Any) -> list[int]:
        """A relation's record, the one above it, and so on to the top."""
        line: list[int] = []
        rows = self.model.env.rows(field.relation)
        while value and value in rows and value not in line:
            line.append(value)
            value = rows[value].get("parent_id")
        return line
