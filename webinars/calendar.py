"""Sessions as calendars read them (RFC 5545): the same session gives the same bytes until it changes."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import icalendar
from django.conf import settings

from webinars.models import Registration, Session
from webinars.models.registration import OPEN, Status
from webinars.vtimezone import described

PRODUCT = "-//Magnetiq//Webinars//EN"
UNCERTAIN = OPEN - {Status.CONFIRMED}


def calendar(events: Iterable[icalendar.Event], *, method: str = "PUBLISH", name: str = "") -> bytes:
    """A whole file: these events, and a description of each zone that they are in."""
    made = icalendar.Calendar()
    made.add("PRODID", PRODUCT)
    made.add("VERSION", "2.0")
    made.add("METHOD", method)
    if name:
        made.add("X-WR-CALNAME", name)
    listed = list(events)
    for component in [*zones_of(listed), *listed]:  # some programs want to know a zone before they meet its name
        made.add_component(component)
    text: bytes = made.to_ical()
    return text


def zones_of(events: Sequence[icalendar.Event]) -> list[icalendar.Timezone]:
    """Of the years around the events only, or a zone is larger than all the rest."""
    years: dict[str, list[int]] = {}
    moments: Any = [moment for event in events for moment in (event.start, event.end)]
    for moment in moments:
        years.setdefault(moment.tzinfo.key, []).append(moment.year)
    return [described(name, min(years[name]) - 1, max(years[name]) + 1) for name in sorted(years)]


def event(session: Session, *, uid: str, url: str, location: str = "", description: str = "") -> icalendar.Event:
    """The session on its own clock, which is right on both sides of a change to summer time."""
    zone = clock_of(session)
    made = icalendar.Event()
    made.add("UID", f"{uid}@{urlsplit(settings.SITE_URL).hostname}")
    made.add("SEQUENCE", session.sequence)
    made.add("DTSTAMP", session.updated_at)
    made.add("SUMMARY", session.topic.title)
    made.add("DTSTART", session.starts_at.astimezone(zone))
    made.add("DTEND", session.ends_at.astimezone(zone))
    made.add("STATUS", "CANCELLED" if session.status == Session.Status.CANCELLED else "CONFIRMED")
    made.add("URL", url)
    made.add("LOCATION", location or url)
    if description:
        made.add("DESCRIPTION", description)
    return made


def own(registration: Registration, *, url: str, location: str = "", description: str = "") -> icalendar.Event:
    """One person's entry, the same in our letters and on their page."""
    session = registration.session
    made = event(session, uid=registration.uuid.hex, url=url, location=location, description=description)
    made.sequence = sequence_of(registration)
    made.stamp = max(session.updated_at, registration.updated_at)
    if registration.is_over:
        made.status = "CANCELLED"
    elif registration.status in UNCERTAIN and session.status != Session.Status.CANCELLED:
        made.status = "TENTATIVE"
    return made


def sequence_of(registration: Registration) -> int:
    """The session's, for who registered once. A cancellation counts one more, coming back at least one more again.

    A calendar keeps to the highest that it has read, so it only ever rises: every second leaves room for two.
    """
    since = registration.registered_at - registration.created_at
    back = 2 * (1 + int(since.total_seconds())) if since > timedelta(0) else 0
    return registration.session.sequence + back + registration.is_over


def clock_of(session: Session) -> ZoneInfo:
    """Its own. An hour that comes twice is the first of them (RFC 5545): in the second one, only UTC is understood."""
    zone = ZoneInfo(session.zone)
    told_twice = session.starts_at.astimezone(zone).fold or session.ends_at.astimezone(zone).fold
    return ZoneInfo("UTC") if told_twice else zone
