"""Being forgotten: here at once, elsewhere by promises that are kept until done; and the certificate of it all.

An address is named nowhere afterwards, the certificate included: it knows keyed digests only.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

import bookings.actions
import webinars.actions
from leads import actions
from leads.addresses import normalise
from leads.models import Consent, Lead, Touchpoint
from webinars.models import Payment

from . import person, traces
from .models import Delivery, Erasure, ErasureItem, Suppression
from .models.erasure import OURS

State = Delivery.State
RETRY_AFTER = timedelta(days=1)  # what died is promised anew once a day
LATE = timedelta(days=3)  # then a human should look
ENDED = [State.DELIVERED, State.CANCELLED, State.EXPIRED]

Forgetter = Callable[[Sequence[Lead]], dict[str, int]]


@transaction.atomic
def forget(email: str, *, via: str, actor: User | None = None) -> Erasure:
    """Erase whoever has or gave this address, and promise the same to every other system; returns the certificate.

    All their other addresses are erased with it, and the certificate is found by each. Somebody whom we do not know
    leaves a certificate without items: nothing was found. The same goes for asking twice.
    """
    address = normalise(email)
    known = list(person.known_as(address))
    others = person.addresses(known) - {address}
    digests = sorted(map(digest_of, others))
    erasure = Erasure.objects.create(digest=digest_of(address), other_digests=digests, via=via, actor=actor)
    addresses = {address, *others}
    naming = traces.events_that_name(addresses)  # takes the longest, hence before anything is locked
    done: Counter[str] = Counter()
    leads = list(Lead.objects.lock(known))
    if leads:
        done.update(traces.erase(leads))
        for forgetter in FORGETTERS:
            done.update(forgetter(leads))
    mails, sending = traces.erase_mail(addresses)
    done.update(stored_mails=mails, suppressions=traces.lift_suppressions(addresses))
    done.update(webhook_events=traces.empty_events(naming))
    certify(erasure, done, open_promises(leads, sending))
    return erasure


# --- whose certificate -----------------------------------------------------------------------------------------------


def digest_of(address: str, secret: str | None = None) -> str:
    """Of a normalised address: nobody gets from it to the address without our key."""
    return salted_hmac("integrations.erasure", address, secret=secret, algorithm="sha256").hexdigest()


def digests_of(email: str) -> list[str]:
    """What the certificates of this address may be filed under: keys change."""
    return [digest_of(normalise(email), key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def certifying(email: str) -> Q:
    """The certificates of whoever asked by this address, or had it besides."""
    digests = digests_of(email)
    return Q(digest__in=digests) | Q(other_digests__overlap=digests)


# --- here ------------------------------------------------------------------------------------------------------------


def forget_leads(leads: Sequence[Lead]) -> dict[str, int]:
    kinds = {"touchpoints": Touchpoint, "consents": Consent}
    counted = {kind: model._default_manager.filter(lead__in=leads).count() for kind, model in kinds.items()}
    actions.forget(leads)
    return {"leads": len(leads), **counted}


def forget_registrations(leads: Sequence[Lead]) -> dict[str, int]:
    """Sums stay for the tax office; nothing about them names the person any more."""
    paid = Payment.objects.paid().filter(registration__lead__in=leads).count()
    return {"registrations": webinars.actions.forget(leads), "payments": paid}


def forget_bookings(leads: Sequence[Lead]) -> dict[str, int]:
    return {"bookings": bookings.actions.forget(leads)}


# Each app's own; what they return is {kind of row: how many}. Webinars and bookings come before the lead.
FORGETTERS: list[Forgetter] = [forget_registrations, forget_bookings, forget_leads]


# --- the certificate -------------------------------------------------------------------------------------------------


def open_promises(leads: Sequence[Lead], mails: list[int]) -> Iterator[Delivery]:
    """What forgetting promised to others, and what was on the wire at this moment.

    An integration that is not in use, and never told anybody of this person, has nothing to erase.
    """
    promised = person.deliveries(*leads) if leads else Delivery.objects.none()
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
    waiting = list(Erasure.objects.filter(completed_at=None).values_list("requested_at", "digest", "other_digests"))
    if waiting:
        asked = {digest for _, first, others in waiting for digest in (first, *others)}
        late = Suppression.objects.filter(created_at__gte=min(waiting)[0]).values_list("pk", "email")
        Suppression.objects.filter(
            pk__in=[pk for pk, email in late if not asked.isdisjoint(digests_of(email))]
        ).delete()


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
