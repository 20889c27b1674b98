"""What is kept of calendars: which stretches are busy, and how old that is. Only what changed is written."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from bookings.models import Booking, BusyCalendar, BusyInterval, Consultant
from bookings.models.booking import OPEN
from bookings.spans import Span

from .freebusy import Busy, less

Row = tuple[int, datetime, datetime]  # id of the calendar's row, from, to


def tidy(consultants: Sequence[Consultant]) -> None:
    """Forget calendars that nobody looks into any more."""
    wanted = {(each.pk, calendar) for each in consultants for calendar in each.calendars}
    rows = BusyCalendar.objects.filter(consultant__in=consultants).values_list("pk", "consultant", "calendar")
    if gone := [pk for pk, consultant, calendar in rows if (consultant, calendar) not in wanted]:
        BusyCalendar.objects.filter(pk__in=gone).delete()


@transaction.atomic
def store(consultants: Sequence[Consultant], found: dict[str, Busy], window: Span, asked_at: datetime) -> Counter[str]:
    """How many stretches were `added` and `removed`. An older answer than what is there changes nothing."""
    rows = [row for row in rows_of(consultants) if row.checked_at is None or row.checked_at < asked_at]
    good = [row for row in rows if not found[row.calendar].error]
    changed = replace(good, spans_of(consultants, good, found, window))
    BusyCalendar.objects.filter(pk__in=[row.pk for row in good]).update(checked_at=asked_at, until=window.end, error="")
    for error, bad in by_error(rows, found).items():
        BusyCalendar.objects.filter(pk__in=bad).exclude(error=error).update(error=error)
    return changed


def rows_of(consultants: Sequence[Consultant]) -> list[BusyCalendar]:
    """One for each calendar of each consultant; whoever else is writing them is waited for."""
    wanted = [BusyCalendar(consultant=each, calendar=calendar) for each in consultants for calendar in each.calendars]
    rows = BusyCalendar.objects.filter(consultant__in=consultants).order_by("pk")
    known = set(rows.values_list("consultant", "calendar"))
    if new := [row for row in wanted if (row.consultant_id, row.calendar) not in known]:
        BusyCalendar.objects.bulk_create(new, ignore_conflicts=True)
    names = {(row.consultant_id, row.calendar) for row in wanted}
    return [row for row in rows.select_for_update() if (row.consultant_id, row.calendar) in names]


def spans_of(
    consultants: Sequence[Consultant], rows: Iterable[BusyCalendar], found: dict[str, Busy], window: Span
) -> set[Row]:
    """What Google says, without our own bookings: they are known anyway, also where the consultant is only invited."""
    ours = booked(consultants, window)
    wanted: set[Row] = set()
    for row in rows:
        left = less(found[row.calendar].spans, ours[row.consultant_id])
        wanted |= {(row.pk, span.start, span.end) for span in left}
    return wanted


def booked(consultants: Sequence[Consultant], window: Span) -> dict[int, list[Span]]:
    rows = Booking.objects.filter(consultant__in=consultants, status__in=OPEN, ends_at__gt=window.start)
    found: dict[int, list[Span]] = defaultdict(list)
    for consultant, start, end in rows.values_list("consultant", "starts_at", "ends_at"):
        found[consultant].append(Span(start, end))
    return found


def replace(rows: Iterable[BusyCalendar], wanted: set[Row]) -> Counter[str]:
    """In three statements, or in one where nothing changed."""
    stored = BusyInterval.objects.filter(calendar__in=[row.pk for row in rows])
    known = {tuple(row): pk for pk, *row in stored.values_list("pk", "calendar", "starts_at", "ends_at")}
    gone = [pk for row, pk in known.items() if row not in wanted]
    new = [BusyInterval(calendar_id=pk, starts_at=start, ends_at=end) for pk, start, end in wanted - known.keys()]
    if gone:
        BusyInterval.objects.filter(pk__in=gone).delete()
    if new:
        BusyInterval.objects.bulk_create(new, batch_size=1000)
    return Counter(added=len(new), removed=len(gone))


def by_error(rows: Iterable[BusyCalendar], found: dict[str, Busy]) -> dict[str, list[int]]:
    wrong: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if error := found[row.calendar].error:
            wrong[error[:200]].append(row.pk)
    return wrong
