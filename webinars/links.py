"""The link in a registration's letters: whoever holds it may see, change and cancel it, without logging in.

The token is the registration's uuid and a signature; no address is in it. It holds for as long as we know the person.
"""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import translation

from leads.links import FALLBACK
from webinars.models import Registration


def manage(registration: Registration) -> str:
    """Absolute, in the language of the registration: its page."""
    return _link("webinars:registration", registration)


def pay(registration: Registration) -> str:
    """Absolute, in the language of the registration: the page where its seat is paid."""
    return _link("webinars:pay", registration)


def calendar(registration: Registration) -> str:
    """Absolute: the session as a file for calendars."""
    return _link("webinars:calendar", registration)


def opened(token: str) -> Registration:
    """The registration with `session.topic` and `lead`, forgotten or not. Raises BadSignature for a token not of us."""
    rows = Registration.objects.select_related("session__topic", "lead")
    registration = rows.filter(uuid=_signer().unsign(token)).first()
    if registration is None:
        raise BadSignature
    return registration


def token_of(registration: Registration) -> str:
    return _signer().sign(registration.uuid.hex)


def _link(page: str, registration: Registration) -> str:
    with translation.override(registration.language or registration.lead.language or FALLBACK):
        return f"{settings.SITE_URL}{reverse(page, args=[token_of(registration)])}"


def _signer() -> Signer:
    """Not made at import: what lacks a key must come as far as the check that says so."""
    return Signer(salt="webinars.registration", sep=".")
