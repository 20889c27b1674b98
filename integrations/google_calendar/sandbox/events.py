"""What is done to entries of a calendar: insert, get, patch, update, delete."""

import re
from datetime import datetime
from typing import Any

from integrations.standin.store import Record

from . import entries, meet, series, times
from .call import Call
from .entries import CANCELLED
from .errors import bad_request, changed_meanwhile, deleted, duplicate, not_found, not_organizer

Json = dict[str, Any]
READ_ONLY = frozenset(
    {
        "kind",
        "etag",
        "htmlLink",
        "created",
        "updated",
        "creator",
        "organizer",
        "sequence",
        "hangoutLink",
        "conferenceData",
        "recurringEventId",
        "originalStartTime",
        "locked",
        "privateCopy",
        "attendeesOmitted",
        "endTimeUnspecified",
    }
)
# What guests may change in their own copy.
GUESTS_OWN = frozenset({"attendees", "reminders", "colorId"})
STATES = ("confirmed", "tentative", CANCELLED)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ANSWERS = ("needsAction", "declined", "tentative", "accepted")


def insert(call: Call) -> Json:
    calendar = call.calendar("writer")
    given = _given(call.body)
    for name, word in (("end", "end"), ("start", "start")):
        if name not in given:
            raise bad_request(f"Missing {word} time.", "required")
    event = {"status": "confirmed", **given, "id": given.get("id") or entries.new_id()}
    _check(call, calendar, event)
    if entries.find(call.books, calendar["id"], event["id"]):
        raise duplicate()
    conference = meet.asked(call, None)
    row = entries.make(call.books, calendar["id"], event, creator=call.caller.email, meet=conference)
    call.mail(row, "invitation")
    return _shown(call, calendar, row)


def get(call: Call) -> Json:
    calendar = call.calendar("freeBusyReader")
    row = meet.after_read(call.books, _found(call, calendar))
    return _shown(call, calendar, row)


def patch(call: Call) -> Json:
    """Fields that are given, objects field by field; null takes one away, a list replaces the whole list."""
    calendar = call.calendar("writer")
    row = _found(call, calendar)
    return _change(call, calendar, row, merged(row["event"], _given(call.body, keep_nulls=True)))


def update(call: Call) -> Json:
    """All fields: what is not given is gone."""
    calendar = call.calendar("writer")
    row = _found(call, calendar)
    event = {"status": "confirmed", **_given(call.body), "id": row["event"]["id"]}
    if not {"start", "end"} <= event.keys():
        raise bad_request("Missing end time.", "required")
    return _change(call, calendar, row, event)


def delete(call: Call) -> None:
    calendar = call.calendar("writer")
    row = _found(call, calendar)
    if not entries.is_seen(row, calendar["id"]):
        raise deleted()
    _match(call, row)
    if row["calendar"] == calendar["id"]:
        call.mail(_cancel(call, row), "cancellation")
        return
    event = _answered(row["event"], calendar["id"], {"responseStatus": "declined"})
    entries.put(call.books, row, event, left=[*row["left"], calendar["id"]])


def respond(call: Call, email: str, answer: str) -> None:
    """A guest answers, wherever they read the invitation."""
    row = _found(call, call.calendar("reader"))
    if email not in entries.emails(row):
        raise not_found()
    entries.put(call.books, row, _answered(row["event"], email, {"responseStatus": answer}))


def span_of(call: Call) -> tuple[datetime, datetime]:
    """In UTC."""
    return entries.span(call.books, _found(call, call.calendar("reader")))


def merged(old: Json, new: Json) -> Json:
    """As JSON Merge Patch has it."""
    result = dict(old)
    for name, value in new.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            before = result.get(name)
            result[name] = merged(before if isinstance(before, dict) else {}, value)
        else:
            result[name] = value
    return result


def _change(call: Call, calendar: Record, row: Record, event: Json) -> Json:
    _match(call, row)
    event["id"] = row["event"]["id"]
    if row["calendar"] != calendar["id"]:
        event = _as_guest(call, calendar, row, event)
    _check(call, calendar, event)
    _check_sequence(call, row)
    if event["status"] == CANCELLED:
        row = _cancel(call, row)
        call.mail(row, "cancellation")
        return _shown(call, calendar, row)
    conference = meet.asked(call, row["meet"])
    if event != row["event"] or conference != row["meet"]:
        is_moved = any(event.get(name) != row["event"].get(name) for name in ("start", "end", "recurrence"))
        sequence = row["sequence"] + is_moved
        row = entries.put(call.books, row, event, meet=conference, sequence=sequence)
    call.mail(row, "update")
    return _shown(call, calendar, row)


def _cancel(call: Call, row: Record) -> Record:
    """An entry, with all instances of it that were changed."""
    for instance in series.exceptions(call.books, row).values() if not row["series"] else ():
        if instance["event"]["status"] != CANCELLED:
            entries.put(call.books, instance, {**instance["event"], "status": CANCELLED})
    return entries.put(call.books, row, {**row["event"], "status": CANCELLED}, sequence=row["sequence"] + 1)


def _as_guest(call: Call, calendar: Record, row: Record, event: Json) -> Json:
    """Raises ApiError where a guest changes what is the organizer's."""
    changed = {name for name in {*event, *row["event"]} if event.get(name) != row["event"].get(name)}
    if changed - GUESTS_OWN or calendar["id"] not in entries.emails(row):
        raise not_organizer()
    mine: Json = next((guest for guest in event.get("attendees", ()) if guest.get("email") == calendar["id"]), {})
    own: Json = {name: event[name] for name in ("reminders", "colorId") if name in event}
    return {**_answered(row["event"], calendar["id"], mine), **own}


def _answered(event: Json, email: str, answer: Json) -> Json:
    guests = [{**guest, **answer} if guest["email"] == email else guest for guest in event.get("attendees", ())]
    return {**event, "attendees": guests}


def _found(call: Call, calendar: Record) -> Record:
    """An instance of a series, too. Raises ApiError."""
    entry_id = call.ids["eventId"]
    if row := entries.find(call.books, calendar["id"], entry_id):
        return row
    master = entries.find(call.books, calendar["id"], series.series_id(entry_id))
    instance = series.instance_of(call.books, master, entry_id) if master else None
    if instance is None:
        raise not_found()
    return instance


def _shown(call: Call, calendar: Record, row: Record) -> Json:
    return entries.shown(call.books, row, calendar["id"], call.role(calendar), call.shown_in(calendar))


def _match(call: Call, row: Record) -> None:
    if call.if_match not in ("", "*", entries.etag(row)):
        raise changed_meanwhile()


def _given(body: Json, *, keep_nulls: bool = False) -> Json:
    """Without what only Google writes."""
    given = {name: value for name, value in body.items() if name not in READ_ONLY}
    return given if keep_nulls else {name: value for name, value in given.items() if value is not None}


# --- what Google refuses ----------------------------------------------------------------------------------------------


def _check(call: Call, calendar: Record, event: Json) -> None:
    if not entries.OWN_ID.fullmatch(event["id"]) and not series.series_id(event["id"]):
        raise bad_request("Invalid resource id value.", "invalid")
    if event["status"] not in STATES:
        raise bad_request("Invalid event status.", "invalid")
    for name in ("start", "end"):
        if event[name].get("date") and event[name].get("dateTime"):
            raise bad_request(f"Invalid {name} time.", "invalid")
        if event[name].get("timeZone"):
            times.zone(event[name]["timeZone"])
    times.span(event["start"], event["end"], call.books.home(calendar["id"]))
    series.check(event)
    if event.get("attendees"):
        event["attendees"] = [_guest(guest, calendar["id"]) for guest in event["attendees"]]


def _check_sequence(call: Call, row: Record) -> None:
    if (call.body.get("sequence") or row["sequence"]) < row["sequence"]:
        message = "Invalid sequence value. The specified sequence number is below the current one of the resource."
        raise bad_request(message, "invalid")


def _guest(guest: Json, organizer: str) -> Json:
    """Who was not said to have answered has not; the organizer comes."""
    email = str(guest.get("email") or "").lower()
    if not _EMAIL.fullmatch(email):
        raise bad_request("Invalid attendee email.", "invalid")
    answer = guest.get("responseStatus") or ("accepted" if email == organizer else "needsAction")
    if answer not in _ANSWERS:
        raise bad_request("Invalid attendee response status.", "invalid")
    told = {name: value for name, value in guest.items() if name not in ("self", "organizer") and value is not None}
    return {**told, "email": email, "responseStatus": answer}
