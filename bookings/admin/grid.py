"""Days side by side, drawn: what stands at which minute, and a link for every half hour."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from bookings.agenda import Day, Entry, Kind
from bookings.models import Booking, Consultant
from bookings.spans import Span

CELL = 30  # minutes
MORNING, EVENING = 8 * 60, 18 * 60  # shown at least


@dataclass(frozen=True)
class Block:
    """From and to that minute of the day. `name` is what a screen reader says."""

    start: int
    end: int
    kind: str
    text: str = ""
    name: str = ""
    url: str = ""


@dataclass(frozen=True)
class Column:
    title: str
    subtitle: str
    holiday: str
    working: list[Block]
    blocks: list[Block] = field(default_factory=list)  # what is busy or off, and who comes
    cells: list[Block] = field(default_factory=list)


@dataclass(frozen=True)
class Grid:
    title: str
    consultant: Consultant | None  # None: one a column
    first: int
    last: int
    hours: list[Block]
    columns: list[Column]


def drawn(title: str, consultant: Consultant | None, days: Sequence[Day], minutes: int) -> Grid:
    first, last = bounds(days)
    hours = [Block(minute, minute + 60, "hour", f"{minute // 60}:00") for minute in range(first, last, 60)]
    columns = [column(day, first, last, minutes, of_one=consultant is not None) for day in days]
    return Grid(title, consultant, first, last, hours, columns)


def bounds(days: Sequence[Day]) -> tuple[int, int]:
    """Whole hours, so that all working hours and all bookings are seen."""
    seen = [MORNING, EVENING]
    for day in days:
        booked = (entry.span for entry in day.entries if entry.kind in {Kind.BOOKING, Kind.HELD})
        for span in (*day.working, *booked):
            seen += minutes_of(day, span)
    return min(seen) // 60 * 60, -(-max(seen) // 60) * 60


def minutes_of(day: Day, span: Span) -> tuple[int, int]:
    """A stretch over the hour that comes twice must not end before it begins."""
    start, end = day.minute(span.start), day.minute(span.end)
    return start, 24 * 60 if span.end >= day.span.end else max(start, end)


def column(day: Day, first: int, last: int, minutes: int, *, of_one: bool) -> Column:
    name = date_format(day.day, "D, j M")
    return Column(
        title=name if of_one else str(day.consultant),
        subtitle="" if of_one else str(day.zone),
        holiday=day.holiday,
        working=[Block(*minutes_of(day, span), "work") for span in day.working],
        blocks=list(blocks(day, first, last)),
        cells=list(cells(day, first, last, minutes)),
    )


def blocks(day: Day, first: int, last: int) -> Iterator[Block]:
    for entry in day.entries:
        start, end = (min(max(minute, first), last) for minute in minutes_of(day, entry.span))
        if start < end:
            yield block(day, entry, start, end)


def block(day: Day, entry: Entry, start: int, end: int) -> Block:
    row = entry.row
    if entry.kind == Kind.BUSY:
        return Block(start, end, entry.kind, _("Busy"))
    if not isinstance(row, Booking):
        return Block(start, end, entry.kind, getattr(row, "note", "") or _("Time off"))
    if entry.kind == Kind.HELD:
        return Block(start, end, entry.kind, _("Held"))
    clock = "–".join(date_format(each.astimezone(day.zone), "H:i") for each in (row.starts_at, row.ends_at))
    kind = "problem" if row.problem else row.status
    name = f"{date_format(day.day, 'l')} {clock} {day.consultant}: {row.name}, {row.get_status_display()}"
    url = reverse("admin:bookings_booking_change", args=[row.pk])
    return Block(start, end, kind, f"{clock[:5]} {row.name}", name, url)


def cells(day: Day, first: int, last: int, minutes: int) -> Iterator[Block]:
    """Of each half hour: the first time in it that is offered, else its beginning."""
    offered = {day.minute(moment) // CELL: moment for moment in sorted(day.free, reverse=True)}
    for minute in range(first, last, CELL):
        free = offered.get(minute // CELL)
        moment = free or day.moment(minute)
        if moment:
            yield cell(day, minute, moment, minutes, is_free=free is not None)


def cell(day: Day, minute: int, moment: datetime, minutes: int, *, is_free: bool) -> Block:
    asked: dict[str, Any] = {"consultant": day.consultant.pk, "start": moment.isoformat(), "minutes": minutes}
    clock = date_format(moment.astimezone(day.zone), "H:i")
    told = _("free") if is_free else _("not offered")
    name = f"{date_format(day.day, 'l')} {clock} {day.consultant}: {told}"
    url = f"{reverse('admin:bookings_booking_moment')}?{urlencode(asked)}"
    return Block(minute, minute + CELL, "free" if is_free else "cell", clock if is_free else "", name, url)
