"""How the clocks of a zone go: where they stand, and when they are put forward or back."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """The first moment of every new offset; the clock of no zone changes twice a day."""
    day = start
    while day < end:
        if offset(zone, day) != offset(zone, day + DAY):
            yield change_between(zone, day, day + DAY)
        day += DAY


def change_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """To the minute, by halving."""
    while after - before > MINUTE:
        middle = before + (after - before) // MINUTE // 2 * MINUTE
        if offset(zone, middle) == offset(zone, before):
            before = middle
        else:
            after = middle
    return after


def offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def validate_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("Please enter a time zone such as Europe/Berlin."), code="invalid")


def default_zone() -> str:
    return str(settings.TIME_ZONE)
