"""Who has an account, which calendars there are, and who may do what with them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from integrations.standin.store import Record, Store

from .errors import access_missing, not_found

ROLES = ("none", "freeBusyReader", "reader", "writer", "owner")
PRIMARY = "primary"


class Clock:
    """The stand-in's time; tests put it forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self.ahead, UTC)

    def advance(self, seconds: float) -> None:
        self.ahead += seconds


@dataclass(frozen=True)
class Caller:
    """Whose token it is, and what was granted."""

    email: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class Books:
    """Within a transaction of the store."""

    store: Store
    clock: Clock

    @property
    def milliseconds(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    def person(self, email: str) -> Record:
        """Raises KeyError."""
        return self.store.table("people")[email]

    def has_account(self, email: str) -> bool:
        return email in self.store.table("people")

    def calendar(self, calendar_id: str) -> Record:
        """Raises KeyError."""
        return self.store.table("calendars")[calendar_id]

    def home(self, calendar_id: str) -> ZoneInfo:
        return ZoneInfo(self.calendar(calendar_id)["timeZone"])

    def role(self, email: str, calendar_id: str) -> str:
        """ "none" for a calendar that does not exist, too: Google does not tell them apart."""
        calendar = self.store.table("calendars").get(calendar_id)
        if calendar is None:
            return "none"
        return "owner" if calendar["owner"] == email else str(calendar["shared"].get(email, "none"))

    def resolve(self, caller: Caller, calendar_id: str) -> str:
        return caller.email if calendar_id == PRIMARY else calendar_id

    def allowed(self, caller: Caller, calendar_id: str, role: str) -> Record:
        """The calendar. Raises ApiError where the caller is less than `role` there."""
        calendar_id = self.resolve(caller, calendar_id)
        held = self.role(caller.email, calendar_id)
        if held == "none":
            raise not_found()
        if ROLES.index(held) < ROLES.index(role):
            raise access_missing(role)
        return self.calendar(calendar_id)

    def calendars_of(self, email: str) -> list[Record]:
        """Their own and those shared with them, the primary one first."""
        rows = [row for row in self.store.table("calendars").values() if self.role(email, row["id"]) != "none"]
        return sorted(rows, key=lambda row: (row["id"] != email, row["summary"]))

    def next_change(self) -> int:
        """A number above all earlier ones: what sync tokens count in."""
        row = self.store.table("meta").get("changes", {"id": "changes", "count": 0})
        return int(self.store.put("meta", {**row, "count": row["count"] + 1})["count"])

    @property
    def changes(self) -> int:
        return int(self.store.table("meta").get("changes", {"count": 0})["count"])


@dataclass(frozen=True)
class Bank:
    """What the stand-in is made of."""

    store: Store
    clock: Clock

    @contextmanager
    def books(self) -> Iterator[Books]:
        """One transaction."""
        with self.store.transaction():
            yield Books(self.store, self.clock)


def list_entry(books: Books, email: str, calendar: Record) -> dict[str, Any]:
    """A calendar as its reader's list has it."""
    is_primary = calendar["id"] == email
    more = {"primary": True} if is_primary else {"dataOwner": calendar["owner"]}
    return {
        "kind": "calendar#calendarListEntry",
        "etag": f'"{calendar["made"]}"',
        "id": calendar["id"],
        "summary": calendar["summary"],
        "timeZone": calendar["timeZone"],
        "colorId": "14",
        "backgroundColor": "#9fe1e7",
        "foregroundColor": "#000000",
        "selected": True,
        "accessRole": books.role(email, calendar["id"]),
        "defaultReminders": [{"method": "popup", "minutes": 30}],
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
        **more,
    }
