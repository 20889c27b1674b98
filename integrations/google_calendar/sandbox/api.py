"""One call of the Calendar API: is it one, who asks, does a fault get in the way, and only then what it does."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from integrations.standin.faults import Faults
from integrations.standin.wire import Reply, Request, as_json

from . import discovery, events, freebusy, grants, listing
from .books import Bank, Books, Caller, list_entry
from .call import Call
from .discovery import Method
from .errors import ApiError, limited, not_found, of_status, scope_missing, unauthorized
from .faults import Fault

PREFIX = "/calendar/v3/"
Json = dict[str, Any]
# Scopes that reach calendars of one's own only.
OWN_ONLY = frozenset(
    f"https://www.googleapis.com/auth/calendar{end}"
    for end in (".events.owned", ".events.owned.readonly", ".freebusy", ".app.created")
)


def _calendar(call: Call) -> Json:
    row = call.calendar("freeBusyReader")
    fields = ("etag", "id", "summary", "timeZone", "conferenceProperties")
    entry = list_entry(call.books, call.caller.email, row)
    return {"kind": "calendar#calendar", **{name: entry[name] for name in fields}}


def _list_entry(call: Call) -> Json:
    return list_entry(call.books, call.caller.email, call.calendar("freeBusyReader"))


OPERATIONS: dict[str, Callable[[Call], Json | None]] = {
    "calendarList.list": listing.list_calendars,
    "calendarList.get": _list_entry,
    "calendars.get": _calendar,
    "events.delete": events.delete,
    "events.get": events.get,
    "events.insert": events.insert,
    "events.instances": listing.list_instances,
    "events.list": listing.list_events,
    "events.patch": events.patch,
    "events.update": events.update,
    "freebusy.query": freebusy.query,
}


@dataclass
class Api:
    """`calls` are (operation, account, calendar or "") of all that got as far as being executed."""

    bank: Bank
    faults: Faults[Fault]
    calls: list[tuple[str, str, str]] = field(default_factory=list)

    def answer(self, request: Request) -> Reply | None:
        """None: hang up without an answer."""
        try:
            found = discovery.find(request.method, request.path.removeprefix(PREFIX))
            if found is None:
                raise not_found()
            return self._answer(request, *found)
        except ApiError as error:
            return as_json(error.body, error.status, error.headers)

    def _answer(self, request: Request, method: Method, ids: dict[str, str]) -> Reply | None:
        if reply := met(self.faults, method.name):
            return reply
        if self.faults.take("cut_before", method.name):
            return None
        operation = OPERATIONS.get(method.name)
        if operation is None:
            raise ApiError(501, "notImplemented", f"This stand-in has no {method.name}.")
        query, body = method.query(request.query), method.read_body(request.body)
        with self.bank.books() as books:
            caller = self._caller(books, request, method)
            call = Call(books, caller, self.faults, ids, query, body, request.headers.get("if-match", ""))
            _check_reach(call, method)
            self.calls.append((method.name, caller.email, books.resolve(caller, ids.get("calendarId", ""))))
            result = operation(call)
        reply = Reply(b"", 204) if result is None else as_json(result, headers=_tag(result))
        return after(self.faults, method.name, reply)

    def _caller(self, books: Books, request: Request, method: Method) -> Caller:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        caller = grants.caller_of(books, token.strip()) if scheme.lower() == "bearer" else None
        if caller is None:
            raise unauthorized()
        if not caller.scopes & method.scopes:
            raise scope_missing()
        return caller


def met(faults: Faults[Fault], name: str) -> Reply | None:
    """The answer of a fault, before anything is done."""
    error = None
    if limit := faults.take("limit", name):
        error = limited(limit.value)
    elif status := faults.take("status", name):
        error = of_status(status.value)
    return as_json(error.body, error.status, error.headers) if error else None


def after(faults: Faults[Fault], name: str, reply: Reply) -> Reply | None:
    """What becomes of an answer on its way."""
    if slow := faults.take("slow", name):
        time.sleep(slow.value)
    if faults.take("cut_after", name):
        return None
    if faults.take("truncate", name):
        return Reply(reply.body[: len(reply.body) // 2], reply.status, reply.content_type)
    return reply


def _check_reach(call: Call, method: Method) -> None:
    """Some scopes end at the calendars one owns."""
    if "calendarId" not in call.ids or (call.caller.scopes & method.scopes) - OWN_ONLY:
        return
    if call.books.role(call.caller.email, call.books.resolve(call.caller, call.ids["calendarId"])) != "owner":
        raise scope_missing()


def _tag(result: Json) -> dict[str, str]:
    return {"ETag": result["etag"]} if "etag" in result else {}
