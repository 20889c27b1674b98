"""What a dry run would change, or a job changed, field by field."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from integrations import words

KINDS: dict[str, words.Words] = {
    "new": (gettext_lazy("new"), "success"),
    "changed": (gettext_lazy("changed"), "info"),
    "kept": (gettext_lazy("theirs is kept"), "warning"),
    "same": (gettext_lazy("already the same"), "default"),
    "gone": (gettext_lazy("deleted there"), "danger"),
    "archived": (gettext_lazy("archived there"), "default"),
    "unmappable": (gettext_lazy("cannot be sent"), "danger"),
    "mended": (gettext_lazy("differed"), "warning"),
    "promised": (gettext_lazy("promised anew"), "info"),
    "unknown": (gettext_lazy("not known here"), "danger"),
}
OF_OUR_BOOK = frozenset({"mended", "promised", "unknown"})  # how that was before and is afterwards, not theirs and ours
NOT_THE_SUBJECT = ("kind", "fields", "kept")


class Line(NamedTuple):
    field: str
    theirs: str
    ours: str
    kept: bool


class Record(NamedTuple):
    subject: str
    word: Promise | str
    colour: str
    lines: list[Line]


def counts(result: dict[str, Any]) -> list[tuple[Promise | str, str, int]]:
    """(what becomes of records, colour, how many of them)."""
    return [(*KINDS.get(kind, (kind, "default")), found) for kind, found in result.get("counts", {}).items()]


def context(result: dict[str, Any], *, names_people: bool) -> dict[str, Any]:
    """For the page. What is there and what is ours names people: it is for those who may see them in the book, too."""
    changes = result.get("changes", [])
    return {
        "counts": counts(result),
        "records": [record(change) for change in changes] if names_people else [],
        "left_out": result.get("left_out", 0) + (0 if names_people else len(changes)),
        "forgotten": "changes" not in result,
        "is_of_our_book": not OF_OUR_BOOK.isdisjoint(result.get("counts", {})),
    }


def record(change: dict[str, Any]) -> Record:
    word, colour = KINDS.get(change["kind"], (change["kind"], "default"))
    subject = " · ".join(str(value) for key, value in change.items() if key not in NOT_THE_SUBJECT)
    return Record(subject, word, colour, list(lines(change)))


def lines(change: dict[str, Any]) -> Iterator[Line]:
    for field, values in change.get("fields", {}).items():
        yield Line(field, values["before"], values["after"], kept=False)
    for field, values in change.get("kept", {}).items():
        yield Line(field, values["theirs"], values["ours"], kept=True)
