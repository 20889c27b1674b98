"""Reminding people of their meetings."""

from datetime import datetime, timedelta

from django.db import transaction

from bookings.actions.slots import locked
from bookings.models import Booking, Reminded, ReminderRule
from bookings.models.booking import Status
from bookings.signals import booking_reminders_due
from leads.reminding import SLACK
from leads.sweeping import one_by_one


def send_reminders(now: datetime) -> int:
    """Tell of every meeting that people are to be reminded of by now; says of how many. Twice at once does no harm.

    A transaction per meeting: whoever is killed in the middle leaves nothing half done, and the next sweep goes on.
    What was missed is caught up with until the meeting starts, and never afterwards. Raises `ExceptionGroup` of the
    meetings that failed, when all the others had their turn.
    """
    return one_by_one("booking reminders", due(now), lambda booking: remind(booking, now))


def due(now: datetime) -> list[Booking]:
    """What no sweep has seen to yet, the next meeting first; in as many queries for any number."""
    rules = list(ReminderRule.objects.filter(active=True))
    longest = max((rule.before for rule in rules), default=timedelta(0))
    near = Booking.objects.filter(status=Status.CONFIRMED, starts_at__gt=now, starts_at__lte=now + longest + SLACK)
    done = set(Reminded.objects.filter(starts_at__gt=now).values_list("booking", "starts_at", "before"))
    return [
        booking
        for booking in near.select_related("consultant").order_by("starts_at", "pk")
        if any(
            rule.is_due_for(booking, now) and (booking.pk, booking.starts_at, rule.before) not in done for rule in rules
        )
    ]


@transaction.atomic
def remind(booking: Booking, now: datetime) -> int:
    """Once, by the last of the rules whose time has come: what was missed is not told one after the other.

    Under the lock of the consultant: nobody moves or cancels it meanwhile, and a second sweep finds that it is done.
    """
    if locked(booking).status != Status.CONFIRMED:
        return 0
    rules = [rule for rule in ReminderRule.objects.filter(active=True) if rule.is_due_for(booking, now)]
    done = set(Reminded.objects.filter(booking=booking, starts_at=booking.starts_at).values_list("before", flat=True))
    news = [rule for rule in rules if rule.before not in done]
    Reminded.objects.bulk_create(
        Reminded(booking=booking, starts_at=booking.starts_at, before=rule.before, reminded_at=now) for rule in news
    )
    if not news or news[-1] is not rules[-1]:  # they know it from a later one already
        return 0
    booking_reminders_due.send(sender=Booking, bookings=[booking], rule=news[-1])
    return 1
