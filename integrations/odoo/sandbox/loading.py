"""`load`: rows of text, upserted by external id, all of them or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .cells import Cell, CellError
from .env import Env
from .errors import CrashError, OdooError, RequiredError, SeatsError, UserError, ValidationError, wrap
from .orm import Model
from .store import Record

Row = Sequence[Any]
_ENOUGH = 10
_INTERRUPTED = (
    "Found more than 10 errors and more than one error per 10 records, interrupted to avoid showing too many errors."
)


class _RollBackError(Exception):
    """Leaves the transaction with nothing stored."""


@dataclass(slots=True)
class Loader:
    """One call of `load`."""

    env: Env
    model: Model
    columns: Sequence[str]
    messages: list[Record] = field(default_factory=list)

    def run(self, rows: Sequence[Row]) -> Record:
        ids: list[int] = []
        try:
            with self.env.db.store.transaction():
                ids = self._load(rows)
                if self._failed():
                    raise _RollBackError
        except _RollBackError:
            return {"ids": False, "messages": self.messages, "nextrow": 0}
        return {"ids": ids, "messages": self.messages, "nextrow": 0}

    def _load(self, rows: Sequence[Row]) -> list[int]:
        cells = [self._parts(row) for row in rows]
        records = [self._convert(index, parts) for index, parts in enumerate(cells)]
        ids: list[int] = []
        errors = 0
        for index, (parts, record) in enumerate(zip(cells, records, strict=True)):
            try:
                with self.env.db.store.transaction():
                    ids.append(self._upsert(parts, record))
            except SeatsError as error:
                if self.env.modern:
                    self.messages.append({"type": "error", "message": error.message})
                    break
                errors += self._refused(index, error)
            except Exception as error:
                errors += self._refused(index, wrap(error))
            if errors >= _ENOUGH and errors >= (index + 1) / 10:
                self.messages.append({"type": "warning", "message": _INTERRUPTED})
                break
        return ids

    def _parts(self, row: Row) -> dict[str, dict[str, Any]]:
        """The row's cells by field and sub-field: {"source_id": {".id": "3"}}."""
        parts: dict[str, dict[str, Any]] = {}
        for column, value in zip(self.columns, row, strict=False):
            name, _, sub = column.partition("/")
            self._check_column(name)
            parts.setdefault(name, {})[sub] = value
        return parts

    def _check_column(self, name: str) -> None:
        if name == ".id" or name in self.model.fields:
            return
        if self.env.modern:
            raise ValueError(f"Invalid field name {name!r}")
        raise KeyError(name)

    def _convert(self, index: int, parts: Mapping[str, dict[str, Any]]) -> Record:
        record: Record = {}
        if (wanted := parts.get(".id", {}).get("")) and not self._known(wanted):
            self._say(index, "error", {"field": ".id", "message": f"Unknown database identifier '{wanted}'"})
        for name, values in parts.items():
            if name in ("id", ".id"):
                continue
            cell = Cell(self.env, self.model.name, self.model.fields[name])
            try:
                record[name] = cell.read(values)
            except ValueError as error:
                self._say(index, "error", self._about(cell, error))
            for warning in cell.warnings:
                self._say(index, "warning", self._about(cell, warning))
        return record

    def _known(self, wanted: Any) -> bool:
        """Archived records are unknown too, unless the context turns active_test off."""
        return bool(str(wanted).isdigit() and self.model.search([("id", "=", int(wanted))]))

    def _upsert(self, parts: Mapping[str, dict[str, Any]], record: Record) -> int:
        xid = _external_id(parts)
        target = self._find(xid) or int(parts.get(".id", {}).get("") or 0)
        if target:
            self.model.write([target], record)
            return target
        target = self.model.create(record)
        if xid:
            self.env.db.store.bind_xid(xid, self.model.name, target)
        return target

    def _find(self, xid: str) -> int | None:
        if any(character.isspace() for character in xid):
            reason = 'violates check constraint "ir_model_data_name_nospaces"'
            raise CrashError("psycopg2.errors.CheckViolation", f'new row for relation "ir_model_data" {reason}\n')
        found = self.env.db.store.find_xid(xid)
        if found and found[0] != self.model.name:
            raise ValidationError(
                f"For external id {xid} when trying to create/update a record of model {self.model.name} "
                f"found record of different model {found[0]} ({found[1]})"
            )
        return found[1] if found else None

    def _refused(self, index: int, error: OdooError) -> int:
        """Say why the database did not take a row; counts as one error unless the row was bad already."""
        if any(said.get("record") == index and said["type"] == "error" for said in self.messages):
            return 0
        self._say(index, "error", self._reason(error))
        return 1

    def _reason(self, error: OdooError) -> Record:
        if isinstance(error, RequiredError):
            return {"message": error.short, "field": error.field}
        from_database = error.name.startswith("psycopg2") or (
            isinstance(error, ValidationError) and error.message.startswith("The operation cannot be completed")
        )
        if from_database or (self.env.modern and isinstance(error, UserError)):
            return {"message": error.message}
        told = f"Unknown error during import: <class '{error.name}'>: {error.message}"
        return {"message": told, "moreinfo": "Resolve other errors first"}

    def _about(self, cell: Cell, error: ValueError) -> Record:
        about = {"field": cell.field.name, "field_name": cell.field.label, "message": str(error)}
        moreinfo = error.moreinfo if isinstance(error, CellError) else None
        return about | {"moreinfo": moreinfo} if moreinfo else about

    def _say(self, index: int, kind: str, about: Record) -> None:
        row = {"from": index, "to": index}
        self.messages.append({"rows": row, "record": index, "type": kind} | about)

    def _failed(self) -> bool:
        return any(message["type"] == "error" for message in self.messages)


def refusal(rows: int, message: str) -> Record:
    """A load that failed with the same message on each row."""
    return {
        "ids": False,
        "messages": [
            {"rows": {"from": i, "to": i}, "record": i, "type": "error", "message": message} for i in range(rows)
        ],
        "nextrow": 0,
    }


def external_ids(columns: Sequence[Any], rows: Sequence[Row]) -> set[str]:
    """The external ids a load is about to touch."""
    if "id" not in columns:
        return set()
    index = list(columns).index("id")
    return {_qualified(str(row[index])) for row in rows if len(row) > index and row[index]}


def _external_id(parts: Mapping[str, dict[str, Any]]) -> str:
    xid = parts.get("id", {}).get("")
    return _qualified(xid) if xid else ""


def _qualified(xid: str) -> str:
    return xid if "." in xid else f"__import__.{xid}"
