"""Search domains: Polish notation over (field, operator, value) leaves."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from .schema import Field

Domain = Sequence[Any]
Test = Callable[[Any, Any], bool]


class Row(Protocol):
    """Reads one record for a domain."""

    def fields(self) -> Mapping[str, Field]: ...
    def value(self, name: str) -> Any: ...
    def name_of(self, field: Field, value: Any) -> str: ...
    def line_of(self, field: Field, value: Any) -> list[int]: ...


class Checked:
    """A domain whose leaves were checked against the model, ready to be asked about records."""

    def __init__(self, domain: Domain, *, model: str, fields: Mapping[str, Field], modern: bool) -> None:
        self.terms = list(domain)
        for term in self.terms:
            if term not in ("&", "|", "!"):
                _check_leaf(term, model=model, fields=fields, modern=modern)

    def mentions(self, name: str) -> bool:
        return any(term[0] == name for term in self.terms if not isinstance(term, str))

    def matches(self, row: Row) -> bool:
        """All top-level terms hold."""
        rest, holds = self.terms, True
        while rest:
            found, rest = _evaluate(rest, row)
            holds = holds and found
        return holds


def _check_leaf(leaf: Any, *, model: str, fields: Mapping[str, Field], modern: bool) -> None:
    if not isinstance(leaf, list | tuple) or len(leaf) != 3:
        raise ValueError(f"Invalid leaf {leaf!r}")
    name, operator, _ = leaf
    where = "condition" if modern else "leaf"
    if name not in fields:
        raise ValueError(f"Invalid field {model}.{name} in {where} {tuple(leaf)!r}")
    if operator not in _OPERATORS:
        raise ValueError(f"Invalid operator {operator!r} in {where} {tuple(leaf)!r}")


def _evaluate(terms: list[Any], row: Row) -> tuple[bool, list[Any]]:
    """The first term's truth and the terms after it."""
    first, rest = terms[0], terms[1:]
    if first == "!":
        holds, rest = _evaluate(rest, row)
        return not holds, rest
    if first in ("&", "|"):
        left, rest = _evaluate(rest, row)
        right, rest = _evaluate(rest, row)
        return (left and right if first == "&" else left or right), rest
    return _holds(first, row), rest


def _holds(leaf: Any, row: Row) -> bool:
    name, operator, wanted = leaf
    field, value = row.fields()[name], row.value(name)
    if operator == "child_of":
        value = row.line_of(field, value)
    elif field.relation and _by_name(operator, wanted):
        value = row.name_of(field, value)
    return _OPERATORS[operator](value, wanted)


def _by_name(operator: str, wanted: Any) -> bool:
    """A relation is compared by display name when the value is text."""
    return "like" in operator or isinstance(wanted, str)


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(value, list):
        return wanted in value if wanted else not value
    return bool(value == wanted) or (not value and wanted in (False, None))


def _among(value: Any, wanted: Any) -> bool:
    return any(_equal(value, one) for one in wanted)


def _under(line: list[int], wanted: Any) -> bool:
    """Whether any of these stands in the line from a record up to its topmost parent."""
    return not set(line).isdisjoint(wanted if isinstance(wanted, list) else [wanted])


def _below(value: Any, wanted: Any) -> bool:
    return value is not False and bool(value < wanted)


def _above(value: Any, wanted: Any) -> bool:
    return value is not False and bool(value > wanted)


def _like(value: Any, pattern: str) -> bool:
    return value is not False and _pattern(pattern).fullmatch(str(value)) is not None


def _contains(value: Any, wanted: str) -> bool:
    return _like(value, f"%{wanted}%")


def _pattern(pattern: str) -> re.Pattern[str]:
    """SQL's ILIKE: % and _ are wildcards, a backslash takes their meaning away."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    regex = "".join({"%": ".*", "_": "."}.get(p) or re.escape(p[-1]) for p in parts)
    return re.compile(regex, re.IGNORECASE | re.DOTALL)


def _not(test: Test) -> Test:
    return lambda value, wanted: not test(value, wanted)


_OPERATORS: dict[str, Test] = {
    "=": _equal,
    "!=": _not(_equal),
    "in": _among,
    "not in": _not(_among),
    "child_of": _under,
    "=ilike": _like,
    "ilike": _contains,
    "not ilike": _not(_contains),
    "<": _below,
    ">": _above,
    "<=": lambda value, wanted: value is not False and not value > wanted,
    ">=": lambda value, wanted: value is not False and not value < wanted,
}
