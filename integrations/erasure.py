"""Being forgotten: here at once, elsewhere by promises that are kept until done; and the certificate of it all.

An address is named nowhere afterwards, the certificate included: it knows a keyed digest only.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import getaddresses
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from leads import actions
from leads.addresses import normalise
from leads.models import Lead

from . import person
from .models import (
    Attempt,
    Delivery,
    Erasure,
    ErasureItem,
    ExternalRecord,
    IntegrationLog,
    StoredMail,
    Suppression,
    WebhookEvent,
)
from .models.delivery import DeliveryQuerySet
from .models.erasure import OURS

State = Delivery.State
AT_ONCE = 500
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
    naming = events_that_name(address)  # takes the longest, hence before anything is locked
    done: Counter[str] = Counter()
    lead = Lead.objects.filter(email=address).exclude(status=Lead.Status.FORGOTTEN).select_for_update().first()
    if lead:
        done.update(forget_machinery(lead))
        for forgetter in FORGETTERS:
            done.update(forgetter(lead))
    mails, sending = forget_mail(address)
    done.update(mails)
    done["webhook_events"] += empty_events(naming)
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


# Each app's own; what they return is {kind of row: how many}. Webinars and bookings come before the lead.
FORGETTERS: list[Forgetter] = [forget_lead]


def forget_machinery(lead: Lead) -> dict[str, int]:
    """What waits about the person is given up, before forgetting promises anew; and what others said is blanked."""
    records = ExternalRecord.objects.filter(subject_type=Lead._meta.label_lower, subject_id=lead.pk)
    promised = person.deliveries(lead)
    blank_reasons(promised)
    return {
        "promises": promised.cancel(given_up()),
        "records": records.update(sent={}, sending={}, kept={}),
        "log_entries": blank_history(lead),
    }


def blank_reasons(promised: DeliveryQuerySet) -> None:
    """What others answered is kept without addresses, but may quote a name."""
    tries = Attempt.objects.filter(delivery__in=promised)
    IntegrationLog.objects.filter(pk__in=tries.exclude(log=None).values("log")).exclude(message="").update(message="")
    tries.exclude(error="").update(error="")
    promised.exclude(error="").update_in_order(error="")


def given_up() -> str:
    return _("The person was forgotten.")


def blank_history(lead: Lead) -> int:
    """Django's own log of the admin writes down what a person was called; that something was done remains."""
    blanked = 0
    for rows in person.belongings(lead):
        kind = ContentType.objects.get_for_model(rows.model)
        ids = [str(pk) for pk in rows.order_by().values_list("pk", flat=True)]
        entries = LogEntry.objects.filter(content_type=kind, object_id__in=ids)
        blanked += entries.exclude(object_repr="", change_message="").update(object_repr="", change_message="")
    return blanked


def forget_mail(address: str) -> tuple[dict[str, int], list[int]]:
    """Mail that waits for this address, and that it takes none. Also the ids of mails that are on the wire now."""
    mails = [mail.pk for mail in unsent_mail() if address in recipients_of(mail)]
    promised = Delivery.objects.filter(subject_type=StoredMail._meta.label_lower, subject_id__in=mails)
    promised.cancel(given_up())
    sending = list(promised.filter(state=State.IN_FLIGHT).values_list("pk", flat=True))
    StoredMail.objects.filter(pk__in=mails).delete()
    suppressed = Suppression.objects.filter(email=address).delete()[0]
    return {"stored_mails": len(mails), "suppressions": suppressed}, sending


def unsent_mail() -> Iterator[StoredMail]:
    return StoredMail.objects.filter(sent_at=None).iterator(chunk_size=AT_ONCE)


def recipients_of(mail: StoredMail) -> set[str]:
    return {normalise(address) for _name, address in getaddresses(mail.message.get("recipients", []))}


def events_that_name(address: str) -> list[int]:
    """Webhook events whose payload has the address anywhere in it. They are encrypted: only reading them all tells."""
    pattern = re.compile(rf"(?<![\w.+-]){re.escape(address).replace('@', '(?:@|%40)')}(?![\w-]|\.\w)")
    events = WebhookEvent.objects.values_list("pk", "payload").iterator(chunk_size=AT_ONCE)
    return [pk for pk, payload in events if any(pattern.search(normalise(text)) for text in texts(payload))]


def texts(value: Any) -> Iterator[str]:
    """Every string in a JSON value, names of fields included."""
    match value:
        case str():
            yield value
        case dict():
            for name, held in value.items():
                yield name
                yield from texts(held)
        case list():
            for held in value:
                yield from texts(held)


def empty_events(ids: list[int]) -> int:
    """What was not processed yet never will be: it has nothing to say any more."""
    events = WebhookEvent.objects.filter(pk__in=ids)
    events.filter(state=WebhookEvent.State.RECEIVED).update(state=WebhookEvent.State.IGNORED)
    return events.update(payload={}, error="")


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


def sweep() -> None:
    """Close what is done, try again what died a day ago, and complete the certificates that have nothing open."""
    now = timezone.now()
    open_items = ErasureItem.objects.filter(done_at=None, erasure__completed_at=None)
    open_items.filter(delivery__state__in=ENDED).update(done_at=now)
    open_items.filter(delivery=None).update(done_at=now)
    dead = Delivery.objects.dead().filter(settled_at__lte=now - RETRY_AFTER)
    dead.filter(pk__in=list(open_items.values_list("delivery", flat=True))).replay()
    left = ErasureItem.objects.filter(erasure=OuterRef("pk"), done_at=None)
    Erasure.objects.filter(completed_at=None).exclude(Exists(left)).update(completed_at=now)
