"""Access tokens: kept with the connection until they are over, and fetched by whoever is first to need another."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations import errors, http
from integrations.models import Connection

from .settings import GoogleCalendarSettings

EARLY = timedelta(minutes=2)  # no call takes longer
LOCK = 8074  # among PostgreSQL's advisory locks, which have two numbers: ours, and the connection's


class Tokens:
    """Of one account. Methods raise IntegrationError, or what the wire raises."""

    def __init__(self, connection: Connection, settings: GoogleCalendarSettings) -> None:
        self.connection = connection
        self.settings = settings

    def current(self, timeout: float) -> str:
        """One that is good for the next minutes."""
        return self.known() or self.renewed(timeout)

    def renewed(self, timeout: float, *, refused: str = "") -> str:
        """Another one; where somebody else fetched it meanwhile, that one. `refused` is of no use any more."""
        with alone(self.connection):
            found = self.read().known()
            return found if found and found != refused else self.fetch(timeout)

    def known(self) -> str:
        kept = self.connection.secrets
        until = kept.get("access_until")
        if not until or datetime.fromisoformat(until) - EARLY <= timezone.now():
            return ""
        return str(kept.get("access_token", ""))

    def read(self) -> "Tokens":
        self.connection.secrets = Connection.objects.values_list("secrets", flat=True).get(pk=self.connection.pk)
        return self

    def fetch(self, timeout: float) -> str:
        permission = self.settings.permission
        if permission is None:
            raise errors.Misconfigured(_("Nobody has connected this account with Google yet."))
        form = {
            "grant_type": "refresh_token",
            "refresh_token": permission.get_secret_value(),
            "client_id": self.settings.client_id,
            "client_secret": self.settings.client_secret.get_secret_value(),
        }
        answer = http.post(str(self.settings.token_uri), timeout=timeout, data=form)
        http.raise_for_status(answer)
        try:
            told = answer.json()
        except ValueError as error:
            raise errors.Unavailable(_("Google's answer cannot be read.")) from error
        if answer.status_code >= 400:
            raise refusal(told)
        self.keep(told)
        return str(told["access_token"])

    @transaction.atomic
    def keep(self, told: dict[str, Any]) -> None:
        """Beside whatever an operator changes at the same moment."""
        row = Connection.objects.select_for_update(no_key=True).get(pk=self.connection.pk)
        until = timezone.now() + timedelta(seconds=int(told.get("expires_in", 0)))
        secrets: Any = {**row.secrets, "access_token": told["access_token"], "access_until": until.isoformat()}
        Connection.objects.filter(pk=row.pk).update(secrets=secrets)
        self.connection.secrets = secrets


def refusal(told: Any) -> errors.IntegrationError:
    """The descriptions vary; the word does not."""
    match told.get("error") if isinstance(told, dict) else None:
        case "invalid_grant":
            return errors.Misconfigured(_("Google does not accept the permission any more: connect the account again."))
        case "invalid_client" | "unauthorized_client":
            return errors.Misconfigured(_("Google does not know the client ID, or its secret is another one."))
        case _:
            return errors.Unavailable(_("Google gives no access token."))


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Nobody else fetches a token for this account meanwhile. No row is locked: others go on writing down how it is."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK, connection.pk])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, connection.pk])
