"""Lists, newest first, page by page; and fields expanded to what they stand for."""

from collections.abc import Callable
from typing import Any

from integrations.standin.store import Record

from .books import KINDS, Books, public
from .errors import ApiError, no_such
from .params import Spec, integer, moment, text, texts

EXPAND: Spec = {"expand": texts}
SPEC: Spec = {
    **EXPAND,
    "created": moment,
    "ending_before": text,
    "limit": integer,
    "starting_after": text,
}
# {field: the table its id is of}
_STANDS_FOR = {
    "latest_charge": "charges",
    "charge": "charges",
    "payment_intent": "payment_intents",
    "payment_method": "payment_methods",
    "balance_transaction": "balance_transactions",
}


def page(books: Books, table: str, params: dict[str, Any], url: str, *fields: str) -> Record:
    """Those that match the `fields` that were given, `created` and the cursor."""
    wanted = {name: params[name] for name in fields if name in params}
    found = books.rows(table, **wanted)
    if within := params.get("created"):
        found = [row for row in found if is_within(row["created"], within)]
    return cut(found, params, url, KINDS[table][1])


def cut(found: list[Record], params: dict[str, Any], url: str, kind: str) -> Record:
    """One page of what was found."""
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        word = "greater than or equal to 1" if limit < 1 else "less than or equal to 100"
        raise ApiError(f"This value must be {word}.", code="parameter_invalid_integer", param="limit")
    if "starting_after" in params:
        rest = found[_place(found, params, "starting_after", kind) + 1 :]
        data, more = rest[:limit], len(rest) > limit
    elif "ending_before" in params:
        rest = found[: _place(found, params, "ending_before", kind)]
        data, more = rest[-limit:], len(rest) > limit
    else:
        data, more = found[:limit], len(found) > limit
    return {"object": "list", "data": [public(row) for row in data], "has_more": more, "url": url}


def _place(found: list[Record], params: dict[str, Any], param: str, kind: str) -> int:
    for place, row in enumerate(found):
        if row["id"] == params[param]:
            return place
    raise no_such(kind, params[param], param=param)


def is_within(moment: int, within: dict[str, int]) -> bool:
    tests: dict[str, Callable[[int], bool]] = {
        "gt": moment.__gt__,
        "gte": moment.__ge__,
        "lt": moment.__lt__,
        "lte": moment.__le__,
    }
    return all(tests[word](bound) for word, bound in within.items())


def expand(books: Books, record: Record, path: str) -> Record:
    """A copy with the field at this dotted path replaced by the object; "data." goes into each row of a list."""
    return _expand(books, record, path.split("."), path)


def _expand(books: Books, record: Record, parts: list[str], path: str) -> Record:
    head, *rest = parts
    if head == "data" and isinstance(record.get("data"), list) and rest:
        return {**record, "data": [_expand(books, row, rest, path) for row in record["data"]]}
    value = record.get(head)
    if head == "refunds" and record.get("object") == "charge":
        value = _refunds(books, record)
    elif isinstance(value, str) and head in _STANDS_FOR:
        value = public(books.get(_STANDS_FOR[head], value))
    elif (head not in _STANDS_FOR or head not in record) and not isinstance(value, dict):
        raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
    if rest and isinstance(value, dict):
        value = _expand(books, value, rest, path)
    return {**record, head: value}


def _refunds(books: Books, charge: Record) -> Record:
    return cut(books.rows("refunds", charge=charge["id"]), {}, f"/v1/charges/{charge['id']}/refunds", "refund")
