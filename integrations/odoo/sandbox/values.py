"""What `create` and `write` make of a scalar: Odoo coerces a lot, and crashes on the rest."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from xmlrpc.client import DateTime

from .env import DATETIME, Env
from .errors import CrashError
from .schema import Field

Converter = Callable[[Env, str, Field, Any], Any]


def convert(env: Env, model: str, field: Field, value: Any) -> Any:
    """The value as it is stored; False stands for "not set"."""
    if value is None:
        value = False
    converter = _CONVERTERS.get(field.type)
    return converter(env, model, field, value) if converter else value


def empty(field: Field) -> Any:
    """What a record that never had the field reads as."""
    if field.type in ("float", "monetary"):
        return 0.0
    if field.type == "integer":
        return 0
    return [] if field.type.endswith("2many") else False


def parse_datetime(value: Any) -> datetime:
    """Odoo cuts its format to the length of the text: that is why '2026-12-01 10:00' passes and a 'T' does not."""
    return datetime.strptime(value, DATETIME[: len(value) - 2]).replace(tzinfo=UTC)


def _text(env: Env, model: str, field: Field, value: Any) -> Any:
    if value is False:
        return False
    text = value if isinstance(value, str) else str(value)
    if "\x00" in text:
        raise ValueError("A string literal cannot contain NUL (0x00) characters.")
    return text


def _html(env: Env, model: str, field: Field, value: Any) -> Any:
    text = _text(env, model, field, value)
    if not text or re.match(r"\s*<[a-zA-Z]", text):
        return text
    return f"<p>{text}</p>"


def _boolean(env: Env, model: str, field: Field, value: Any) -> bool:
    return bool(value)


def _integer(env: Env, model: str, field: Field, value: Any) -> int:
    return int(value or 0)


def _float(env: Env, model: str, field: Field, value: Any) -> float:
    return float(value or 0)


def _selection(env: Env, model: str, field: Field, value: Any) -> Any:
    # 19 no longer checks a selection that is computed, as the list of time zones is.
    unchecked = env.modern and field.name == "date_tz"
    if value and not unchecked and value not in dict(field.selection):
        raise ValueError(f"Wrong value for {model}.{field.name}: {value!r}")
    return value


def _datetime(env: Env, model: str, field: Field, value: Any) -> Any:
    if not value:
        return False
    if env.modern and isinstance(value, DateTime):
        return datetime.strptime(value.value, "%Y%m%dT%H:%M:%S").replace(tzinfo=UTC).strftime(DATETIME)
    return parse_datetime(value).strftime(DATETIME)


def _date(env: Env, model: str, field: Field, value: Any) -> Any:
    return str(parse_datetime(value[:10]).date()) if value else False


def _many2one(env: Env, model: str, field: Field, value: Any) -> Any:
    if isinstance(value, list | tuple):
        value = value[0] if value else False
    if isinstance(value, str) and value:
        name, reason = "psycopg2.errors.InvalidTextRepresentation", "invalid input syntax for type integer"
        raise CrashError(name, f'{reason}: "{value}"')
    return int(value) if value else False


_CONVERTERS: dict[str, Converter] = {
    "char": _text,
    "text": _text,
    "html": _html,
    "boolean": _boolean,
    "integer": _integer,
    "float": _float,
    "monetary": _float,
    "selection": _selection,
    "datetime": _datetime,
    "date": _date,
    "many2one": _many2one,
    "many2one_reference": _integer,
}
