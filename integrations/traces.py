"""Traces that people leave beside the domain's own tables: what others said, what waits, what the admin wrote down."""

import re
from base64 import b64decode
from collections.abc import Collection, Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from leads.addresses import normalise
from leads.models import Lead

from . import person
from .models import (
    Attempt,
    Delivery,
    Drift,
    ExternalRecord,
    IntegrationLog,
    StoredMail,
    Suppression,
    WebhookEvent,
)
from .models.delivery import DeliveryQuerySet

AT_ONCE = 500
Counts = dict[str, int]  # {kind of row: how many}

# --- of a person -----------------------------------------------------------------------------------------------------


def erase(leads: Collection[Lead]) -> Counts:
    """What waits about these is given up, before forgetting promises anew; and what others said is blanked.

    What waits about money is carried out all the same.
    """
    blank_reasons(person.deliveries(*leads))
    return {
        "promises": person.promised(*person.belongings(*leads)).cancel(given_up()),
        "records": sum(map(blank_records, person.belongings(*leads))),
        "drifts": sum(map(erase_drifts, [*person.belongings(*leads), *person.money(*leads)])),
        "log_entries": sum(map(blank_history, person.belongings(*leads))),
    }


def blank_records(rows: QuerySet[Any]) -> int:
    """What we told other systems of these; which of their records it is, remains."""
    records = ExternalRecord.objects.filter(subject_type=rows.model._meta.label_lower, subject_id__in=ids_of(rows))
    return records.update(sent={}, sending={}, kept={})


def erase_drifts(rows: QuerySet[Any]) -> int:
    """What differed elsewhere, in the person's own words."""
    about = Drift.objects.filter(subject_type=rows.model._meta.label_lower, subject_id__in=ids_of(rows))
    return about.delete()[0]


def blank_reasons(promised: DeliveryQuerySet) -> None:
    """What others answered is kept without addresses, but may quote a name."""
    tries = Attempt.objects.filter(delivery__in=promised)
    IntegrationLog.objects.filter(pk__in=tries.exclude(log=None).values("log")).exclude(message="").update(message="")
    tries.exclude(error="").update(error="")
    promised.exclude(error="").update_in_order(error="")


def given_up() -> str:
    return _("The person was forgotten.")


def blank_history(rows: QuerySet[Any]) -> int:
    """Django's own log of the admin writes down what a person was called; that something was done remains."""
    kind = ContentType.objects.get_for_model(rows.model)
    entries = LogEntry.objects.filter(content_type=kind, object_id__in=map(str, ids_of(rows)))
    return entries.exclude(object_repr="", change_message="").update(object_repr="", change_message="")


def ids_of(rows: QuerySet[Any]) -> list[int]:
    return list(rows.order_by().values_list("pk", flat=True))


# --- of addresses ----------------------------------------------------------------------------------------------------


class Naming:
    """Says whether a text has one of these (normalised) addresses in it, and not one that merely contains it."""

    def __init__(self, addresses: Collection[str]) -> None:
        any_of_them = "|".join(re.escape(address).replace("@", "(?:@|%40)") for address in sorted(addresses))
        self.pattern = re.compile(rf"(?<![\w.+-])(?:{any_of_them})(?![\w-]|\.\w)")

    def __call__(self, texts: Iterator[str]) -> bool:
        return any(self.pattern.search(normalise(text)) for text in texts)


def events_that_name(addresses: Collection[str]) -> list[int]:
    """Webhook events whose payload has one of the addresses anywhere in it. They are encrypted: only reading them all
    tells.
    """
    names = Naming(addresses)
    events = WebhookEvent.objects.values_list("pk", "payload").iterator(chunk_size=AT_ONCE)
    return [pk for pk, payload in events if names(texts_in(payload))]


def texts_in(value: Any) -> Iterator[str]:
    """Every string in a JSON value, names of fields included."""
    match value:
        case str():
            yield value
        case dict():
            for name, held in value.items():
                yield name
                yield from texts_in(held)
        case list():
            for held in value:
                yield from texts_in(held)


def empty_events(ids: list[int]) -> int:
    """What was not processed yet never will be: it has nothing to say any more."""
    events = WebhookEvent.objects.filter(pk__in=ids)
    events.filter(state=WebhookEvent.State.RECEIVED).update(state=WebhookEvent.State.IGNORED)
    return events.update(payload={}, error="")


def erase_mail(addresses: Collection[str]) -> tuple[int, list[int]]:
    """Delete mail that waits for an address or tells of it: how many, and the promises of what is on the wire now."""
    names = Naming(addresses)
    waiting = StoredMail.objects.filter(sent_at=None).iterator(chunk_size=AT_ONCE)
    mails = [mail.pk for mail in waiting if names(texts_of(mail))]
    promised = Delivery.objects.filter(subject_type=StoredMail._meta.label_lower, subject_id__in=mails)
    promised.cancel(given_up())
    sending = list(promised.filter(state=Delivery.State.IN_FLIGHT).values_list("pk", flat=True))
    StoredMail.objects.filter(pk__in=mails).delete()
    return len(mails), sending


def texts_of(mail: StoredMail) -> Iterator[str]:
    """For whom it is, its headers and its words."""
    yield from texts_in(mail.message.get("recipients", []))
    for part in message_from_bytes(b64decode(mail.message.get("mime", ""))).walk():
        yield from map(header_text, part.values())
        if part.get_content_maintype() == "text":
            yield text_of(part)


def header_text(value: object) -> str:
    """Never fails, unlike Python's newer way to read mail: no mail may keep somebody from being forgotten."""
    try:
        return str(make_header(decode_header(str(value))))
    except (HeaderParseError, LookupError, ValueError):
        return str(value)


def text_of(part: Message) -> str:
    content = part.get_payload(decode=True)
    held = content if isinstance(content, bytes) else b""
    try:
        return held.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return held.decode("utf-8", "replace")


def lift_suppressions(addresses: Collection[str]) -> int:
    return Suppression.objects.filter(email__in=addresses).delete()[0]
