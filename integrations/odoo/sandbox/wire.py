"""What every transport turns a request into: a named call to be answered, and the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reply:
    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """`method` is what a fault may be limited to."""

    method: str
    answer: Callable[[], Reply]


def html(status: int, title: str, text: str = "") -> Reply:
    page = f"<!doctype html>\n<html lang=en>\n<title>{title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n"
    return Reply(page.encode(), status, "text/html; charset=utf-8")


def version_info(major: int) -> list[object]:
    return [major, 0, 0, "final", 0, ""]
