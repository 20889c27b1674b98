"""The right to be forgotten."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from leads.models import Lead
from webinars.actions.registrations import lock_all
from webinars.actions.seats import offer_free_seats
from webinars.actions.settling import due_by_rule, settle_up
from webinars.models import Payment, Refund, Registration
from webinars.models.registration import DETAILS, OPEN, Status
from webinars.signals import registrations_forgotten

WRITTEN = ["email", *DETAILS, "status", "held_until", "updated_at"]


@transaction.atomic
def forget(leads: Sequence[Lead]) -> int:
    """Make these people unrecognisable in all their registrations, for ever; says in how many.

    That somebody was there remains for the statistics, and what was paid for the tax office. Seats of sessions that
    are still ahead go to the next in line. It does not matter whether the leads themselves are forgotten before or
    afterwards; in one transaction with them, nobody registers in between.
    """
    list(Lead.objects.lock(leads))  # nobody registers whoever is forgotten already
    people = Registration.objects.filter(lead__in=leads).order_by("pk")
    sessions = {each.pk: each for each in lock_all(people.values_list("session_id", flat=True))}
    registrations = [each for each in people.all() if not each.is_forgotten]
    if not registrations:
        return 0
    now = timezone.now()
    for registration in registrations:
        registration.session = sessions[registration.session_id]
    leaving = [each for each in registrations if each.status in OPEN and each.session.ends_at > now]
    due = due_by_rule(leaving, now)
    for registration in leaving:
        registration.status, registration.held_until = Status.CANCELLED, None
    for registration in registrations:
        registration.anonymise()
        registration.updated_at = now
    Registration.objects.bulk_update(registrations, WRITTEN, batch_size=1000)
    forget_remarks(registrations)
    registrations_forgotten.send(sender=Registration, registrations=registrations)
    settle_up(leaving, due, Refund.Reason.CANCELLED_BY_CLIENT)
    for pk in sorted({each.session_id for each in leaving}):
        offer_free_seats(sessions[pk])
    return len(registrations)


def forget_remarks(registrations: Sequence[Registration]) -> None:
    """What people wrote beside sums may tell of a person; the sums do not."""
    Payment.objects.filter(registration__in=registrations).exclude(failure="").update(failure="")
    Refund.objects.filter(payment__registration__in=registrations).exclude(note="").update(note="")
