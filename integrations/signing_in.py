"""Signing in at another system, bound to the browser session that began it.

Between the first page and the way back the session keeps a secret for each try: whoever comes back in another session,
with a state of somebody else's or with none, has begun nothing here, and nothing is stored.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from . import breaker, configuration, errors, gate, registry
from .models import Connection
from .service import Grant, IntegrationService, SignIn

KEY = "sign_ins"
LASTS = 30 * 60  # seconds
MOST = 5  # tries in one session at the same time: several tabs

Session = MutableMapping[str, Any]


@dataclass(frozen=True)
class Begun:
    """A try to sign in, as the session kept it."""

    connection: int
    verifier: str


def of(service: IntegrationService) -> SignIn:
    """Raises LookupError where nobody signs in."""
    if service.sign_in is None:
        raise LookupError(f"{service.slug}: nobody signs in there.")
    return service.sign_in(service)


def begin(session: Session, service: IntegrationService) -> str:
    """The address at the other side where somebody signs in. Raises LookupError where nobody does."""
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    begun = {"connection": service.connection.pk, "verifier": verifier, "until": time.time() + LASTS}
    session[KEY] = {**dict(list(alive(session).items())[1 - MOST :]), state: begun}
    return of(service).url(state=state, challenge=challenge_of(verifier), redirect_uri=redirect_uri(service.slug))


def alive(session: Session) -> dict[str, Any]:
    return {state: begun for state, begun in session.get(KEY, {}).items() if begun["until"] > time.time()}


def challenge_of(verifier: str) -> str:
    """As RFC 7636 says: S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def redirect_uri(slug: str) -> str:
    """Where the other side sends people back to: one address for all accounts, which is registered there."""
    return f"{settings.SITE_URL.rstrip('/')}{reverse('admin:integrations_integration_connected', args=[slug])}"


def take(session: Session, state: str) -> Begun | None:
    """The try that this state is of, once; None where it was not begun in this session, or too long ago."""
    known = alive(session)
    begun = known.pop(state, None)
    session[KEY] = known
    return Begun(begun["connection"], begun["verifier"]) if begun else None


def finish(service: IntegrationService, begun: Begun, code: str) -> None:
    """Sign in with what the browser brought back. Raises IntegrationError, and then nothing is stored."""
    grant = of(service).finish(code=code, verifier=begun.verifier, redirect_uri=redirect_uri(service.slug))
    store(service, grant)


@transaction.atomic
def store(service: IntegrationService, grant: Grant) -> None:
    """Whatever waited for somebody to sign in is due again."""
    write(service.connection, of(service), grant)
    breaker.unbar(service.connection)
    gate.log(service.connection, "signed_in")


@transaction.atomic
def forget(service: IntegrationService) -> None:
    """Erase what a sign-in left. An integration's own connection keeps its other secrets; see `remove_account`."""
    write(service.connection, of(service), Grant({}))
    breaker.unbar(service.connection)
    gate.log(service.connection, "signed_out")


def write(connection: Connection, sign_in: SignIn, grant: Grant) -> None:
    row = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
    others = {name: value for name, value in row.secrets.items() if name not in sign_in.keeps}
    columns: dict[str, Any] = {"secrets": {**others, **grant.secrets}, "expires_at": grant.expires_at}
    Connection.objects.filter(pk=row.pk).update(**columns, rotated_at=timezone.now(), memory={})
    connection.refresh_from_db()


def sign_out(connection: Connection) -> bool:
    """Revoke it there and erase it here, whatever the other side says; whether that could be told."""
    service = configuration.service_on(connection, forced=True)
    if service is None or service.sign_in is None:
        return True
    told = not service.sign_in.is_in(connection)
    with suppress(errors.IntegrationError):
        if not told:
            of(service).revoke()
            told = True
    forget(service)
    return told


def signs_in(slug: str) -> bool:
    service = registry.services().get(slug)
    return service is not None and service.sign_in is not None
