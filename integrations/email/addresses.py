"""Addresses as they travel."""

from email.header import Header
from email.utils import quote

import idna
from django.utils.translation import gettext as _

from integrations.errors import Rejected
from leads.text import single_line


def as_sent(address: str) -> str:
    """`a..b@straße.example` -> `"a..b"@xn--strae-oqa.example`, for the envelope as well as for headers.

    What stands before the @ may stay beyond ASCII: that is for servers which take it (SMTPUTF8). Raises Rejected.
    """
    local, _at, domain = address.rpartition("@")
    # Two dots in a row exist, though only in quotes.
    quoted = local if local.startswith('"') or all(local.split(".")) else f'"{local}"'
    return f"{quoted}@{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """By the rules of today (IDNA 2008): Python's own would write to `strasse`, which is somebody else."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise Rejected(_("No domain can have the name that stands in this e-mail address.")) from error


def header(name: str, address: str) -> str:
    """`"Lovelace, Ada" <ada@client.example>`, on one line, the name in ASCII."""
    shown = single_line(name)
    if not shown:
        return as_sent(address)
    is_plain = shown.isascii() and "=?" not in shown  # which some programs decode although it stands in quotes
    phrase = f'"{quote(shown)}"' if is_plain else Header(shown, "utf-8").encode(linesep="")
    return f"{phrase} <{as_sent(address)}>"
