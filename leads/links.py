"""The links in our letters: whoever holds one may do the one thing it is for, without logging in.

A token is an id and a signature, one kind per purpose; no address is in it. The links that prove that somebody reads
the mail to an address hold for that address only: once it is corrected, they are void.
"""

from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, SignatureExpired, Signer, TimestampSigner
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import constant_time_compare, salted_hmac

from leads.models import Consent, Lead, Touchpoint

DOWNLOAD_AGE = timedelta(days=14)
CONFIRM_AGE = timedelta(days=30)
FALLBACK = Lead.Language.ENGLISH


def download(touchpoint: Touchpoint) -> str:
    """Absolute, in the lead's language. Holds for DOWNLOAD_AGE."""
    return _link("leads:download", touchpoint.lead, _timed("download").sign(_named(touchpoint, touchpoint.lead)))


def confirm(consent: Consent) -> str:
    """Absolute, in the lead's language. Holds for CONFIRM_AGE."""
    return _link("leads:confirm", consent.lead, _timed("confirm").sign(_named(consent, consent.lead)))


def unsubscribe(lead: Lead) -> str:
    """Absolute, in the lead's language. Holds for ever, whatever becomes of the address."""
    return _link("leads:unsubscribe", lead, _for_ever("unsubscribe").sign(lead.uuid.hex))


def _link(page: str, lead: Lead, token: str) -> str:
    with translation.override(lead.language or FALLBACK):
        return f"{settings.SITE_URL}{reverse(page, args=[token])}"


def _named(row: Touchpoint | Consent, lead: Lead) -> str:
    return f"{row.pk}-{_print_of(lead, settings.SECRET_KEY)}"


def _print_of(lead: Lead, secret: str) -> str:
    """Tells one address of a lead from the next, and nothing about it to who does not know our key."""
    return salted_hmac("leads.address", lead.email, secret=secret, algorithm="sha256").hexdigest()[:8]


def open_download(token: str) -> tuple[Touchpoint, bool]:
    """The request that the link answers (`lead` and `whitepaper` loaded), and whether the link holds still.

    Raises BadSignature for a token that we did not make.
    """
    pk, named, is_fresh = _read("download", token, DOWNLOAD_AGE)
    touchpoint = Touchpoint.objects.select_related("lead", "whitepaper").filter(pk=pk).first()
    if touchpoint is None:
        raise BadSignature
    return touchpoint, is_fresh and _is_of(touchpoint.lead, named)


def open_confirm(token: str) -> tuple[Consent, bool]:
    """The consent (`lead` loaded) that the link confirms, and whether it holds still. Raises as `open_download`."""
    pk, named, is_fresh = _read("confirm", token, CONFIRM_AGE)
    consent = Consent.objects.select_related("lead").filter(pk=pk).first()
    if consent is None:
        raise BadSignature
    return consent, is_fresh and _is_of(consent.lead, named)


def open_unsubscribe(token: str) -> Lead:
    """Who wants no more news. Raises as `open_download`."""
    lead = Lead.objects.filter(uuid=_for_ever("unsubscribe").unsign(token)).first()
    if lead is None:
        raise BadSignature
    return lead


def _read(purpose: str, token: str, age: timedelta) -> tuple[int, str, bool]:
    """The row's id, the print of the address, and whether the token is younger than `age`."""
    signer = _timed(purpose)
    pk, _, named = signer.unsign(token).partition("-")
    try:
        signer.unsign(token, max_age=age)
    except SignatureExpired:
        return int(pk), named, False
    return int(pk), named, True


def _timed(purpose: str) -> TimestampSigner:
    """A token of one purpose means nothing to the other."""
    return TimestampSigner(salt=f"leads.{purpose}", sep=".")


def _for_ever(purpose: str) -> Signer:
    return Signer(salt=f"leads.{purpose}", sep=".")


def _is_of(lead: Lead, named: str) -> bool:
    """A key that is being replaced counts as long as Django knows it."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(named, _print_of(lead, secret)) for secret in secrets)
