"""Being forgotten: here at once, elsewhere by promises that are kept until done; and the certificate of it all.

An address is named nowhere afterwards, the certificate included: it knows a keyed digest only.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.crypto import salted_hmac

import webinars.actions
from leads import actions
from leads.addresses import normalise
from leads.models import Lead

from . import person, traces
from .models import Delivery, Erasure, ErasureItem, Suppression
from .models.erasure import OURS

State = Delivery.State
RETRY_AFTER = timedelta(days=1)  # what died is promised anew once a day
LATE = timedelta(days=3)  # then a human should look
ENDED = [State.DELIVERED, State.CANCELLED, State.EXPIRED]

Forgetter = Callable[[Lead], dict[str, int]]


@transaction.atomic
def forget(email: str, *, via: str, actor: User | None = None) -> Erasure:
    """Erase whoever has this address, and promise the same to every other system; returns the certificate.

    Somebody whom we do not know leaves a certificate without items: nothing was found. The same goes for asking twice.
    """
    address = normalise(email)
    erasure = Erasure.objects.create(digest=digest_of(address), via=via, actor=actor)
    naming = traces.events_that_name(address)  # takes the longest, hence before anything is locked
    done: Counter[str] = Counter()
    lead = Lead.objects.filter(email=address).exclude(status=Lead.Status.FORGOTTEN).select_for_update().first()
    if lead:
        done.update(traces.erase(lead))
        for forgetter in FORGETTERS:
            done.update(forgetter(lead))
    mails, sending = traces.erase_mail(address)
    done.update(stored_mails=mails, suppressions=traces.lift_suppression(address))
    done.update(webhook_events=traces.empty_events(naming))
    certify(erasure, done, open_promises(lead, sending))
    return erasure


# --- whose certificate -----------------------------------------------------------------------------------------------


def digest_of(address: str, secret: str | None = None) -> str:
    """Of a normalised address: nobody gets from it to the address without our key."""
    return salted_hmac("integrations.erasure", address, secret=secret, algorithm="sha256").hexdigest()


def digests_of(email: str) -> list[str]:
    """What the certificates of this address may be filed under: keys change."""
    return [digest_of(normalise(email), key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


# --- here ------------------------------------------------------------------------------------------------------------


def forget_lead(lead: Lead) -> dict[str, int]:
    counted = {"leads": 1, "touchpoints": lead.touchpoints.count(), "consents": lead.consents.count()}
    actions.forget([lead])
    return counted


def forget_registrations(lead: Lead) -> dict[str, int]:
    return {"registrations": webinars.actions.forget([lead])}


# Each app's own; what they return is {kind of row: how many}. Webinars and bookings come before the lead.
FORGETTERS: list[Forgetter] = [forget_registrations, forget_lead]


# --- the certificate -------------------------------------------------------------------------------------------------


def open_promises(lead: Lead | None, mails: list[int]) -> Iterator[Delivery]:
    """What forgetting promised to others, and what was on the wire at this moment.

    An integration that is not in use, and never told anybody of this person, has nothing to erase.
    """
    promised = person.deliveries(lead) if lead else Delivery.objects.none()
    told = set(promised.filter(attempts__gt=0).values_list("connection", flat=True))
    for promise in promised.waiting().select_related("integration").order_by("pk"):
        if promise.integration.enabled or promise.connection_id in told or promise.state == State.IN_FLIGHT:
            yield promise
    yield from Delivery.objects.filter(pk__in=mails).select_related("integration").order_by("pk")


def certify(erasure: Erasure, done: Counter[str], promises: Iterator[Delivery]) -> None:
    now = timezone.now()
    here = [
        ErasureItem(erasure=erasure, system=OURS, what=what, number=number, done_at=now)
        for what, number in done.items()
        if number
    ]
    elsewhere = [
        ErasureItem(erasure=erasure, system=promise.integration.slug, what=promise.operation, delivery=promise)
        for promise in promises
    ]
    ErasureItem.objects.bulk_create([*here, *elsewhere])
    if not elsewhere:
        erasure.completed_at = now
        erasure.save(update_fields=["completed_at"])


def lift_late_suppressions() -> None:
    """Of letters that were on the wire when the person was forgotten, and were refused after that."""
    asked = dict(Erasure.objects.filter(completed_at=None).values_list("digest", "requested_at"))
    if asked:
        late = Suppression.objects.filter(created_at__gte=min(asked.values())).values_list("pk", "email")
        Suppression.objects.filter(pk__in=[pk for pk, email in late if asked.keys() & digests_of(email)]).delete()


def sweep() -> None:
    """Close what is done, try again what died a day ago, and complete the certificates that have nothing open."""
    now = timezone.now()
    open_items = ErasureItem.objects.filter(done_at=None, erasure__completed_at=None)
    open_items.filter(delivery__state__in=ENDED).update(done_at=now)
    open_items.filter(delivery=None).update(done_at=now)
    lift_late_suppressions()
    dead = Delivery.objects.dead().filter(settled_at__lte=now - RETRY_AFTER)
    dead.filter(pk__in=list(open_items.values_list("delivery", flat=True))).replay()
    left = ErasureItem.objects.filter(erasure=OuterRef("pk"), done_at=None)
    Erasure.objects.filter(completed_at=None).exclude(Exists(left)).update(completed_at=now)
