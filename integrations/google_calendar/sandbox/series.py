"""Recurring entries: their rules, and the instances they stand for."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr

from integrations.standin.store import Record

from . import times
from .books import Books
from .entries import key
from .errors import ApiError, bad_request

Json = dict[str, Any]
ENDLESS = timedelta(days=730)  # how far a series without an end is told
_INSTANCE = re.compile(r"(.+)_(\d{8}(?:T\d{6}Z)?)")


def check(event: Json) -> None:
    """Raises ApiError for rules that are none; a series of times needs a zone to repeat them in."""
    if not event.get("recurrence"):
        return
    if event["start"].get("dateTime") and not event["start"].get("timeZone"):
        raise bad_request("Missing time zone definition for start time.", "required")
    try:
        next(iter(_rules(event)), None)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise bad_request("Invalid recurrence rule.", "invalid") from None


def instances(books: Books, master: Record, low: datetime | None, high: datetime | None) -> Iterator[Record]:
    """Those that end after `low` and begin before `high`, as records; changed and cancelled ones as they are stored.

    An instance that was moved counts by where it is now.
    """
    changed = exceptions(books, master)
    for instance in _by_rule(books, master, low, high):
        if instance["id"] not in changed:
            yield instance
    for instance in changed.values():
        starts, ends = _span(books, instance)
        if (low is None or ends > low) and (high is None or starts < high):
            yield instance


def exceptions(books: Books, master: Record) -> dict[str, Record]:
    """{key: the instances that are stored themselves}."""
    series, calendar = master["event"]["id"], master["calendar"]
    rows = books.store.table("events").values()
    return {row["id"]: row for row in rows if row["series"] == series and row["calendar"] == calendar}


def instance_of(books: Books, master: Record, entry_id: str) -> Record | None:
    """The instance with this id, when the rules have it."""
    found = _INSTANCE.fullmatch(entry_id)
    if found is None or not master["event"].get("recurrence"):
        return None
    text = found[2]
    at = datetime.strptime(text, "%Y%m%dT%H%M%SZ" if "T" in text else "%Y%m%d").replace(tzinfo=UTC)
    near = _by_rule(books, master, at - timedelta(days=2), at + timedelta(days=2))
    return next((row for row in near if row["event"]["id"] == entry_id), None)


def series_id(entry_id: str) -> str:
    """Empty for what is no id of an instance."""
    found = _INSTANCE.fullmatch(entry_id)
    return found[1] if found else ""


def _by_rule(books: Books, master: Record, low: datetime | None, high: datetime | None) -> Iterator[Record]:
    home = books.home(master["calendar"])
    starts, ends = times.span(master["event"]["start"], master["event"]["end"], home)
    length = ends - starts
    last = high or books.clock.now() + ENDLESS
    for start in _rules(master["event"]):
        instance = _instance(master, start)
        begins = times.moment(instance["event"]["start"], home).astimezone(UTC)
        if begins >= last:
            return
        if low is None or begins + length > low:
            yield instance


def _instance(master: Record, start: datetime) -> Record:
    event = master["event"]
    at, until = _day(event, start) if event["start"].get("date") else _time(event, start)
    stamp = at["date"].replace("-", "") if "date" in at else times.compact(start)
    entry_id = f"{event['id']}_{stamp}"
    alone = {name: value for name, value in event.items() if name not in ("recurrence", "id", "start", "end")}
    return {
        **master,
        "id": key(master["calendar"], entry_id),
        "event": {**alone, "id": entry_id, "start": at, "end": until},
        "series": event["id"],
        "original": at,
    }


def _day(event: Json, start: datetime) -> tuple[Json, Json]:
    length = date.fromisoformat(event["end"]["date"]) - date.fromisoformat(event["start"]["date"])
    return {"date": start.date().isoformat()}, {"date": (start.date() + length).isoformat()}


def _time(event: Json, start: datetime) -> tuple[Json, Json]:
    """It lasts as long as the first one, also across a change of the clocks."""
    name = event["start"]["timeZone"]
    first = times.moment(event["start"], ZoneInfo(name))
    length = times.moment(event["end"], ZoneInfo(name)).astimezone(UTC) - first.astimezone(UTC)
    ends = (start.astimezone(UTC) + length).astimezone(ZoneInfo(name))
    return (
        {"dateTime": start.isoformat(), "timeZone": name},
        {"dateTime": ends.isoformat(), "timeZone": event["end"].get("timeZone", name)},
    )


def _rules(event: Json) -> rruleset:
    """The starts: local time in the start's own zone, so that a change of the clocks moves none."""
    is_day = bool(event["start"].get("date"))
    name = event["start"].get("timeZone")
    if is_day:
        first = datetime.fromisoformat(event["start"]["date"])  # days have no zone
    else:
        first = times.moment(event["start"], ZoneInfo(name)).astimezone(ZoneInfo(name))
    made = rruleset()
    if not any(line.startswith("RRULE") for line in event["recurrence"]):
        made.rdate(first)
    for line in event["recurrence"]:
        _add(made, line, first)
    return made


def _add(made: rruleset, line: str, first: datetime) -> None:
    head, _, value = line.partition(":")
    kind, *options = head.split(";")
    if kind in ("RRULE", "EXRULE"):
        add = made.rrule if kind == "RRULE" else made.exrule
        add(_rule(value, first))
    elif kind in ("RDATE", "EXDATE"):
        zone = next((ZoneInfo(option[5:]) for option in options if option.startswith("TZID=")), first.tzinfo)
        for text in value.split(","):
            (made.rdate if kind == "RDATE" else made.exdate)(_date(text, first, zone))
    else:
        raise ValueError(line)


def _rule(value: str, first: datetime) -> rrule:
    """Google takes an end as a day for a series of times, too; dateutil wants both alike."""
    if first.tzinfo:
        value = re.sub(r"UNTIL=(\d{8})(?=;|$)", r"UNTIL=\1T235959Z", value)
    else:
        value = re.sub(r"UNTIL=(\d{8})T\d{6}Z?", r"UNTIL=\1", value)
    made = rrulestr(value, dtstart=first)
    if not isinstance(made, rrule):
        raise ValueError(value)
    return made


def _date(text: str, first: datetime, zone: Any) -> datetime:
    at = datetime.fromisoformat(text)
    if first.tzinfo is None:
        return at.replace(tzinfo=None)
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _span(books: Books, row: Record) -> tuple[datetime, datetime]:
    home = books.home(row["calendar"])
    try:
        return times.span(row["event"]["start"], row["event"]["end"], home)
    except ApiError:  # a cancelled one keeps no times
        at = times.moment(row["original"], home).astimezone(UTC)
        return at, at + timedelta(minutes=1)
