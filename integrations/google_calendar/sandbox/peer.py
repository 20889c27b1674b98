"""The stand-in as its users hold it."""

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from integrations.standin.faults import Faults
from integrations.standin.peer import StandIn
from integrations.standin.store import Record, Store

from . import entries, events, grants
from .api import Api
from .books import Bank, Books, Caller, Clock
from .call import Call
from .desk import Desk
from .entries import Json
from .faults import Fault
from .front import Front

PERSON = "anna.berg@sandbox.example"
SCOPES = ("https://www.googleapis.com/auth/calendar",)
When = datetime | date


class GoogleSandbox(StandIn):
    """A Google on loopback: sign-in and calendars. It begins with one account, PERSON, that has two calendars.

    A context manager, or `start` and `close`. Stopped and started again it keeps its port and its records; with `path`
    it keeps the records in that file. What is done here, and not by a request, is what people do in Google's own pages.
    """

    def __init__(self, *, port: int = 0, path: str | Path | None = None, testing: bool = False) -> None:
        super().__init__(port)
        self.faults = Faults(Fault)
        self.clock = Clock()
        self.bank = Bank(Store(Path(path) if path else None), self.clock)
        self._api = Api(self.bank, self.faults)
        self._front = Front(self.bank, self.faults, self._api, Desk(self), testing)
        if not self.people:
            self.add_person(PERSON, "Anna Berg")
            self.add_calendar(PERSON, "Away", "away.anna@group.calendar.google.com")

    def app(self) -> Front:
        return self._front

    def close(self) -> None:
        super().close()
        self.bank.store.close()

    # --- where --------------------------------------------------------------------------------------------------------

    @property
    def api_url(self) -> str:
        """As the `api_endpoint` of Google's own library."""
        return f"{self.url}/calendar/v3/"

    @property
    def auth_uri(self) -> str:
        return f"{self.url}/o/oauth2/v2/auth"

    @property
    def token_uri(self) -> str:
        return f"{self.url}/token"

    @property
    def revoke_uri(self) -> str:
        return f"{self.url}/revoke"

    def register(self, *redirect_uris: str) -> None:
        """From now on people are sent back to these addresses only."""
        self._front.redirect_uris = frozenset(redirect_uris)

    # --- what happened ------------------------------------------------------------------------------------------------

    @property
    def calls(self) -> list[tuple[str, str, str]]:
        """(operation such as "events.insert" or "oauth.token", account, calendar) of all that was executed."""
        return self._api.calls

    def counted(self) -> Counter[str]:
        """{operation: how often}."""
        return Counter(name for name, _, _ in self.calls)

    @property
    def mails(self) -> list[Record]:
        """The letters Google would have sent, oldest first: kind, to, event, calendar."""
        return list(self.bank.store.table("mails").values())

    @property
    def people(self) -> list[Record]:
        return list(self.bank.store.table("people").values())

    def calendars(self, email: str = PERSON) -> list[str]:
        """The ids of those they own, the primary one first."""
        with self._books() as books:
            return [row["id"] for row in books.calendars_of(email) if row["owner"] == email]

    def events(self, calendar: str = PERSON, *, deleted: bool = False) -> list[Json]:
        """As their owner sees them, series unexpanded, oldest first."""
        with self._books() as books:
            rows = [row for row in entries.in_calendar(books, calendar) if deleted or entries.is_seen(row, calendar)]
            home = books.home(calendar)
            return [entries.shown(books, row, calendar, "owner", home) for row in rows]

    def event(self, event_id: str, calendar: str = PERSON) -> Json:
        """A deleted one, too. Raises ApiError."""
        return self._act(events.get, calendar, event_id) or {}

    # --- accounts -----------------------------------------------------------------------------------------------------

    def add_person(self, email: str, name: str, zone: str = "Europe/Berlin") -> str:
        """Somebody with an account and a primary calendar; known ones stay as they are."""
        with self._books() as books:
            if not books.has_account(email):
                books.store.put("people", {"id": email, "name": name})
                self._add(books, email, email, name, zone)
        return email

    def add_calendar(self, owner: str, summary: str, calendar: str = "", *, zone: str = "Europe/Berlin") -> str:
        """A further calendar of somebody's: its id. A known one stays as it is."""
        calendar = calendar or f"{secrets.token_hex(13)}@group.calendar.google.com"
        with self._books() as books:
            if calendar not in books.store.table("calendars"):
                self._add(books, owner, calendar, summary, zone)
        return calendar

    def share(self, calendar: str, email: str, role: str = "reader") -> None:
        """ "freeBusyReader", "reader" or "writer"; "none" takes it back."""
        with self._books() as books:
            row = books.calendar(calendar)
            books.store.put("calendars", {**row, "shared": {**row["shared"], email: role}})

    def tokens(self, email: str = PERSON, scopes: Sequence[str] = SCOPES) -> Json:
        """What the token endpoint answers when this person says yes, refresh token included."""
        with self._books() as books:
            granted = sorted({*scopes, *books.store.table("grants").get(email, {"scopes": ()})["scopes"]})
            books.store.put("grants", {"id": email, "scopes": granted})
            refresh = grants.new_refresh(books, email, list(scopes), testing=self._front.testing)
            return {**grants.new_access(books, email, list(scopes)), "refresh_token": refresh["id"]}

    def revoke(self, email: str = PERSON) -> None:
        """The person takes the permission back."""
        with self._books() as books:
            grants.revoke_all(books, email)

    def expire_access(self, email: str = PERSON) -> None:
        """Access tokens are of no use from now on, refresh tokens are."""
        with self._books() as books:
            grants.expire_access(books, email)

    def expire_sync_tokens(self, calendar: str = PERSON) -> None:
        """Page tokens of a sync, too: the next answer is 410."""
        with self._books() as books:
            row = books.calendar(calendar)
            books.store.put("calendars", {**row, "era": row["era"] + 1})

    # --- what people do in their calendars ----------------------------------------------------------------------------

    def add_event(self, start: When, end: When, summary: str = "", *, calendar: str = PERSON, **more: Any) -> str:
        """Its id. Days (the end is the day after the last) or aware times; `more` are fields of an event."""
        home = self.bank.store.table("calendars")[calendar]["timeZone"]
        body = {"summary": summary, "start": told(start, home), "end": told(end, home), **more}
        return str((self._act(events.insert, calendar, body=body) or {})["id"])

    def move(self, event_id: str, start: When, end: When | None = None, *, calendar: str = PERSON) -> Json:
        """Drag it: without an end it stays as long as it is."""
        with self._books() as books:
            call = self._call(books, calendar, event_id, {})
            before = events.span_of(call)
            home = books.calendar(calendar)["timeZone"]
        last = end or (start + (before[1] - before[0]))
        instead = {"date": None, "dateTime": None}
        body = {"start": instead | told(start, home), "end": instead | told(last, home)}
        return self._act(events.patch, calendar, event_id, body) or {}

    def change(self, event_id: str, *, calendar: str = PERSON, **fields: Any) -> Json:
        return self._act(events.patch, calendar, event_id, fields) or {}

    def delete(self, event_id: str, *, calendar: str = PERSON) -> None:
        self._act(events.delete, calendar, event_id)

    def respond(self, event_id: str, email: str, answer: str = "declined", *, calendar: str = PERSON) -> None:
        """A guest answers the invitation: "accepted", "declined" or "tentative"."""
        with self._books() as books:
            events.respond(self._call(books, calendar, event_id, {}), email, answer)

    def decline(self, event_id: str, email: str, *, calendar: str = PERSON) -> None:
        self.respond(event_id, email, "declined", calendar=calendar)

    # --- how ----------------------------------------------------------------------------------------------------------

    @contextmanager
    def _books(self) -> Iterator[Books]:
        with self.bank.books() as books:
            yield books

    def _add(self, books: Books, owner: str, calendar: str, summary: str, zone: str) -> None:
        made = {"owner": owner, "summary": summary, "timeZone": zone, "shared": {}, "era": 0}
        books.store.put("calendars", {"id": calendar, "made": books.milliseconds, **made})

    def _call(self, books: Books, calendar: str, event_id: str, body: Mapping[str, Any]) -> Call:
        owner = Caller(books.calendar(calendar)["owner"], frozenset(SCOPES))
        ids = {"calendarId": calendar, "eventId": event_id}
        query = {"sendUpdates": "none", "conferenceDataVersion": 1}
        return Call(books, owner, self.faults, ids, query, dict(body))

    def _act(self, operation: Any, calendar: str, event_id: str = "", body: Mapping[str, Any] | None = None) -> Any:
        with self._books() as books:
            return operation(self._call(books, calendar, event_id, body or {}))


def told(at: When, zone: str) -> Json:
    """A start or an end as a request has it."""
    if isinstance(at, datetime):
        return {"dateTime": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "timeZone": zone}
    return {"date": at.isoformat()}
