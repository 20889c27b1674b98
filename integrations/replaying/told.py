"""What commands and the API tell of replays, as JSON."""

from typing import Any

from .outlook import Line, Outlook
from .runs import Outcome


def outlook(found: Outlook) -> dict[str, Any]:
    return {
        "total": found.total,
        "ambiguous": found.ambiguous,
        "sent": found.sent,
        "oldest": found.oldest,
        "newest": found.newest,
        "groups": [line(each) for each in found.lines],
    }


def line(group: Line) -> dict[str, Any]:
    """`waits` is why those that would be sent would have to wait, each with how many."""
    names = ("integration", "operation", "error_kind", "number", "ambiguous", "missing", "expired", "removed", "sent")
    return {**{name: getattr(group, name) for name in names}, "waits": dict(group.waits)}


def outcome(found: Outcome) -> dict[str, Any]:
    names = ("promised", "delivered", "waiting", "in_turn", "dead", "cancelled", "last_at", "errors")
    return {name: getattr(found, name) for name in names}
