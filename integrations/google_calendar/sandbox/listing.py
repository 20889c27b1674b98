"""Lists of entries: in pages, in full or since the last time."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from integrations.standin.store import Record

from . import entries, meet, series, times
from .books import list_entry
from .call import Call
from .errors import bad_parameter, bad_request, full_sync_required, updated_too_long_ago

Json = dict[str, Any]
Key = tuple[Any, ...]
USUAL = 250
REMEMBERED = timedelta(days=30)
# With a sync token they would ask for something else than what was synced.
NOT_WITH_TOKEN = [
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
]
# What all pages of one list, and all lists of one sync, must have alike.
ALIKE = ("singleEvents", "showDeleted")


def list_events(call: Call) -> Json:
    calendar = call.calendar("freeBusyReader")
    since = _since(call, calendar)
    after = _page(call, calendar)
    rows = _in_order(call, _wanted(call, calendar, since))
    rest = [row for row in rows if after is None or _key(call, row) > tuple(after["key"])]
    most = call.query.get("maxResults", USUAL)
    page = list(islice(rest, most))
    # What changes while the pages are turned is told at the next sync.
    begun = after["changes"] if after else call.books.changes
    items = [_item(call, calendar, row) for row in page]
    return {**_head(call, calendar), "items": items, **_next(call, calendar, page, begun, is_last=len(rest) <= most)}


def list_calendars(call: Call) -> Json:
    rows = call.books.calendars_of(call.caller.email)
    items = [list_entry(call.books, call.caller.email, row) for row in rows]
    return {"kind": "calendar#calendarList", "etag": f'"p{len(rows)}"', "items": items, "nextSyncToken": "unused"}


def list_instances(call: Call) -> Json:
    calendar = call.calendar("reader")
    master = entries.find(call.books, calendar["id"], call.ids["eventId"])
    low, high = _bounds(call)
    rows = series.instances(call.books, master, low, high) if master and master["event"].get("recurrence") else ()
    shown = [row for row in rows if call.query.get("showDeleted") or entries.is_seen(row, calendar["id"])]
    return {**_head(call, calendar), "items": [_item(call, calendar, row) for row in shown]}


def _head(call: Call, calendar: Record) -> Json:
    return {
        "kind": "calendar#events",
        "etag": f'"p{call.books.changes}"',
        "summary": calendar["summary"],
        "description": "",
        "updated": times.stamp(call.books.milliseconds),
        "timeZone": calendar["timeZone"],
        "accessRole": call.role(calendar),
        "defaultReminders": [{"method": "popup", "minutes": 30}],
    }


def _item(call: Call, calendar: Record, row: Record) -> Json:
    shown_in = call.shown_in(calendar)
    if not entries.is_seen(row, calendar["id"]):
        return entries.gone(row, shown_in)
    if row["id"] in call.books.store.table("events"):
        row = meet.after_read(call.books, row)
    return entries.shown(call.books, row, calendar["id"], call.role(calendar), shown_in)


# --- which entries ----------------------------------------------------------------------------------------------------


def _wanted(call: Call, calendar: Record, since: Json | None) -> Iterator[Record]:
    low, high = _bounds(call)
    if since:
        low, high = (datetime.fromisoformat(at) if at else None for at in since["between"])
    fits = _filter(call)
    for row in _rows(call, calendar, low, high, since):
        if since is None and not _is_told(call, calendar, row):
            continue
        if fits(row) and (since is not None or _is_between(call, row, low, high)):
            yield row


def _rows(
    call: Call, calendar: Record, low: datetime | None, high: datetime | None, since: Json | None
) -> Iterator[Record]:
    """With single events a series is its instances, whether or not they are stored."""
    for row in entries.in_calendar(call.books, calendar["id"]):
        if since and row["changed"] <= since["changes"]:
            continue
        is_series, is_seen = bool(row["event"].get("recurrence")), entries.is_seen(row, calendar["id"])
        if not call.query.get("singleEvents") or (is_series and not is_seen) or (since and row["series"]):
            yield row
        elif is_series:
            told = series.instances(call.books, row, low, high)
            # One that was changed by itself is told for that, not a second time with its series.
            yield from (one for one in told if not since or one["changed"] <= row["changed"])
        elif row["series"] is None:
            yield row


def _is_told(call: Call, calendar: Record, row: Record) -> bool:
    """Deleted ones only when asked for; a deleted instance is part of what a living series says, too."""
    if entries.is_seen(row, calendar["id"]) or call.query.get("showDeleted") or call.query.get("updatedMin"):
        return True
    if not row["series"] or call.query.get("singleEvents"):
        return False
    master = entries.find(call.books, calendar["id"], row["series"])
    return master is not None and entries.is_seen(master, calendar["id"])


def _is_between(call: Call, row: Record, low: datetime | None, high: datetime | None) -> bool:
    if row["event"].get("recurrence"):
        return next(series.instances(call.books, row, low, high), None) is not None
    start, end = entries.span(call.books, row)
    return (low is None or end > low) and (high is None or start < high)


def _bounds(call: Call) -> tuple[datetime | None, datetime | None]:
    """Of the end (exclusive) and of the start (exclusive)."""
    low, high = (
        times.instant(call.query[name], name) if call.query.get(name) else None for name in ("timeMin", "timeMax")
    )
    if low and high and high <= low:
        raise bad_parameter("timeMax", "The specified time range is empty.")
    return low, high


def _filter(call: Call) -> Callable[[Record], bool]:
    query = call.query
    words = str(query.get("q") or "").lower()
    updated = _updated(call)

    def fits(row: Record) -> bool:
        event = row["event"]
        text = " ".join(str(event.get(name, "")) for name in ("summary", "description", "location", "attendees"))
        return (
            words in text.lower()
            and row["updated"] >= updated
            and query.get("iCalUID") in (None, event.get("iCalUID"), f"{row['series'] or event['id']}@google.com")
            and _has(event, "private", query.get("privateExtendedProperty", ()))
            and _has(event, "shared", query.get("sharedExtendedProperty", ()))
        )

    return fits


def _updated(call: Call) -> float:
    """Milliseconds since 1970; Google does not remember for ever what was deleted."""
    if not (text := call.query.get("updatedMin")):
        return 0
    at = times.instant(text, "updatedMin")
    if at < call.books.clock.now() - REMEMBERED:
        raise updated_too_long_ago()
    return at.timestamp() * 1000


def _has(event: Json, kind: str, wanted: Any) -> bool:
    known = event.get("extendedProperties", {}).get(kind, {})
    return all(known.get(name) == value for name, _, value in (text.partition("=") for text in wanted))


# --- order, pages and syncs -------------------------------------------------------------------------------------------


def _in_order(call: Call, rows: Iterator[Record]) -> list[Record]:
    if call.query.get("orderBy") == "startTime" and not call.query.get("singleEvents"):
        raise bad_request("The requested ordering is not available for the particular query.")
    return sorted(rows, key=lambda row: _key(call, row))


def _key(call: Call, row: Record) -> Key:
    by = call.query.get("orderBy")
    if by == "startTime":
        return entries.span(call.books, row)[0].isoformat(), row["event"]["id"]
    return (row["updated"] if by == "updated" else 0), row["event"]["id"]


def _next(call: Call, calendar: Record, page: list[Record], begun: int, *, is_last: bool) -> Json:
    alike = {"calendar": calendar["id"], "era": _era(call, calendar), "changes": begun, **_alike(call)}
    if not is_last:
        return {"nextPageToken": _token({**alike, "key": list(_key(call, page[-1]))})}
    since = _read(call.query["syncToken"]) if call.query.get("syncToken") else None
    between = since["between"] if since else [at.isoformat() if at else None for at in _bounds(call)]
    return {"nextSyncToken": _token({**alike, "between": between})}


def _since(call: Call, calendar: Record) -> Json | None:
    """What the sync token says. Raises ApiError when it is of no use any more."""
    if not (token := call.query.get("syncToken")):
        return None
    for name in NOT_WITH_TOKEN:
        if name in call.query:
            raise bad_parameter(name, f"Sync token cannot be used with {name}.")
    if call.query.get("showDeleted") is False:
        raise bad_parameter("showDeleted", "Sync token cannot be used with showDeleted=false.")
    since = _read(token)
    if since is None or "between" not in since:
        raise full_sync_required()
    if (since["calendar"], since["era"]) != (calendar["id"], _era(call, calendar)):
        raise full_sync_required()
    if since["singleEvents"] != bool(call.query.get("singleEvents")):
        raise bad_parameter("singleEvents", "A sync must ask for what the sync before it asked for.")
    return since


def _page(call: Call, calendar: Record) -> Json | None:
    if not (token := call.query.get("pageToken")):
        return None
    page = _read(token)
    if page is None or "key" not in page or page["calendar"] != calendar["id"]:
        raise bad_parameter("pageToken", "Invalid page token value.")
    if {name: page[name] for name in ALIKE} != _alike(call):
        raise bad_parameter("pageToken", "All pages must be asked for in the same way.")
    return page


def _alike(call: Call) -> Json:
    return {name: bool(call.query.get(name)) for name in ALIKE}


def _era(call: Call, calendar: Record) -> int:
    """Grows when all tokens of a calendar expire."""
    return int(call.books.calendar(calendar["id"])["era"])


def _token(value: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _read(token: str) -> Json | None:
    try:
        read = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        return None
    return read if isinstance(read, dict) else None
