"""Signing in with Google: which permissions we ask for, and what becomes of the answer."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext as _

from integrations import errors
from integrations.service import Grant, SignIn

from .client import Answer
from .settings import GoogleAccountSettings
from .tokens import KEPT, kept

if TYPE_CHECKING:
    from .service import GoogleCalendarService

SCOPE = "https://www.googleapis.com/auth/calendar"
# The least that does: when calendars are busy that the account may see, which ones there are, and entries in its own.
LOOKING = (f"{SCOPE}.events.freebusy", f"{SCOPE}.calendarlist.readonly")
OWN = (f"{SCOPE}.events.owned", *LOOKING)
# Who signs in for everybody writes calendars that others own and share with the account.
SHARED = (f"{SCOPE}.events", *LOOKING)


def scopes_for(owner: str) -> tuple[str, ...]:
    return OWN if owner else SHARED


def lacking(owner: str, granted: str) -> list[str]:
    """Permissions that we need and have not; the whole calendar's allows everything."""
    have = set(granted.split())
    return [] if SCOPE in have else [scope for scope in scopes_for(owner) if not have & wider(scope)]


def wider(scope: str) -> set[str]:
    """Those that allow at least as much."""
    return {scope, f"{SCOPE}.events"} if scope == f"{SCOPE}.events.owned" else {scope}


class GoogleSignIn(SignIn):
    keeps = KEPT
    service: "GoogleCalendarService"

    def url(self, *, state: str, challenge: str, redirect_uri: str) -> str:
        """Always asks for consent: only then does Google give a permission that lasts."""
        settings = self.service.settings
        query = {
            "client_id": settings.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(scopes_for(self.service.connection.owner)),
            "access_type": "offline",
            "prompt": "consent",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if isinstance(settings, GoogleAccountSettings) and settings.login:
            query["login_hint"] = settings.login
        return f"{settings.auth_uri}?{urlencode(query)}"

    def finish(self, *, code: str, verifier: str, redirect_uri: str) -> Grant:
        told = self.service.auth.exchange(code, verifier, redirect_uri)
        if lacking(self.service.connection.owner, str(told.get("scope") or "")):
            raise errors.Rejected(_("Google's page has boxes: all of them must stay ticked."))
        if not told.get("refresh_token"):
            raise errors.Rejected(_("Google gave no permission that lasts."))
        return Grant(kept(told, ""), expires_at(told))

    def revoke(self) -> None:
        self.service.auth.revoke(str(self.service.connection.secrets.get("refresh_token") or ""))


def expires_at(told: Answer) -> datetime | None:
    """Only permissions of applications in testing end by themselves, after seven days."""
    seconds = told.get("refresh_token_expires_in")
    return timezone.now() + timedelta(seconds=int(seconds)) if seconds else None
