"""When a consultant works: hours on a clock on the wall, as moments that are the same for everybody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from bookings.spans import Span, Spans
from leads.clocks import DAY, changes, offset

FURTHEST = timedelta(hours=15)  # no zone is further from UTC


@dataclass(frozen=True, slots=True)
class Hours:
    """Every week, on that weekday (0: Monday): from `start` up to, not including, `end`, which 0:00 makes midnight."""

    weekday: int
    start: time
    end: time


def working(zone: ZoneInfo, hours: Sequence[Hours], day: date) -> list[Span]:
    """The moments of that local day whose wall clock is within the hours, in order.

    Exactly these: an hour that is left out in spring is no working time, and one that comes twice in autumn is worked
    twice. What touches is one stretch.
    """
    return Spans(stretches(zone, hours, day)).merged


def stretches(zone: ZoneInfo, hours: Sequence[Hours], day: date) -> Iterator[Span]:
    for piece, ahead in pieces(zone, day):
        for each in hours:
            if each.weekday == day.weekday():
                ends_on = day if each.end > time.min else day + DAY
                start = max(piece.start, datetime.combine(day, each.start, UTC) - ahead)
                end = min(piece.end, datetime.combine(ends_on, each.end, UTC) - ahead)
                if start < end:
                    yield Span(start, end)


@lru_cache(maxsize=4096)
def pieces(zone: ZoneInfo, day: date) -> tuple[tuple[Span, timedelta], ...]:
    """The time around that local day, divided where its clock is changed; with each piece's offset from UTC."""
    midnight = datetime.combine(day, time.min, UTC)
    start, end = midnight - FURTHEST, midnight + DAY + FURTHEST
    bounds = [start, *changes(zone, start, end), end]
    spans = [Span(*pair) for pair in pairwise(bounds)]
    return tuple((span, offset(zone, span.start)) for span in spans)
