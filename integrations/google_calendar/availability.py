"""When calendars are free, told by their ids: of one stretch of time, and day by day for weeks.

These answer about what Google says and about working hours; what is offered to visitors also takes our bookings, notice
and limits into account (`bookings.rules`).
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.hours import Hours, working
from bookings.models import Consultant
from bookings.spans import Span
from integrations import errors
from leads.clocks import DAY

from . import freebusy
from .client import GoogleClient
from .freebusy import Busy

Told = dict[str, Any]
USUAL = [Hours(weekday, time(9), time(17)) for weekday in range(7)]  # of calendars that are no consultant's
SATURDAY = 5
UTC = ZoneInfo("UTC")


def check(client: GoogleClient, calendar: str, start: datetime, end: datetime) -> Told:
    """{"available": True, False or None where it is unknown, "conflicts": [{"start", "end"}], "message"}.

    Times are aware. What the entries are called is nobody's business: Google is not even asked.
    """
    try:
        busy = freebusy.ask(client, [calendar], start, end)[calendar]
    except errors.IntegrationError as error:
        busy = Busy(error=error.message)
    if busy.error:
        return {"available": None, "conflicts": [], "message": busy.error}
    conflicts = [told(span) for span in busy.spans]
    said = ngettext("%(n)s conflict found", "%(n)s conflicts found", len(conflicts)) % {"n": len(conflicts)}
    return {"available": not conflicts, "conflicts": conflicts, "message": said if conflicts else _("Available")}


def weeks_of(client: GoogleClient, calendars: Sequence[str], start: date, weeks: int) -> Told:
    """{calendar: {day: {"available_slots": [{"start", "end"}], "total_events", "is_weekend"}}}, days as ISO 8601.

    A calendar that cannot be read has {"error", "message"} instead. Days and hours are those of its consultant.
    """
    days = [start + number * DAY for number in range(weeks * 7)]
    hours = hours_of(calendars)
    window = Span(midnight(start - DAY), midnight(days[-1] + 2 * DAY))
    try:
        found = freebusy.ask(client, calendars, window.start, window.end)
    except errors.IntegrationError as error:
        found = {calendar: Busy(error=error.message) for calendar in calendars}
    return {calendar: by_day(found[calendar], days, *hours[calendar]) for calendar in calendars}


def by_day(busy: Busy, days: Iterable[date], zone: ZoneInfo, hours: Sequence[Hours]) -> Told:
    if busy.error:
        return {"error": busy.error, "message": _("The calendar could not be read.")}
    return {
        day.isoformat(): {
            "available_slots": [told(span, zone) for span in freebusy.less(working(zone, hours, day), busy.spans)],
            "total_events": sum(on(day, zone, span) for span in busy.spans),
            "is_weekend": day.weekday() >= SATURDAY,
        }
        for day in days
    }


def on(day: date, zone: ZoneInfo, span: Span) -> bool:
    return span.start < midnight(day + DAY, zone) and span.end > midnight(day, zone)


def hours_of(calendars: Iterable[str]) -> dict[str, tuple[ZoneInfo, list[Hours]]]:
    """Of the consultant whose calendar it is; usual office hours of this site where it is nobody's."""
    found = dict.fromkeys(calendars, (ZoneInfo(settings.TIME_ZONE), USUAL))
    for consultant in Consultant.objects.active().prefetch_related("hours").order_by("-pk"):
        own = [Hours(row.weekday, row.start, row.end) for row in consultant.hours.all()]
        found |= {calendar: (consultant.zone_info, own) for calendar in consultant.calendars if calendar in found}
    return found


def midnight(day: date, zone: ZoneInfo = UTC) -> datetime:
    return datetime.combine(day, time.min, zone)


def told(span: Span, zone: ZoneInfo = UTC) -> dict[str, str]:
    return {"start": span.start.astimezone(zone).isoformat(), "end": span.end.astimezone(zone).isoformat()}
