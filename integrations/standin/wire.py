"""A request as it came and the answer to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """`path` as it came, still quoted; the names of headers are in lower case."""

    method: str
    path: str
    query: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def form(self) -> str:
        """The body of a POST, the query of all others."""
        return self.body.decode() if self.method == "POST" else self.query

    @property
    def is_json(self) -> bool:
        return "json" in self.headers.get("content-type", "")

    @property
    def fields(self) -> dict[str, str]:
        """Of the query; the last one of a name counts."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def given(self) -> dict[str, Any]:
        """A form or a JSON object. Raises ValueError or TypeError for what is neither."""
        text = self.body.decode()
        return dict(json.loads(text) if self.is_json else parse_qsl(text, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Reply:
    body: bytes = b""
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(json.dumps(value, indent=2).encode(), status, headers=dict(headers or {}))


def as_html(text: str, status: int = 200) -> Reply:
    return Reply(text.encode(), status, HTML)


def redirect(to: str, status: int = 303) -> Reply:
    return Reply(b"", status, headers={"Location": to})


def nothing() -> Reply:
    return Reply(b"Not here.", 404, "text/plain; charset=utf-8")
