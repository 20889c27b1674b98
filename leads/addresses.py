"""What counts as an e-mail address: one answer for forms, imports and the admin."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from leads.text import single_line

LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
# Before the @ nearly everything is the receiving host's business; we refuse what no mail server could take.
POSSIBLE = re.compile(rf"[^\s@,;:<>()\[\]\\\"]+@(?:{LABEL}\.)+{LABEL}")
FORGOTTEN_DOMAIN = "@forgotten.invalid"


def normalise(address: str) -> str:
    """Addresses are kept, compared and locked in this form only."""
    return unicodedata.normalize("NFC", single_line(address).lower())


def is_possible(address: str) -> bool:
    """Whether a normalised address could receive mail (not: whether it does)."""
    return len(address) <= 254 and POSSIBLE.fullmatch(address) is not None and not address.endswith(FORGOTTEN_DOMAIN)


def validate_address(address: str) -> None:
    if not is_possible(normalise(address)):
        raise ValidationError(_("Please enter an e-mail address such as name@example.com."), code="invalid")


def name_from(address: str) -> str:
    """`maria.del-rio.7@…` -> `Maria Del Rio`: better than nothing in a salutation or a list."""
    local = address.partition("@")[0].partition("+")[0]
    words = [word for word in re.split(r"[._\-\d]+", local) if word]
    return " ".join(words).title() or local
