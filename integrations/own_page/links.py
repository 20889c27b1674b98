"""The link to the page: whoever holds it may see and do everything there, without logging in."""

from hashlib import blake2s
from typing import NamedTuple

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from leads.models import Lead


class Link(NamedTuple):
    """What a token leads to. It `holds` until the person is forgotten, or has another address."""

    lead: Lead
    holds: bool


def link(lead: Lead) -> str:
    """Absolute. Holds for as long as we know the person by this address."""
    return f"{settings.SITE_URL}{reverse('integrations:own_page', args=[token_of(lead)])}"


def token_of(lead: Lead) -> str:
    return _signer().sign(f"{lead.uuid.hex}-{_print_of(lead)}")


def opened(token: str) -> Link:
    """Raises BadSignature for a token that we did not make."""
    uuid, _, named = _signer().unsign(token).partition("-")
    lead = Lead.objects.filter(uuid=uuid).first()
    if lead is None:
        raise BadSignature
    return Link(lead, holds=not lead.is_forgotten and named == _print_of(lead))


def _signer() -> Signer:
    """Not made at import: what lacks a key must come as far as the check that says so."""
    return Signer(salt="integrations.own_page", sep=".")


def _print_of(lead: Lead) -> str:
    """Tells the addresses of one lead apart: who read the mail to a former one must not see what came after."""
    return blake2s(f"{lead.uuid} {lead.email}".encode(), digest_size=6).hexdigest()
