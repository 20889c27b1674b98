"""Mail of Django's own API, kept until a worker has sent it: encrypted, and emptied once it is gone."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from email import message_from_bytes
from email.utils import parseaddr
from uuid import uuid4

from django.conf import settings as django_settings
from django.core.mail import EmailMessage
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.errors import Obsolete, Rejected
from integrations.fields import Unreadable
from integrations.models import StoredMail

from . import addresses
from .client import Mail, on_the_wire
from .settings import EmailSettings


def kept(messages: Iterable[EmailMessage]) -> list[StoredMail]:
    """A row for each recipient: one who is refused, or must wait, is nobody else's trouble.

    Raises BadHeaderError, having stored nothing, for a forged header.
    """
    return StoredMail.objects.bulk_create([row for message in messages for row in copies(message)])


def copies(message: EmailMessage) -> Iterator[StoredMail]:
    mime = b64encode(on_the_wire(labelled(message).message())).decode()
    for recipient in dict.fromkeys(message.recipients()):
        address = parseaddr(recipient)[1] or recipient
        yield StoredMail(message={"sender": message.from_email, "recipients": [address], "mime": mime})


def labelled(message: EmailMessage) -> EmailMessage:
    """As a letter of a machine, with an id that is the same in every try; this machine's name, which Django would make
    one of, may take long to find."""
    labels = {
        "Message-ID": f"<{uuid4().hex}@{sender_domain(message.from_email)}>",
        "Auto-Submitted": "auto-generated",
    }
    given = {name.lower() for name in message.extra_headers}
    mine = copy(message)  # the caller may send its own again
    mine.extra_headers = {
        **message.extra_headers,
        **{name: value for name, value in labels.items() if name.lower() not in given},
    }
    return mine


def opened(row: StoredMail, settings: EmailSettings) -> Mail:
    """As it goes out. Who wrote it without a sender of its own writes as the integration's."""
    try:
        row.refresh_from_db()  # a batch may have waited since it was read, and whom it is for been forgotten
    except StoredMail.DoesNotExist as gone:
        raise Obsolete(_("What this letter was about is gone.")) from gone
    if isinstance(row.message, Unreadable):
        raise Rejected(_("This mail cannot be read with the keys that are set in FERNET_KEYS."))
    if not row.message:
        raise Obsolete(_("This mail was sent already."))
    content = b64decode(row.message["mime"])
    if row.message["sender"] in (django_settings.DEFAULT_FROM_EMAIL, django_settings.SERVER_EMAIL):
        mime = message_from_bytes(content)
        mime.replace_header("From", addresses.header(settings.from_name, settings.from_email))
        content = on_the_wire(mime)
    return Mail(settings.from_email, row.message["recipients"][0], content)


def empty(rows: Sequence[StoredMail]) -> None:
    """Of what was sent, only that it was."""
    StoredMail.objects.filter(pk__in=[row.pk for row in rows]).update(message={}, sent_at=timezone.now())


def sender_domain(address: str) -> str:
    return address.rpartition("@")[2].strip("<> ") or "localhost"
