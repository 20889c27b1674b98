"""How `load` reads one cell. A `ValueError` here becomes a message of its row; any other error ends the call."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from .computed import display_name
from .env import DATETIME, Env
from .orm import Model
from .schema import Field
from .values import parse_datetime

_YES, _NO = ("1", "true", "yes"), ("", "0", "false", "no")


class CellError(ValueError):
    """A cell that cannot be read, with what Odoo suggests instead."""

    def __init__(self, message: str, moreinfo: Any = None) -> None:
        super().__init__(message)
        self.moreinfo = moreinfo


@dataclass(slots=True)
class Cell:
    """One field of one row; `warnings` collects what Odoo grumbles about and accepts."""

    env: Env
    model: str
    field: Field
    warnings: list[CellError] = dataclasses.field(default_factory=list)

    def read(self, parts: Mapping[str, Any]) -> Any:
        """The field's value; `parts` maps a sub-field ("", ".id" or "id") to what stands in that column."""
        if self.field.relation:
            return self._related(parts)
        value = parts[""]
        reader = _READERS.get(self.field.type)
        return (reader(self, value) if reader else value) if value else False

    def _related(self, parts: Mapping[str, Any]) -> Any:
        if len(parts) > 1:
            raise CellError(
                f"Ambiguous specification for field '{self.field.label}', "
                "only provide one of name, external id or database id"
            )
        ((part, value),) = parts.items()
        many = self.field.type != "many2one"
        if value in ("", False, None):
            return [[6, 0, []]] if many else False
        if not many:
            return self._target(part, value)
        return [[6, 0, [target for one in value.split(",") if (target := self._target(part, one))]]]

    def _target(self, part: str, value: Any) -> int | bool:
        """The id of the record a reference means; False for none."""
        if part and isinstance(value, str) and value.lower() in _NO:
            return False
        found = _FINDERS[part](self, value)
        if found:
            return found
        kind = {"": "name", ".id": "database id", "id": "external id"}[part]
        raise CellError(f"No matching record found for {kind} '{value}' in field '{self.field.label}'")

    def _by_database_id(self, value: Any) -> int | None:
        try:
            wanted = int(value)
        except ValueError as error:
            raise CellError(f"Invalid database id '{value}' for the field '{self.field.label}'") from error
        found = Model(self.env, self.field.relation).search([("id", "=", wanted)])
        return found[0] if found else None

    def _by_external_id(self, value: str) -> int | None:
        found = self.env.db.store.find_xid(value if "." in value else f"__import__.{value}")
        return found[1] if found and found[0] == self.field.relation else None

    def _by_name(self, value: Any) -> int | None:
        related = Model(self.env, self.field.relation)
        found = [
            target
            for target in related.search([])
            if display_name(self.env, related.name, related.rows[target]) == value
        ]
        if len(found) > 1:
            told = f'Found multiple matches for value "{value}" in field "{self.field.label}"'
            self.warnings.append(CellError(f"{told} ({len(found)} matches)"))
        if found:
            return found[0]
        wished = self.env.context.get("name_create_enabled_fields") or {}
        return related.create({"name": value}) if wished.get(self.field.name) else None

    def _boolean(self, value: Any) -> bool:
        if value.lower() in _YES or value.lower() in _NO:
            return value.lower() in _YES
        told = f"Unknown value '{value}' for boolean field '{self.field.label}'"
        self.warnings.append(CellError(told, "Use '1' for yes and '0' for no"))
        return True

    def _integer(self, value: Any) -> int:
        return int(self._number(int, value, "an integer"))

    def _float(self, value: Any) -> float:
        return self._number(float, value, "a number")

    def _number(self, kind: Callable[[Any], float], value: Any, name: str) -> float:
        try:
            return kind(value)
        except ValueError as error:
            raise CellError(f"'{value}' does not seem to be {name} for field '{self.field.label}'") from error

    def _date(self, value: Any) -> str:
        try:
            return str(parse_datetime(value).date())
        except ValueError as error:
            raise self._no_date(value, "date", "2012-12-31") from error

    def _datetime(self, value: Any) -> str:
        """Unlike `create`, a load reads the time in the zone of the context or of the user."""
        try:
            local = parse_datetime(value)
        except ValueError as error:
            raise self._no_date(value, "datetime", "2012-12-31 23:59:59") from error
        zone = ZoneInfo(self.env.context.get("tz") or self.env.user.get("tz") or "UTC")
        return local.replace(tzinfo=zone).astimezone(UTC).strftime(DATETIME)

    def _no_date(self, value: Any, kind: str, example: str) -> CellError:
        told = f"'{value}' does not seem to be a valid {kind} for field '{self.field.label}'"
        return CellError(told, f"Use the format '{example}'")

    def _selection(self, value: Any) -> str:
        for choice, label in self.field.selection:
            if value.lower() in (choice.lower(), label.lower()):
                return choice
        labels = [label for _, label in self.field.selection]
        raise CellError(f"Value '{value}' not found in selection field '{self.field.label}'", labels)


_FINDERS: dict[str, Callable[[Cell, Any], int | None]] = {
    "": Cell._by_name,
    ".id": Cell._by_database_id,
    "id": Cell._by_external_id,
}
_READERS: dict[str, Callable[[Cell, Any], Any]] = {
    "boolean": Cell._boolean,
    "integer": Cell._integer,
    "float": Cell._float,
    "monetary": Cell._float,
    "date": Cell._date,
    "datetime": Cell._datetime,
    "selection": Cell._selection,
}
