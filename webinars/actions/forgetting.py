"""The right to be forgotten."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from leads.models import Lead
from webinars.actions.registrations import lock_all
from webinars.actions.seats import offer_free_seats
from webinars.models import Registration, Session
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
    freed: dict[int, Session] = {}
    for registration in registrations:
        registration.session = sessions[registration.session_id]
        if registration.status in OPEN and registration.session.ends_at > now:
            registration.status, registration.held_until = Status.CANCELLED, None
            freed[registration.session_id] = registration.session
        registration.anonymise()
        registration.updated_at = now
    Registration.objects.bulk_update(registrations, WRITTEN, batch_size=1000)
    registrations_forgotten.send(sender=Registration, registrations=registrations)
    for pk in sorted(freed):
        offer_free_seats(freed[pk])
    return len(registrations)
