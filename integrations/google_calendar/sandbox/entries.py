"""Entries of calendars: one record each, seen in the organizer's calendar and in its guests' own ones."""

import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from integrations.standin.store import Record

from . import times
from .books import Books

Json = dict[str, Any]
CANCELLED = "cancelled"
OWN_ID = re.compile(r"[a-v0-9]{5,1024}")


def new_id() -> str:
    return "".join(secrets.choice("abcdefghijklmnopqrstuv0123456789") for _ in range(26))


def key(calendar_id: str, entry_id: str) -> str:
    return f"{calendar_id}/{entry_id}"


def in_calendar(books: Books, calendar_id: str) -> Iterator[Record]:
    """All that are or ever were seen there."""
    for row in list(books.store.table("events").values()):
        if row["calendar"] == calendar_id or calendar_id in row["guests"]:
            yield row


def find(books: Books, calendar_id: str, entry_id: str) -> Record | None:
    """Cancelled ones, too."""
    table = books.store.table("events")
    if row := table.get(key(calendar_id, entry_id)):
        return row
    return next((row for row in in_calendar(books, calendar_id) if row["event"]["id"] == entry_id), None)


def is_seen(row: Record, calendar_id: str) -> bool:
    """Whether it stands in this calendar now."""
    if row["event"]["status"] == CANCELLED:
        return False
    return row["calendar"] == calendar_id or (calendar_id not in row["left"] and calendar_id in emails(row))


def emails(row: Record) -> list[str]:
    return [guest["email"] for guest in row["event"].get("attendees", ())]


def put(books: Books, row: Record, event: Json, **changes: Any) -> Record:
    """A changed entry: it counts as a change in every calendar that shows it."""
    guests = sorted({*row["guests"], *(mail for mail in emails({"event": event}) if books.has_account(mail))})
    now = books.milliseconds
    stored = {**row, "event": event, "guests": guests, "changed": books.next_change(), "updated": now, **changes}
    return books.store.put("events", stored)


def make(books: Books, calendar_id: str, event: Json, *, creator: str, **more: Any) -> Record:
    """A new entry; `event` holds what its maker said, with an id and a status."""
    row = {
        "id": key(calendar_id, event["id"]),
        "calendar": calendar_id,
        "creator": creator,
        "created": books.milliseconds,
        "sequence": 0,
        "guests": [],  # calendars of invited people, now or at some time
        "left": [],  # those who took it out of their own calendar
        "series": None,
        "meet": None,
        **more,
    }
    return put(books, row, event)


def etag(row: Record) -> str:
    return f'"{row["updated"] * 1000 + row["changed"] % 1000}"'


def span(books: Books, row: Record) -> tuple[datetime, datetime]:
    """In UTC, of the first instance of a series."""
    return times.span(row["event"]["start"], row["event"]["end"], books.home(row["calendar"]))


def blocks(row: Record, calendar_id: str) -> bool:
    """Whether it makes this calendar's owner busy."""
    event = row["event"]
    if not is_seen(row, calendar_id) or event.get("transparency") == "transparent":
        return False
    mine: Json = next((guest for guest in event.get("attendees", ()) if guest["email"] == calendar_id), {})
    return mine.get("responseStatus") != "declined"


# --- as answers have them ---------------------------------------------------------------------------------------------


def gone(row: Record, shown_in: ZoneInfo) -> Json:
    """What is left of a deleted entry: four fields, and of an instance which one it was."""
    told = {"kind": "calendar#event", "etag": etag(row), "id": row["event"]["id"], "status": CANCELLED}
    if row["series"]:
        told |= {"recurringEventId": row["series"], "originalStartTime": times.told(row["original"], shown_in)}
    return told


def shown(books: Books, row: Record, calendar_id: str, role: str, shown_in: ZoneInfo) -> Json:
    """An entry as this calendar shows it to somebody who has this role there."""
    event = row["event"]
    seen = event["status"] if is_seen(row, calendar_id) else CANCELLED
    at = {"start": times.told(event["start"], shown_in), "end": times.told(event["end"], shown_in)}
    base = {"kind": "calendar#event", "etag": etag(row), "id": event["id"], "status": seen}
    if role == "freeBusyReader" or (role == "reader" and event.get("visibility") in ("private", "confidential")):
        busy = {"transparency": "transparent"} if event.get("transparency") == "transparent" else {}
        return {**base, **at, "visibility": "private", "iCalUID": _uid(row), **busy}
    return {**base, **_details(books, row, calendar_id, shown_in), **at, **_meeting(row)}


def _details(books: Books, row: Record, calendar_id: str, shown_in: ZoneInfo) -> Json:
    event = row["event"]
    organizer = _organizer(books, row["calendar"])
    told: Json = {
        "htmlLink": f"https://www.google.com/calendar/event?eid={event['id']}",
        "created": times.stamp(row["created"] // 1000 * 1000),
        "updated": times.stamp(row["updated"]),
        **{name: value for name, value in event.items() if name not in ("id", "status", "attendees")},
        "creator": _person(row["creator"], calendar_id),
        "organizer": {**organizer, **({"self": True} if row["calendar"] == calendar_id else {})},
        "iCalUID": _uid(row),
        "sequence": row["sequence"],
        "reminders": event.get("reminders") or {"useDefault": True},
        "eventType": event.get("eventType", "default"),
    }
    if guests := event.get("attendees"):
        told["attendees"] = [_guest(guest, row["calendar"], calendar_id) for guest in guests]
    if row["calendar"] != calendar_id and "private" in told.get("extendedProperties", {}):
        told["extendedProperties"] = {k: v for k, v in told["extendedProperties"].items() if k != "private"}
    if row["series"]:
        told |= {"recurringEventId": row["series"], "originalStartTime": times.told(row["original"], shown_in)}
    return told


def _meeting(row: Record) -> Json:
    return row["meet"]["shown"] if row["meet"] else {}


def _uid(row: Record) -> str:
    return row["event"].get("iCalUID") or f"{row['series'] or row['event']['id']}@google.com"


def _organizer(books: Books, calendar_id: str) -> Json:
    calendar = books.calendar(calendar_id)
    named = {"displayName": calendar["summary"]} if calendar["owner"] != calendar_id else {}
    return {"email": calendar_id, **named}


def _person(email: str, calendar_id: str) -> Json:
    return {"email": email, "self": True} if email == calendar_id else {"email": email}


def _guest(guest: Json, organizer: str, calendar_id: str) -> Json:
    told = {"email": guest["email"]} | {k: v for k, v in guest.items() if k not in ("self", "organizer")}
    told |= {"organizer": True} if guest["email"] == organizer else {}
    return told | ({"self": True} if guest["email"] == calendar_id else {})
