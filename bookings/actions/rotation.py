"""Whose turn it is when a client does not mind whom to meet."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Max, Q

from bookings.models import Consultant
from bookings.models.booking import Status


def in_turn(consultants: Iterable[Consultant]) -> list[Consultant]:
    """Whoever was booked least recently comes first, who never was before all; of equals, by name.

    Each carries `last_booked_at`, so that it can be told why.
    """
    made = Max("bookings__created_at", filter=~Q(bookings__status__in=[Status.HELD, Status.CANCELLED]))
    found = Consultant.objects.filter(pk__in=[each.pk for each in consultants]).annotate(last_booked_at=made)
    return sorted(found, key=turn)


def turn(consultant: Consultant) -> tuple[bool, datetime | None, str, int]:
    last: datetime | None = getattr(consultant, "last_booked_at")  # noqa: B009 - annotated
    return last is not None, last, consultant.name, consultant.pk
