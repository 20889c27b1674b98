"""What a person sees of a stretch of time, in all their calendars."""

from dataclasses import dataclass
from datetime import datetime

from . import entries, series
from .books import Books
from .entries import Json


@dataclass(frozen=True)
class Seen:
    """An entry in a calendar, in UTC."""

    calendar: str
    event: Json
    start: datetime
    end: datetime
    blocks: bool

    @property
    def is_day(self) -> bool:
        return "date" in self.event["start"]

    @property
    def is_own(self) -> bool:
        """Whether it may be moved from here: guests only answer."""
        return bool(self.event["organizer"].get("self"))


def of(books: Books, email: str, low: datetime, high: datetime) -> list[Seen]:
    """In order; only what stands in calendars of the person's own."""
    own = [row["id"] for row in books.calendars_of(email) if row["owner"] == email]
    return sorted((one for name in own for one in _in(books, name, low, high)), key=lambda one: (one.start, one.end))


def _in(books: Books, calendar: str, low: datetime, high: datetime) -> list[Seen]:
    found = []
    for row in entries.in_calendar(books, calendar):
        if row["series"] or not entries.is_seen(row, calendar):
            continue
        rows = series.instances(books, row, low, high) if row["event"].get("recurrence") else (row,)
        for one in rows:
            start, end = entries.span(books, one)
            if start < high and end > low and entries.is_seen(one, calendar):
                event = entries.shown(books, one, calendar, "owner", books.home(calendar))
                found.append(Seen(calendar, event, start, end, entries.blocks(one, calendar)))
    return found
