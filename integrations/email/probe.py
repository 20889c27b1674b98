"""The test of a mail server, in words that say what to do next."""

from django.utils.translation import gettext as _

from integrations.service import ConnectionReport, Requirement

from .client import Offer, largest
from .settings import EmailSettings

TOLD = ("starttls", "auth", "size", "8bitmime", "smtputf8", "pipelining", "dsn")


def report(offer: Offer, settings: EmailSettings) -> ConnectionReport:
    facts = {
        _("Server"): offer.name,
        _("Encryption"): offer.tls or _("none"),
        _("Signed in as"): settings.username or _("nobody: the settings name no user"),
        _("It offers"): ", ".join(told(name, offer.extensions[name]) for name in TOLD if name in offer.extensions),
    }
    notes = []
    if not offer.tls:
        notes.append(_("The connection is not encrypted: anybody on the way can read along."))
    if not settings.username and "auth" in offer.extensions:
        notes.append(_("The server lets users log in, but the settings name none: it may refuse letters to others."))
    return ConnectionReport(_("The server takes letters from us."), facts=facts, notes=notes)


def told(name: str, value: str) -> str:
    """An extension in words: what it allows, where it tells."""
    if name == "size" and (limit := largest({name: value})):
        return _("letters of up to %(size)s MB") % {"size": round(limit / 1_000_000, 1)}
    return " ".join([name.upper(), *value.split()])


def requirements(settings: EmailSettings) -> list[Requirement]:
    domain = settings.from_email.rpartition("@")[2]
    made_up = domain.rpartition(".")[2] in ("", "example", "invalid", "localhost", "local", "test")
    return [
        Requirement(
            _("The connection to the server is encrypted."),
            settings.security != "none",
            _("Choose STARTTLS or TLS under “Security”."),
        ),
        Requirement(
            _("Letters come from an address that can be answered."),
            not made_up,
            _("Enter an address of your own domain under “From”."),
        ),
        Requirement(
            _("People see who writes to them."), bool(settings.from_name), _("Enter the firm's name as sender's name.")
        ),
    ]
