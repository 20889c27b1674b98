"""Google's own description of its Calendar API, which every request is held against.

It ships with google-api-python-client; it is read as the data that it is, without that library.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from .errors import ApiError, bad_parameter, bad_request, unknown_field, wrong_value

Json = dict[str, Any]
_TYPES: dict[str, Any] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "object": (dict,),
    "array": (list,),
}


@dataclass(frozen=True)
class Method:
    """`name` as in "events.insert"; `body` is the name of a schema, or empty."""

    name: str
    verb: str
    path: re.Pattern[str]
    parameters: Mapping[str, Json]
    body: str
    scopes: frozenset[str]

    def query(self, text: str) -> Json:
        """{name: value} of the right types, repeated ones as lists. Raises ApiError."""
        given: Json = {}
        for name, value in parse_qsl(text, keep_blank_values=True):
            known = self.parameters.get(name)
            if known is None or known["location"] != "query":
                raise bad_parameter(name, f"Unknown query parameter: {name}")
            read = _parameter(name, known, value)
            if known.get("repeated"):
                given.setdefault(name, []).append(read)
            else:
                given[name] = read
        return given

    def read_body(self, content: bytes) -> Json:
        """Raises ApiError for what is no such thing."""
        if not self.body:
            return {}
        try:
            given = json.loads(content or b"{}")
        except ValueError:
            raise ApiError(400, "parseError", "Parse Error") from None
        if not isinstance(given, dict):
            raise bad_request("Invalid JSON payload received.")
        check(given, {"$ref": self.body}, "")
        return given


def find(verb: str, path: str) -> tuple[Method, dict[str, str]] | None:
    """The method and the ids in its path, which begins after /calendar/v3/."""
    for method in methods():
        if method.verb == verb and (match := method.path.fullmatch(path)):
            return method, {name: unquote(value) for name, value in match.groupdict().items()}
    return None


@cache
def methods() -> tuple[Method, ...]:
    everywhere = document()["parameters"]
    return tuple(
        _method(f"{resource}.{name}", told, everywhere)
        for resource, group in document()["resources"].items()
        for name, told in group["methods"].items()
    )


@cache
def document() -> Json:
    found = find_spec("googleapiclient")
    assert found
    path = Path(found.origin or "").parent / "discovery_cache" / "documents" / "calendar.v3.json"
    read: Json = json.loads(path.read_text(encoding="utf-8"))
    return read


def check(value: Any, schema: Json, path: str) -> None:
    """Raises ApiError unless it is of this type, down to the last field. Null stands for "not given"."""
    if ref := schema.get("$ref"):
        schema = document()["schemas"][ref]
    if value is None:
        return
    kind = schema["type"]
    is_bool_for_number = isinstance(value, bool) and kind == "integer"
    if not isinstance(value, _TYPES[kind]) or is_bool_for_number:
        raise wrong_value(path or "body", kind, value)
    if kind == "array":
        for number, item in enumerate(value):
            check(item, schema["items"], f"{path}[{number}]")
    if kind == "object":
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            if inner is None:
                raise unknown_field(path, name)
            check(item, inner, f"{path}.{name}".lstrip("."))


def _method(name: str, told: Json, everywhere: Mapping[str, Json]) -> Method:
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(told["path"]))
    return Method(
        name=name,
        verb=told["httpMethod"],
        path=re.compile(pattern),
        parameters={**everywhere, **told.get("parameters", {})},
        body=told.get("request", {}).get("$ref", ""),
        scopes=frozenset(told.get("scopes", ())),
    )


def _parameter(name: str, known: Json, value: str) -> Any:
    wrong = bad_parameter(name, f"Invalid value for: {value!r} is not a valid value of {name}")
    if "enum" in known and value not in known["enum"]:
        raise wrong
    try:
        read = _READ[known["type"]](value)
    except (ValueError, KeyError):
        raise wrong from None
    if known["type"] == "integer" and not int(known.get("minimum", read)) <= read <= int(known.get("maximum", read)):
        raise wrong
    return read


_READ: dict[str, Callable[[str], Any]] = {
    "string": str,
    "integer": int,
    "boolean": lambda value: {"true": True, "false": False}[value.lower()],
}
