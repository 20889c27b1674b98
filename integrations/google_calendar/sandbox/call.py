"""One request that was understood: who asks what of which calendar."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from integrations.standin.faults import Faults
from integrations.standin.store import Record

from . import times
from .books import Books, Caller
from .faults import Fault

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """`ids` are those in the path."""

    books: Books
    caller: Caller
    faults: Faults[Fault]
    ids: Mapping[str, str] = field(default_factory=dict)
    query: Json = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    if_match: str = ""

    def calendar(self, role: str) -> Record:
        """Raises ApiError where the caller is less than `role` there."""
        return self.books.allowed(self.caller, self.ids["calendarId"], role)

    def role(self, calendar: Record) -> str:
        return self.books.role(self.caller.email, calendar["id"])

    def shown_in(self, calendar: Record) -> ZoneInfo:
        """The zone of the answer's times."""
        return times.zone(self.query.get("timeZone") or calendar["timeZone"])

    def mail(self, row: Record, kind: str) -> None:
        """Note the letters Google would send to the guests: "invitation", "update" or "cancellation"."""
        wanted = self.query.get("sendUpdates") or ("all" if self.query.get("sendNotifications") else "none")
        for guest in row["event"].get("attendees", ()):
            email = guest["email"]
            is_outside = not self.books.has_account(email)
            if email != row["calendar"] and (wanted == "all" or (wanted == "externalOnly" and is_outside)):
                note(self.books, row, kind, email)


def note(books: Books, row: Record, kind: str, email: str) -> None:
    mail = {
        "id": secrets.token_hex(8),
        "kind": kind,
        "to": email,
        "calendar": row["calendar"],
        "event": row["event"]["id"],
        "summary": row["event"].get("summary", ""),
        "start": row["event"].get("start"),
        "at": books.milliseconds,
    }
    books.store.put("mails", mail)
