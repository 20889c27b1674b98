"""People who turn to us, for the tests of what Odoo is told."""

from datetime import UTC, datetime
from typing import Any

from leads.actions import Capture, capture
from leads.models import Lead, Touchpoint

WHEN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def captured(email: str = "ann@acme.example", key: str = "first", **details: Any) -> Lead:
    given = {"kind": Touchpoint.Kind.WHITEPAPER, "captured_at": WHEN, "name": "Ann Example", **details}
    return capture([Capture(email=email, key=key, **given)]).leads[0]


def crowd(number: int, at: str = "crowd", **details: Any) -> list[Lead]:
    given = {"kind": Touchpoint.Kind.WHITEPAPER, "captured_at": WHEN, **details}
    people = [Capture(email=f"person{n}@{at}.example", key="crowd", name=f"Person {n}", **given) for n in range(number)]
    return capture(people).leads
