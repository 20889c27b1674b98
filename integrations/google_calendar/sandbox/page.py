"""The page for people: somebody's week in their calendars, the letters Google would have sent, switches for faults."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from integrations.standin.faults import Faults
from integrations.standin.page import Html, button, document, hidden, switches, table
from integrations.standin.store import Record

from . import agenda
from .agenda import Seen
from .books import Books
from .entries import Json
from .faults import Fault
from .grid import SCRIPT, STYLE, grid

WEEKS = 4
MAILS = 50
# What each button asks for.
SWITCHES = {
    "Refuse": {"fault": "refuse"},
    "503": {"fault": "status", "value": "503"},
    "429": {"fault": "status", "value": "429"},
    "Quota exceeded": {"fault": "limit", "value": "quotaExceeded"},
    "Slow (5 s)": {"fault": "slow", "value": "5"},
    "Cut before": {"fault": "cut_before"},
    "Cut after commit": {"fault": "cut_after"},
    "Half an answer": {"fault": "truncate"},
    "Calendars fail": {"fault": "calendar_error", "value": "internalError"},
    "Meet pending": {"fault": "meet_pending", "value": "3"},
    "Meet fails": {"fault": "meet_failure"},
}


def overview(books: Books, faults: Faults[Fault], email: str, monday: date) -> str:
    """Of one person, the four weeks that begin on this day."""
    people = list(books.store.table("people").values())
    zone = books.home(email)
    low = datetime.combine(monday, time(), zone)
    seen = agenda.of(books, email, low.astimezone(UTC), (low + timedelta(weeks=WEEKS)).astimezone(UTC))
    back = _address(email, monday)
    return document(
        "Google Calendar stand-in",
        f"""<h1>Google Calendar stand-in</h1>
<p>{switches(faults, SWITCHES)}</p>
<p>{_people(people, email, monday)}</p>
<h2>{escape(books.person(email)["name"])} <small>{escape(email)}, {escape(zone.key)}</small></h2>
<p>{_account(email, back)}</p>
{_add(books, email, monday, back)}
<p>{_weeks(email, monday)}</p>
{grid([one for one in seen if one.start < low + timedelta(days=7)], monday, zone, back)}
<h2>Entries until {monday + timedelta(weeks=WEEKS):%d %b %Y}</h2>
{table(("When", "Entry", "Calendar", "Guests", "Change"), [_row(books, one, back) for one in seen])}
<h2>Letters Google would have sent</h2>
{_mails(books)}
{SCRIPT}""",
        STYLE,
    )


def _address(email: str, monday: date) -> str:
    return f"/?{urlencode({'person': email, 'week': monday.isoformat()})}"


def _people(people: Sequence[Record], email: str, monday: date) -> str:
    links = [
        f"<b>{escape(row['name'])}</b>"
        if row["id"] == email
        else f'<a href="{escape(_address(row["id"], monday))}">{escape(row["name"])}</a>'
        for row in people
    ]
    return "Accounts: " + " · ".join(links)


def _account(email: str, back: str) -> str:
    asked = {"email": email, "back": back}
    return (
        button("Take the permission back", "revoke", asked, title="every token of this account ends")
        + button("Expire access tokens", "expire_access", asked, title="the application must refresh them")
        + button("Expire sync tokens", "expire_sync", asked, title="410: the application must read everything again")
    )


def _weeks(email: str, monday: date) -> str:
    before, after = (_address(email, monday + timedelta(days=days)) for days in (-7, 7))
    return f'<a href="{escape(before)}">Week before</a> · <a href="{escape(after)}">Week after</a>'


def _add(books: Books, email: str, monday: date, back: str) -> str:
    own = [row for row in books.calendars_of(email) if row["owner"] == email]
    options = "".join(f'<option value="{escape(row["id"])}">{escape(row["summary"])}</option>' for row in own)
    first = max(monday, books.clock.now().astimezone(books.home(email)).date() + timedelta(days=1))
    return f"""<form method="post" action="/sandbox/add">{hidden({"back": back})}
<input name="summary" value="Lunch" aria-label="Title" required>
<select name="calendar" aria-label="Calendar">{options}</select>
<input name="start" type="datetime-local" value="{first.isoformat()}T12:00" aria-label="Start" required>
<input name="minutes" type="number" value="60" min="5" max="10080" aria-label="Minutes" required>
<select name="as" aria-label="Shown as"><option value="opaque">Busy</option><option value="transparent">Free</option>
<option value="day">The whole day</option><option value="weekly">Busy, every week</option></select>
<button>Add</button></form>"""


def _row(books: Books, one: Seen, back: str) -> tuple[str, ...]:
    meeting = one.event.get("hangoutLink", "")
    title = escape(one.event.get("summary") or "(no title)") + ("" if one.blocks else " <small>free</small>")
    link = f'<br><a href="{escape(meeting)}">{escape(meeting)}</a>' if meeting else ""
    about = f"<details><summary>{title}</summary><pre>{escape(json.dumps(one.event, indent=1))}</pre></details>{link}"
    home = books.home(one.calendar)
    change = _change(one, home, back) if one.is_own else _answers(one, one.calendar, back)
    return _when(one, home), Html(about), books.calendar(one.calendar)["summary"], _guests(one, back), change


def _when(one: Seen, home: ZoneInfo) -> str:
    start, end = one.start.astimezone(home), one.end.astimezone(home)
    if one.is_day:
        last = end.date() - timedelta(days=1)
        return f"{start:%a %d %b}" + (f" – {last:%a %d %b}" if last > start.date() else "")
    return f"{start:%a %d %b %H:%M} – {end:%H:%M}"


def _guests(one: Seen, back: str) -> Html:
    guests: list[Json] = one.event.get("attendees", [])
    told = [f"{escape(guest['email'])} <small>{guest['responseStatus']}</small>" for guest in guests]
    others = [guest["email"] for guest in guests if guest["email"] != one.event["organizer"]["email"]]
    buttons = [_answers(one, email, back) if one.is_own else "" for email in others]
    return Html("<br>".join(told) + "".join(f"<br>{made}" for made in buttons if made))


def _answers(one: Seen, email: str, back: str) -> Html:
    """What a guest says, as if they had pressed it in the invitation."""
    asked = {"calendar": one.calendar, "event": one.event["id"], "email": email, "back": back}
    who = email.partition("@")[0]
    return Html(
        button(f"{who} accepts", "respond", {**asked, "answer": "accepted"})
        + button(f"{who} declines", "respond", {**asked, "answer": "declined"})
    )


def _change(one: Seen, home: ZoneInfo, back: str) -> Html:
    asked = {"calendar": one.calendar, "event": one.event["id"], "back": back}
    delete = button("Delete", "delete", asked)
    if one.is_day:
        return delete
    start = one.start.astimezone(home).strftime("%Y-%m-%dT%H:%M")
    move = f"""<form method="post" action="/sandbox/move">{hidden(asked)}
<input name="start" type="datetime-local" value="{start}" aria-label="New start" required>
<button>Move</button></form>"""
    return Html(move + delete)


def _mails(books: Books) -> str:
    rows = [
        (_at(row["at"]), row["to"], row["kind"], row["summary"] or "(no title)", _start(row["start"]))
        for row in books.store.newest("mails")[:MAILS]
    ]
    return table(("When", "To", "What", "Entry", "Begins"), rows) if rows else "<p>None.</p>"


def _at(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000).astimezone():%d %b %H:%M:%S}"


def _start(start: Json | None) -> str:
    return str((start or {}).get("dateTime") or (start or {}).get("date") or "")
