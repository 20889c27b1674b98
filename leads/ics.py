"""Files as calendars read them (RFC 5545): the same events give the same bytes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import icalendar

from leads.vtimezone import described

CALENDAR = "text/calendar; charset=utf-8"  # what such a file is


def calendar(events: Iterable[icalendar.Event], *, product: str, method: str = "PUBLISH", name: str = "") -> bytes:
    """A whole file: these events, and a description of each zone that they are in."""
    made = icalendar.Calendar()
    made.add("PRODID", f"-//Magnetiq//{product}//EN")
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


def clock_for(zone: str, *moments: datetime) -> ZoneInfo:
    """That of the zone. An hour that comes twice is the first of them (RFC 5545): in the second one, only UTC is
    understood.
    """
    clock = ZoneInfo(zone)
    told_twice = any(moment.astimezone(clock).fold for moment in moments)
    return ZoneInfo("UTC") if told_twice else clock
