"""What every transport turns a request into: a named call to be answered."""

from collections.abc import Callable
from dataclasses import dataclass

from integrations.standin.wire import Reply, as_html


@dataclass(frozen=True, slots=True)
class Request:
    """`method` is what a fault may be limited to."""

    method: str
    answer: Callable[[], Reply]


def html(status: int, title: str, text: str = "") -> Reply:
    page = f"<!doctype html>\n<html lang=en>\n<title>{title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n"
    return as_html(page, status)


def version_info(major: int) -> list[object]:
    return [major, 0, 0, "final", 0, ""]
