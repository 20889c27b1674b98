"""Times as Google reads and writes them: RFC 3339 with an offset, dates, and names of zones."""

import re
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from .errors import bad_parameter, bad_request, empty_range

Json = dict[str, Any]
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?")


def instant(text: str, name: str = "") -> datetime:
    """What a parameter says. Raises ApiError where the offset is missing."""
    try:
        read = _read(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise bad_parameter(name, f"Invalid value for: {text!r} is no time with an offset") if name else bad_request()
    return read


def zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise bad_request(f"Invalid time zone definition for {name!r}.", "invalid") from None


def moment(told: Json, home: ZoneInfo) -> datetime:
    """When a start or an end is; a day begins at midnight of the calendar's zone. Raises ApiError."""
    try:
        if told.get("date"):
            return datetime.combine(date.fromisoformat(told["date"]), time(), home)
        read = _read(told["dateTime"])
    except (ValueError, KeyError):
        raise bad_request("Invalid start or end time.", "invalid") from None
    if read.tzinfo is None:
        if not told.get("timeZone"):
            raise bad_request("Missing time zone definition for start time.", "required")
        read = read.replace(tzinfo=zone(told["timeZone"]))
    return read


def span(start: Json, end: Json, home: ZoneInfo) -> tuple[datetime, datetime]:
    """Both in UTC. Raises ApiError for an end before the start, and for a mixture of days and times."""
    if bool(start.get("date")) != bool(end.get("date")):
        raise bad_request("Start and end times must either both be date or both be dateTime.", "invalid")
    begins, ends = moment(start, home).astimezone(UTC), moment(end, home).astimezone(UTC)
    if ends < begins or (start.get("date") and ends == begins):
        raise empty_range()
    return begins, ends


def told(given: Json, shown_in: ZoneInfo) -> Json:
    """A start or an end as an answer has it: the time in the asker's zone, the zone's name as it was given."""
    if given.get("date"):
        return {"date": given["date"]}
    at = {"dateTime": local(moment(given, shown_in), shown_in)}
    return {**at, "timeZone": given["timeZone"]} if given.get("timeZone") else at


def local(at: datetime, shown_in: ZoneInfo) -> str:
    text = at.astimezone(shown_in).isoformat(timespec="seconds")
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") and shown_in.key == "UTC" else text


def stamp(milliseconds: int) -> str:
    """Since 1970."""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def compact(at: datetime) -> str:
    """As in the id of one instance of a series."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _read(text: str) -> datetime:
    if not _INSTANT.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text.upper())
