"""Mail of Django's own API, kept until a worker has sent it: encrypted, and emptied once it is gone."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from email import message_from_bytes
from email.policy import SMTP
from uuid import uuid4

from django.conf import settings as django_settings
from django.core.mail import EmailMessage
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.errors import Misconfigured, Obsolete
from integrations.fields import Unreadable
from integrations.models import StoredMail

from . import addresses
from .client import Mail, on_the_wire
from .settings import EmailSettings


def kept(messages: Iterable[EmailMessage]) -> list[StoredMail]:
    """Rows for those that have recipients. Raises BadHeaderError, having stored nothing, for a forged header."""
    sealed = [StoredMail(message=packed(message)) for message in messages if message.recipients()]
    return StoredMail.objects.bulk_create(sealed)


def packed(message: EmailMessage) -> dict[str, object]:
    """The message as it is now. Its id is made here: the same in every try, without asking for this machine's name."""
    message.extra_headers.setdefault("Message-ID", f"<{uuid4().hex}@{sender_domain(message.from_email)}>")
    message.extra_headers.setdefault("Auto-Submitted", "auto-generated")
    return {
        "sender": message.from_email,
        "recipients": message.recipients(),
        "mime": b64encode(on_the_wire(message.message())).decode(),
    }


def opened(row: StoredMail, settings: EmailSettings) -> Mail:
    """As it goes out. Who wrote it without a sender of its own writes as the integration's."""
    if isinstance(row.message, Unreadable):
        raise Misconfigured(_("This mail cannot be read with the keys that are set in FERNET_KEYS."))
    if not row.message:
        raise Obsolete(_("This mail was sent already."))
    mime = message_from_bytes(b64decode(row.message["mime"]), policy=SMTP)
    if row.message["sender"] in (django_settings.DEFAULT_FROM_EMAIL, django_settings.SERVER_EMAIL):
        mime.replace_header("From", addresses.header(settings.from_name, settings.from_email))
    return Mail(settings.from_email, row.message["recipients"], on_the_wire(mime))


def empty(rows: Sequence[StoredMail]) -> None:
    """Of what was sent, only that it was."""
    StoredMail.objects.filter(pk__in=[row.pk for row in rows]).update(message={}, sent_at=timezone.now())


def sender_domain(address: str) -> str:
    return address.rpartition("@")[2].strip("<> ") or "localhost"
