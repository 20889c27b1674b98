"""Addresses that take no letters: noted when a server says so for good, asked before every letter."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.utils.translation import gettext as _

from integrations.errors import IntegrationError, Rejected
from integrations.models import Suppression
from integrations.redact import redact
from leads.addresses import normalise

from .answers import Undeliverable
from .client import Mail
from .desk import Write


def checked(write: Write) -> Write:
    """`write`, which refuses letters to such addresses; they are looked up once, when the first letter is written."""
    suppressed: Callable[[], set[str]] = cache(lambda: set(Suppression.objects.values_list("email", flat=True)))

    def written(subject: Any) -> Mail:
        mail = write(subject)
        if normalise(mail.recipient) in suppressed():
            raise Rejected(_("This address takes no letters: lift that under “Suppressed addresses”, then replay."))
        return mail

    return written


def note(address: str, error: IntegrationError) -> None:
    """Remember an address that takes no letters for good."""
    if isinstance(error, Undeliverable):
        Suppression.objects.get_or_create(email=normalise(address), defaults={"reason": redact(error.message)})
