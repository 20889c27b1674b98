"""When calendars are busy: one answer for many, with an error for each that could not be asked."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from . import entries, series, times
from .books import Books
from .call import Call
from .errors import bad_request, empty_range, range_too_long

Json = dict[str, Any]
Span = tuple[datetime, datetime]
MOST = 50
LONGEST = timedelta(days=90)


def query(call: Call) -> Json:
    low, high = (times.instant(str(call.body.get(name) or "")) for name in ("timeMin", "timeMax"))
    if high <= low:
        raise empty_range()
    if high - low > LONGEST:
        raise range_too_long()
    most = call.body.get("calendarExpansionMax") or MOST
    if most > MOST:
        raise bad_request(f"The maximum value of calendarExpansionMax is {MOST}.", "invalid")
    asked = [str(item.get("id") or "") for item in call.body.get("items") or ()]
    shown_in = times.zone(call.body.get("timeZone") or "UTC")
    too_many = _error("tooManyCalendarsRequested") if len(asked) > most else None
    return {
        "kind": "calendar#freeBusy",
        "timeMin": _echo(low),
        "timeMax": _echo(high),
        "calendars": {name: too_many or _calendar(call, name, low, high, shown_in) for name in asked},
    }


def busy(books: Books, calendar_id: str, low: datetime, high: datetime) -> list[Span]:
    """In UTC, in order; what overlaps or touches is one."""
    found: list[Span] = []
    for row in entries.in_calendar(books, calendar_id):
        if row["series"] is not None:
            continue  # told with its series
        rows = series.instances(books, row, low, high) if row["event"].get("recurrence") else [row]
        if entries.is_seen(row, calendar_id):
            found += [entries.span(books, one) for one in rows if entries.blocks(one, calendar_id)]
    return _joined([(max(start, low), min(end, high)) for start, end in found if start < high and end > low])


def _calendar(call: Call, name: str, low: datetime, high: datetime, shown_in: ZoneInfo) -> Json:
    calendar_id = call.books.resolve(call.caller, name)
    if reason := _fault(call, calendar_id):
        return _error(reason)
    if call.books.role(call.caller.email, calendar_id) == "none":
        return _error("notFound")
    spans = busy(call.books, calendar_id, low, high)
    return {"busy": [{"start": times.local(a, shown_in), "end": times.local(b, shown_in)} for a, b in spans]}


def _fault(call: Call, calendar_id: str) -> str:
    fault = call.faults.take("calendar_error", calendar_id)
    return str(fault.value) if fault else ""


def _error(reason: str) -> Json:
    return {"errors": [{"domain": "global", "reason": reason}], "busy": []}


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif end > start:
            joined.append((start, end))
    return joined


def _echo(at: datetime) -> str:
    return times.stamp(round(at.timestamp() * 1000))
