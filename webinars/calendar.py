"""Sessions as calendars read them (RFC 5545): the same session gives the same bytes until it changes."""

from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

import icalendar
from django.conf import settings

from leads import ics
from webinars.models import Registration, Session
from webinars.models.registration import OPEN, Status

UNCERTAIN = OPEN - {Status.CONFIRMED}

calendar = partial(ics.calendar, product="Webinars")


def event(session: Session, *, uid: str, url: str, location: str = "", description: str = "") -> icalendar.Event:
    """The session on its own clock, which is right on both sides of a change to summer time."""
    zone = ics.clock_for(session.zone, session.starts_at, session.ends_at)
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
