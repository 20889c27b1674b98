"""What a request says: a form with nested brackets, checked against what the operation knows."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Union
from urllib.parse import parse_qsl

from .errors import ApiError, empty, missing, unknown

Read = Callable[[Any, str], Any]  # (value, its name) -> value
Spec = Mapping[str, Union[Read, "Spec"]]
_PART = re.compile(r"\[([^\]]*)\]")


def parse(form: str) -> dict[str, Any]:
    """`a[b]=1&c[0]=2&c[]=3` -> {"a": {"b": "1"}, "c": {"0": "2", "1": "3"}}"""
    given: dict[str, Any] = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        head, bracket, _ = name.partition("[")
        path = [head, *(_PART.findall(name) if bracket else [])]
        place = given
        for part in path[:-1]:
            place = _inner(place, part, name)
        place[path[-1] or str(len(place))] = value
    return given


def _inner(place: dict[str, Any], part: str, name: str) -> dict[str, Any]:
    inner = place.setdefault(part or str(len(place)), {})
    if not isinstance(inner, dict):
        raise ApiError(f"Invalid object: {name}", param=name)
    return inner


def check(given: Mapping[str, Any], spec: Spec, required: Iterable[str] = (), within: str = "") -> dict[str, Any]:
    """What was given, read. Raises ApiError for what is unknown, missing or makes no sense."""
    checked = {}
    for key, value in given.items():
        name = f"{within}[{key}]" if within else key
        if key not in spec:
            raise unknown(name)
        read = spec[key]
        if callable(read):
            checked[key] = read(value, name)
        elif isinstance(value, dict):
            checked[key] = check(value, read, within=name)
        else:
            raise ApiError("Invalid object", param=name)
    for key in required:
        if key not in given:
            raise missing(key)
    return checked


# --- how values are read ----------------------------------------------------------------------------------------------


def text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ApiError(f"Invalid string: {value}", param=name)
    if not value:
        raise empty(name)
    return value


def blank(value: Any, name: str) -> str | None:
    """A text that may be unset."""
    return text(value, name) if value != "" else None


def integer(value: Any, name: str) -> int:
    if value == "":
        raise empty(name)
    if not isinstance(value, str) or not re.fullmatch(r"-?\d+", value):
        raise ApiError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return int(value)


def boolean(value: Any, name: str) -> bool:
    if value not in ("true", "false"):
        raise ApiError(f"Invalid boolean: {value}", param=name)
    return bool(value == "true")


def texts(value: Any, name: str) -> list[str]:
    if not isinstance(value, dict):
        raise ApiError("Invalid array", param=name)
    return [text(item, f"{name}[{index}]") for index, item in value.items()]


def one_of(*words: str) -> Read:
    def read(value: Any, name: str) -> str:
        if value == "":
            raise empty(name)
        if value not in words:
            told = f"{', '.join(words[:-1])}, or {words[-1]}" if len(words) > 1 else words[0]
            raise ApiError(f"Invalid {name}: must be one of {told}", param=name)
        return str(value)

    return read


def metadata(value: Any, name: str) -> dict[str, str]:
    """{key: value}; an empty value asks to forget the key, an empty string to forget all of them."""
    if value == "":
        return {}
    if not isinstance(value, dict) or any(not isinstance(item, str) for item in value.values()):
        raise ApiError("Invalid object", param=name)
    if len(value) > 50:
        raise ApiError("Metadata may have at most 50 keys.", param=name)
    for key, item in value.items():
        if len(key) > 40:
            raise ApiError(f"Metadata keys must be at most 40 characters: {key}", param=name)
        if len(item) > 500:
            raise ApiError(
                f"Metadata values can have up to 500 characters, but you passed in a value that is {len(item)} "
                f"characters. Invalid value: {item}",
                param=f"{name}[{key}]",
            )
    return dict(value)


def merged(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Metadata after an update."""
    return {key: value for key, value in {**old, **new}.items() if value} if new else {}


def moment(value: Any, name: str) -> dict[str, int]:
    """A time, or a range of times: {"gte": ...}; seconds since 1970."""
    if isinstance(value, dict):
        return check(value, dict.fromkeys(("gt", "gte", "lt", "lte"), integer), within=name)
    exact = integer(value, name)
    return {"gte": exact, "lte": exact}
