"""A request as it came and the answer to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """`form` is the body of a POST, or the query; the names of headers are in lower case."""

    method: str
    path: str
    form: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(json.dumps(value, indent=2).encode(), status, headers=dict(headers or {}))
