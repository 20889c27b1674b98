"""The right to be forgotten."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from leads.models import Lead
from webinars.actions.registrations import lock_all
from webinars.actions.seats import move, offer_free_seats
from webinars.models import Registration, Session
from webinars.models.registration import DETAILS, OPEN, Status
from webinars.signals import registrations_forgotten


@transaction.atomic
def forget(leads: Sequence[Lead]) -> int:
    """Make these people unrecognisable in all their registrations, for ever; says in how many.

    That somebody was there remains for the statistics, and what was paid for the tax office. Seats of sessions that
    are still ahead go to the next in line. It does not matter whether the leads themselves are forgotten before or
    afterwards; in one transaction with them, nobody registers in between.
    """
    people = Registration.objects.filter(lead__in=lock_leads(leads)).order_by("pk")
    sessions = {each.pk: each for each in lock_all(people.values_list("session_id", flat=True))}
    registrations = [each for each in people.all() if not each.is_forgotten]
    if not registrations:
        return 0
    for registration in registrations:
        registration.session = sessions[registration.session_id]
        registration.anonymise()
        registration.updated_at = timezone.now()
    Registration.objects.bulk_update(registrations, ["email", *DETAILS, "updated_at"], batch_size=1000)
    freed = give_seats_back(registrations)
    registrations_forgotten.send(sender=Registration, registrations=registrations)
    for session in freed:
        offer_free_seats(session)
    return len(registrations)


def lock_leads(leads: Sequence[Lead]) -> list[Lead]:
    """Also those that are forgotten already, which `LeadQuerySet.lock` leaves out."""
    return list(Lead.objects.filter(pk__in=[lead.pk for lead in leads]).order_by("email").select_for_update())


def give_seats_back(registrations: Sequence[Registration]) -> list[Session]:
    """End what is still ahead; says of which sessions, in the order of their ids."""
    now = timezone.now()
    ahead = [each for each in registrations if each.status in OPEN and each.session.ends_at > now]
    move(ahead, Status.CANCELLED, now)
    freed = {each.session_id: each.session for each in ahead}
    return [freed[pk] for pk in sorted(freed)]
