"""Moments as the pages tell them: to the minute."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format


def on_clock(moment: datetime, zone: ZoneInfo) -> str:
    """Such as "8 Dec 2026, 10:00"."""
    local = moment.astimezone(zone)
    return f"{date_format(local, 'SHORT_DATE_FORMAT')}, {date_format(local, 'H:i')}"


def stretch(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Such as "8 Dec 2026, 10:00–10:30"."""
    same_day = start.astimezone(zone).date() == end.astimezone(zone).date()
    until = f"{end.astimezone(zone):%H:%M}" if same_day else on_clock(end, zone)
    return f"{on_clock(start, zone)}{'–' if same_day else ' – '}{until}"
