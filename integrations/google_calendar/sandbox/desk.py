"""The page and what its buttons do, by form or by JSON."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from integrations.standin.wire import Reply, Request, as_html, as_json, nothing, redirect

from . import page
from .errors import ApiError

if TYPE_CHECKING:
    from .peer import GoogleSandbox

Form = dict[str, Any]


class Desk:
    def __init__(self, peer: "GoogleSandbox") -> None:
        self.peer = peer
        self.buttons: dict[str, Callable[[Form], object]] = {
            "add": self.add,
            "move": self.move,
            "delete": lambda form: peer.delete(form["event"], calendar=form["calendar"]),
            "respond": self.respond,
            "revoke": lambda form: peer.revoke(form["email"]),
            "expire_access": lambda form: peer.expire_access(form["email"]),
            "expire_sync": self.expire_sync,
        }

    def answer(self, request: Request) -> Reply:
        if request.method == "GET" and request.path == "/":
            return self.show(request.fields)
        button = self.buttons.get(request.path.removeprefix("/sandbox/"))
        if request.method != "POST" or button is None:
            return nothing()
        return self.press(request, button)

    def show(self, fields: dict[str, str]) -> Reply:
        """The week that is asked for, or this one; the person that is asked for, or the first."""
        with self.peer.bank.books() as books:
            email = fields.get("person", "")
            email = email if books.has_account(email) else self.peer.people[0]["id"]
            try:
                day = date.fromisoformat(fields.get("week", ""))
            except ValueError:
                day = books.clock.now().astimezone(books.home(email)).date()
            monday = day - timedelta(days=day.weekday())
            return as_html(page.overview(books, self.peer.faults, email, monday))

    def press(self, request: Request, button: Callable[[Form], object]) -> Reply:
        try:
            form = request.given
            back = str(form.pop("back", "/"))
            button(form)
        except ApiError as error:
            return as_json(error.body, error.status)
        except (ValueError, TypeError, KeyError) as error:
            return as_json({"error": str(error)}, 400)
        if request.is_json:
            return as_json({})
        return redirect(back if back.startswith("/") and not urlsplit(back).netloc else "/")

    def add(self, form: Form) -> None:
        """`as`: opaque, transparent, day or weekly."""
        calendar, summary, kind = form["calendar"], form.get("summary", ""), form.get("as", "opaque")
        start = self.local(form["start"], calendar)
        if kind == "day":
            day = start.date()
            self.peer.add_event(day, day + timedelta(days=1), summary, calendar=calendar)
            return
        more: Form = {"transparent": {"transparency": "transparent"}, "weekly": {"recurrence": ["RRULE:FREQ=WEEKLY"]}}
        end = start + timedelta(minutes=int(form.get("minutes") or 60))
        self.peer.add_event(start, end, summary, calendar=calendar, **more.get(kind, {}))

    def move(self, form: Form) -> None:
        """`zone`: of the time that is given, where it is not the calendar's."""
        start = self.local(form["start"], form["calendar"], str(form.get("zone") or ""))
        self.peer.move(form["event"], start, calendar=form["calendar"])

    def respond(self, form: Form) -> None:
        self.peer.respond(form["event"], form["email"], form["answer"], calendar=form["calendar"])

    def expire_sync(self, form: Form) -> None:
        for calendar in self.peer.calendars(form["email"]):
            self.peer.expire_sync_tokens(calendar)

    def local(self, text: str, calendar: str, zone: str = "") -> datetime:
        """A time as a form has it, of the calendar's zone unless it says its own."""
        at = datetime.fromisoformat(text)
        with self.peer.bank.books() as books:
            return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone) if zone else books.home(calendar))
