"""When consultants cannot be booked, though they would work."""

from collections.abc import Mapping
from datetime import UTC, datetime

from django.db import transaction

from bookings.actions.slots import lock
from bookings.models import Consultant, TimeOff
from bookings.spans import Span


@transaction.atomic
def take_off(spans: Mapping[Consultant, Span], note: str = "") -> list[TimeOff]:
    """Nobody books these consultants then; what is booked already stays, see `meetings_in`."""
    for consultant in sorted(spans, key=lambda each: each.pk):  # always in that order: nobody waits for each other
        lock(consultant)
    rows = [
        TimeOff(consultant=consultant, starts_at=span.start, ends_at=span.end, note=note)
        for consultant, span in spans.items()
    ]
    return TimeOff.objects.bulk_create(rows)


def on_the_wall(consultant: Consultant, start: datetime, end: datetime) -> Span:
    """What these times, which name no zone, are by the clock of the consultant."""
    return Span(*(moment.replace(tzinfo=consultant.zone_info).astimezone(UTC) for moment in (start, end)))
