"""What people who give up, or lose, their seats get back. Their sessions are locked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from webinars.actions import refunds
from webinars.actions.following import abandon
from webinars.models import Payment, Refund, Registration
from webinars.models.registration import Status
from webinars.refunding import percent_due, share

ALL = 100
Due = Sequence[tuple[Payment, Decimal]]


def due_by_rule(registrations: Iterable[Registration], now: datetime) -> Due:
    """What the rules of their sessions give back to who cancels at that moment."""
    return due([(each, percent_due(each.session, now)) for each in registrations])


def due_in_full(registrations: Iterable[Registration]) -> Due:
    return due([(each, ALL) for each in registrations])


def due(percents: Iterable[tuple[Registration, int]]) -> Due:
    """Asked before they move: what somebody paid who has no seat any more went back long ago, as far as it did."""
    known = {each.pk: (each, percent) for each, percent in percents if each.status == Status.CONFIRMED}
    paid = Payment.objects.paid().filter(registration__in=known).order_by("pk")
    found = []
    for payment in paid:
        payment.registration, percent = known[payment.registration_id]
        if payment.gave_seat and (amount := share(payment, percent)):
            found.append((payment, amount))
    return found


def settle_up(registrations: Sequence[Registration], given: Due, reason: Refund.Reason) -> None:
    """They have moved: send back what is due, and let nobody pay any more."""
    abandon(open_payments(registrations), timezone.now())
    refunds.promise(given, reason)


def open_payments(registrations: Iterable[Registration]) -> list[Payment]:
    known: Mapping[int, Registration] = {each.pk: each for each in registrations}
    found = list(Payment.objects.open().filter(registration__in=known))
    for payment in found:
        payment.registration = known[payment.registration_id]
    return found
