"""How much what we know of consultants' calendars is worth: whoever shows times says so honestly."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bookings.models import BusyCalendar, Consultant

FRESH_FOR = timedelta(minutes=15)


class Status(StrEnum):
    NONE = "none"  # there are no calendars to look into: our bookings are all
    FRESH = "fresh"
    STALE = "stale"  # all were read once, but some not lately
    UNKNOWN = "unknown"  # of some nothing is known


@dataclass(frozen=True)
class Freshness:
    """`checked_at` is when the calendar that was read longest ago was read; None where one never was."""

    status: Status
    checked_at: datetime | None = None


def freshness(consultants: Sequence[Consultant], now: datetime) -> dict[int, Freshness]:
    """By the consultants' ids; one query."""
    rows = BusyCalendar.objects.filter(consultant__in=consultants)
    read = {(row.consultant_id, row.calendar): row for row in rows}
    return {
        consultant.pk: judged([read.get((consultant.pk, calendar)) for calendar in consultant.calendars], now)
        for consultant in consultants
    }


def judged(calendars: Sequence[BusyCalendar | None], now: datetime) -> Freshness:
    """Of all calendars of one consultant; None is one that was never looked at."""
    if not calendars:
        return Freshness(Status.NONE)
    moments = [row.checked_at for row in calendars if row and row.checked_at]
    if len(moments) < len(calendars):
        return Freshness(Status.UNKNOWN)
    oldest = min(moments)
    well = all(row and not row.error for row in calendars) and now - oldest <= FRESH_FOR
    return Freshness(Status.FRESH if well else Status.STALE, oldest)


def together(several: Iterable[Freshness]) -> Freshness:
    """As bad as the worst, as old as the oldest; who has no calendars does not count."""
    counted = [each for each in several if each.status != Status.NONE]
    if not counted:
        return Freshness(Status.NONE)
    moments = [each.checked_at for each in counted if each.checked_at]
    worst = max((each.status for each in counted), key=list(Status).index)
    return Freshness(worst, min(moments) if len(moments) == len(counted) else None)
