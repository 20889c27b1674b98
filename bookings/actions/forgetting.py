"""The right to be forgotten."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from bookings.models import Booking, Consultant
from bookings.models.booking import DETAILS, OPEN, Status
from bookings.signals import bookings_forgotten
from leads.models import Lead

WRITTEN = [*DETAILS, "meeting_url", "answer", "problem", "problem_details", "status", "sequence", "updated_at"]


@transaction.atomic
def forget(leads: Sequence[Lead]) -> int:
    """Make these people unrecognisable in all their bookings, for ever; says in how many.

    That somebody was met remains for the statistics. What is still ahead is cancelled, and its time is free again. It
    does not matter whether the leads themselves are forgotten before or afterwards.
    """
    list(Lead.objects.lock(leads))  # nobody books whoever is forgotten already
    people = Booking.objects.filter(lead__in=leads)
    consultants = Consultant.objects.filter(pk__in=set(people.values_list("consultant_id", flat=True)))
    locked = {each.pk: each for each in consultants.order_by("pk").select_for_update(no_key=True)}
    bookings = [each for each in people.order_by("pk") if not each.is_forgotten]
    if not bookings:
        return 0
    now = timezone.now()
    for booking in bookings:
        booking.consultant = locked[booking.consultant_id]
        if booking.status in OPEN and booking.ends_at > now:
            booking.status = Status.CANCELLED
            booking.sequence += 1
        booking.anonymise()
        booking.answer, booking.problem, booking.problem_details = "", "", {}
        booking.updated_at = now
    Booking.objects.bulk_update(bookings, WRITTEN, batch_size=1000)
    bookings_forgotten.send(sender=Booking, bookings=bookings)
    return len(bookings)
