"""How a zone's clock goes, for calendars.

Written by hand, as icalendar's own description says on which local time the clock arrives, where RFC 5545 wants that
from which it leaves: readers who take it at its word are an hour wrong on the night to summer time.
"""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import icalendar

from leads.clocks import MINUTE, changes, offset


@lru_cache(maxsize=256)
def described(name: str, first: int, last: int) -> icalendar.Timezone:
    """In these years, the last one included: where it stands at first, and every change."""
    zone, start = ZoneInfo(name), datetime(first, 1, 1, tzinfo=UTC)
    made = icalendar.Timezone()
    made.add("TZID", name)
    made.add_component(observance(zone, start, start))
    for change in changes(zone, start, datetime(last + 1, 1, 1, tzinfo=UTC)):
        made.add_component(observance(zone, change - MINUTE, change))
    return made


def observance(zone: ZoneInfo, before: datetime, moment: datetime) -> icalendar.Component:
    """From this moment on, by the clock that it leaves."""
    old, new = before.astimezone(zone), moment.astimezone(zone)
    made = icalendar.TimezoneDaylight() if new.dst() else icalendar.TimezoneStandard()
    made.add("DTSTART", (moment + offset(zone, before)).replace(tzinfo=None))
    made.add("TZOFFSETFROM", old.utcoffset())
    made.add("TZOFFSETTO", new.utcoffset())
    made.add("TZNAME", new.tzname())
    return made
