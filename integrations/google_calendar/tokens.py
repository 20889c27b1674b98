"""The tokens of one connection, encrypted on its row: the access token is used until it expires, by all processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import OperationalError, transaction
from django.db import connection as database
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations import errors
from integrations.models import Connection

from .client import Answer, GoogleAuth, Patience, barred

SPARE = timedelta(seconds=60)  # a token that is used must last as long as the call
LASTS = 3600  # seconds, where Google does not say
# What is Google's on a connection; of these only the refresh token is a setting, too.
KEPT = ("refresh_token", "access_token", "access_until", "access_of", "scopes")


class Tokens:
    """`who` is whose sign-in it is, in words."""

    def __init__(self, connection: Connection, auth: GoogleAuth, *, patience: Patience, who: str) -> None:
        self.connection = connection
        self.auth = auth
        self.patience = patience
        self.who = who

    def access(self, *, instead_of: str = "") -> str:
        """An access token. Whoever first finds it expired renews it for all; raises IntegrationError."""
        if token := usable(self.connection.secrets, instead_of):
            return token
        with alone(self.connection, self.patience.within(self.auth.settings.timeout)):
            self.connection.refresh_from_db(fields=["secrets"])
            return usable(self.connection.secrets, instead_of) or self.renewed()

    def renewed(self) -> str:
        token = str(self.connection.secrets.get("refresh_token") or "")
        if not token:
            raise barred(self.auth.gate, "refresh_token", _("%(who)s: nobody has signed in yet.") % {"who": self.who})
        told = self.auth.refresh(token)
        secrets: Any = keep(self.connection, told, only_with=token)
        self.connection.secrets = secrets
        return str(told["access_token"])


def usable(secrets: dict[str, Any], instead_of: str) -> str:
    """The stored access token; "" where it will not do."""
    token, until = str(secrets.get("access_token") or ""), str(secrets.get("access_until") or "")
    fresh = bool(until) and datetime.fromisoformat(until) - timezone.now() > SPARE
    ours = secrets.get("access_of") == mark(str(secrets.get("refresh_token") or ""))
    return token if fresh and ours and token != instead_of else ""


def mark(refresh_token: str) -> str:
    """Tells whether an access token came of it: somebody may have entered another one by hand since."""
    return sha256(refresh_token.encode()).hexdigest()[:16]


def kept(told: Answer, refresh_token: str) -> dict[str, str]:
    """What is stored of an answer of the token endpoint, which may bring another refresh token with it."""
    lasting = str(told.get("refresh_token") or refresh_token)
    until = timezone.now() + timedelta(seconds=int(told.get("expires_in") or LASTS))
    found = {"access_token": str(told["access_token"]), "access_until": until.isoformat(), "access_of": mark(lasting)}
    found |= {"scopes": str(told["scope"])} if told.get("scope") else {}
    return {**found, "refresh_token": lasting}


@transaction.atomic
def keep(connection: Connection, told: Answer, *, only_with: str) -> dict[str, Any]:
    """Store a renewed token, unless somebody signed in or out meanwhile. Returns what is stored now."""
    row = Connection.objects.select_for_update(of=("self",)).only("secrets").get(pk=connection.pk)
    secrets: dict[str, Any] = row.secrets
    if secrets.get("refresh_token") == only_with:
        secrets = {**secrets, **kept(told, only_with)}
        Connection.objects.filter(pk=connection.pk).update(secrets=secrets)
    return secrets


@contextmanager
def alone(connection: Connection, patience: float) -> Iterator[None]:
    """One at a time for each connection, in all processes.

    No lock on the row: Google is called meanwhile, and no transaction may be open then. Raises Unavailable when whoever
    was first takes longer than `patience` (seconds).
    """
    key = [connection.pk]
    with database.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{round(patience * 1000)}ms"])
        try:
            cursor.execute("SELECT pg_advisory_lock('integrations_connection'::regclass::oid::integer, %s)", key)
        except OperationalError as error:
            raise errors.Unavailable(_("Another process is signing in to Google.")) from error
        finally:
            cursor.execute("SELECT set_config('lock_timeout', '0', false)")
    try:
        yield
    finally:
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock('integrations_connection'::regclass::oid::integer, %s)", key)
