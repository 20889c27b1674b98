"""What a service declares whose accounts are not entered but signed in for, at the other side (OAuth 2 with PKCE)."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from integrations.models import Connection

if TYPE_CHECKING:
    from .base import IntegrationService


@dataclass(frozen=True)
class Grant:
    """What a sign-in gives: what is kept encrypted on the connection, and when it ends by itself, if it does."""

    secrets: dict[str, str]
    expires_at: datetime | None = None


class SignIn:
    """How somebody lets one connection act for them. The core owns pages, session and state; this is the other side.

    `keeps` names the secrets of a connection that come from signing in; the first one is there as long as it lasts.
    """

    keeps: ClassVar[tuple[str, ...]] = ()

    def __init__(self, service: Any) -> None:
        self.service: IntegrationService = service

    @classmethod
    def is_in(cls, connection: Connection) -> bool:
        """Whether somebody has signed in, be it still good or not."""
        return bool(connection.secrets.get(cls.keeps[0]))

    def url(self, *, state: str, challenge: str, redirect_uri: str) -> str:
        """Where the browser goes. `challenge` is the SHA-256 of a secret that `finish` is told."""
        raise NotImplementedError

    def finish(self, *, code: str, verifier: str, redirect_uri: str) -> Grant:
        """Turn what the browser brought back into a grant. Raises IntegrationError; its message is shown."""
        raise NotImplementedError

    def revoke(self) -> None:
        """Tell the other side that it is over. Raises IntegrationError when it cannot be told."""
        raise NotImplementedError
