"""Hours of a working day that is near enough to be booked, and far enough."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

BERLIN = ZoneInfo("Europe/Berlin")


def at(clock: str, *, days: int = 10) -> datetime:
    """So many days from now, in Berlin."""
    day = timezone.now().astimezone(BERLIN).date() + timedelta(days=days)
    return datetime.combine(day, time.fromisoformat(clock), BERLIN)
