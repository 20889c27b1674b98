"""A certificate in words: for whoever asked, on the command line and in the admin."""

from typing import Any

from django.utils.translation import gettext as _

from . import words
from .models import Delivery, Erasure, ErasureItem
from .models.erasure import OURS, OWN_ROWS


def items_of(erasure: Erasure) -> list[ErasureItem]:
    return list(erasure.items.select_related("delivery__connection"))


def lines(erasure: Erasure) -> list[dict[str, Any]]:
    """[{system, what, number, done_at (aware, None while open), outcome}], the texts in today's language."""
    return [
        {
            "system": system(item),
            "what": what(item),
            "number": item.number,
            "done_at": item.done_at,
            "outcome": outcome(item),
        }
        for item in items_of(erasure)
    ]


def system(item: ErasureItem) -> str:
    if item.system == OURS:
        return _("Here")
    account = item.delivery.connection.owner if item.delivery else ""
    return f"{words.service(item.system)}, {account}" if account else words.service(item.system)


def what(item: ErasureItem) -> str:
    return str(OWN_ROWS.get(item.what, item.what)) if item.system == OURS else words.operation(item.system, item.what)


def outcome(item: ErasureItem) -> str:
    if item.is_given_up:
        return _("given up")
    if item.done_at:
        return _("done")
    is_dead = item.delivery is not None and item.delivery.state == Delivery.State.DEAD
    return _("failed, tried again once a day") if is_dead else _("promised")
