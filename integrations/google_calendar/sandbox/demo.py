"""The stand-in as the demo and `manage.py sandbox` use it."""

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .grants import CLIENT_ID, CLIENT_SECRET
from .peer import PERSON, GoogleSandbox

if TYPE_CHECKING:
    from bookings.models import Consultant

PORT = 8074


def start(folder: Path, *, port: int = PORT) -> GoogleSandbox:
    """Serve a Google whose records survive in `folder`. Raises OSError when the port is taken."""
    folder.mkdir(parents=True, exist_ok=True)
    return GoogleSandbox(port=port, path=folder / "google.sqlite3").start()


def settings_for(peer: GoogleSandbox) -> dict[str, str]:
    """What connects our calendars to it, signed in as its first person."""
    return {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "api_url": peer.api_url,
        "auth_uri": peer.auth_uri,
        "token_uri": peer.token_uri,
        "revoke_uri": peer.revoke_uri,
        "refresh_token": peer.tokens()["refresh_token"],
    }


def accounts_for(peer: GoogleSandbox) -> dict[str, dict[str, str]]:
    """Every consultant has signed in for calendars of their own; the account of all may write there, too."""
    from bookings.models import Consultant  # the stand-in as a process of its own has no Django

    return {row.slug: _account(peer, row) for row in Consultant.objects.active().order_by("pk")}


def _account(peer: GoogleSandbox, consultant: "Consultant") -> dict[str, str]:
    email = consultant.email
    if email not in {person["id"] for person in peer.people}:
        peer.add_person(email, consultant.name, consultant.zone)
        peer.share(email, PERSON, "writer")
        _fill(peer, email, ZoneInfo(consultant.zone))
    for calendar in {*consultant.busy_calendars, consultant.calendar} - {"", "primary"}:
        peer.add_calendar(email, consultant.name, calendar, zone=consultant.zone)
    return {"refresh_token": peer.tokens(email)["refresh_token"]}


def _fill(peer: GoogleSandbox, email: str, zone: ZoneInfo) -> None:
    """What stands in a calendar anyway, from this week on."""
    today = peer.clock.now().astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    team = datetime.combine(monday, time(9), zone)
    weekly = {"recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=MO"]}
    peer.add_event(team, team + timedelta(hours=1), "Team meeting", calendar=email, **weekly)
    dentist = datetime.combine(monday + timedelta(days=9), time(14), zone)
    peer.add_event(dentist, dentist + timedelta(minutes=90), "Dentist", calendar=email)
    fair = monday + timedelta(days=15)
    peer.add_event(fair, fair + timedelta(days=2), "Trade fair", calendar=email)
    birthday = monday + timedelta(days=10)
    peer.add_event(
        birthday, birthday + timedelta(days=1), "Birthday of Kim", calendar=email, transparency="transparent"
    )
