"""Video conferences: asked for with an entry, made at once or after a few reads, or not at all."""

import hashlib
import secrets
from typing import Any

from integrations.standin.store import Record

from .books import Books
from .call import Call
from .entries import put
from .errors import bad_request

Json = dict[str, Any]


def asked(call: Call, before: Json | None) -> Json | None:
    """The conference an entry has after this request: `before`, none, or a new one."""
    if not call.query.get("conferenceDataVersion") or "conferenceData" not in call.body:
        return before
    given = call.body["conferenceData"]
    if given is None:
        return None
    request = given.get("createRequest")
    if not request:
        return before
    if not request.get("requestId"):
        raise bad_request("Invalid conference request: requestId is missing.", "invalid")
    solution = request.get("conferenceSolutionKey") or {"type": "hangoutsMeet"}
    if solution.get("type") != "hangoutsMeet":
        raise bad_request("Invalid conference type value.", "invalid")
    if before and before["request"] == request["requestId"]:
        return before
    pending = call.faults.take("meet_pending", "events.insert")
    ends = "failure" if call.faults.take("meet_failure", "events.insert") else "success"
    left = pending.value if pending else 0
    return _state(request["requestId"], left, ends)


def after_read(books: Books, row: Record) -> Record:
    """The entry as it is once more has been asked for it; a conference that is made counts as a change."""
    meet = row["meet"]
    if not meet or meet["left"] <= 0:
        return row
    later = _state(meet["request"], meet["left"] - 1, meet["ends"])
    if later["left"]:
        return books.store.put("events", {**row, "meet": later})
    return put(books, row, row["event"], meet=later)


def _state(request_id: str, left: int, ends: str) -> Json:
    status = "pending" if left else ends
    request = {
        "requestId": request_id,
        "conferenceSolutionKey": {"type": "hangoutsMeet"},
        "status": {"statusCode": status},
    }
    shown: Json = {"conferenceData": {"createRequest": request}}
    if status == "success":
        shown = _made(request, request_id)
    return {"request": request_id, "left": left, "ends": ends, "shown": shown}


def _made(request: Json, request_id: str) -> Json:
    code = _code(request_id)
    uri = f"https://meet.google.com/{code}"
    return {
        "hangoutLink": uri,
        "conferenceData": {
            "createRequest": request,
            "entryPoints": [{"entryPointType": "video", "uri": uri, "label": f"meet.google.com/{code}"}],
            "conferenceSolution": {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"},
            "conferenceId": code,
        },
    }


def _code(request_id: str) -> str:
    salt = secrets.token_hex(4)
    letters = "".join(chr(ord("a") + byte % 26) for byte in hashlib.sha256(f"{salt}{request_id}".encode()).digest())
    return f"{letters[:3]}-{letters[3:7]}-{letters[7:10]}"
