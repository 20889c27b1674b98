"""What people allowed the application: codes, refresh tokens and access tokens."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from integrations.standin.store import Record

from .books import Books, Caller
from .discovery import document

Json = dict[str, Any]
CLIENT_ID = "123456789012-sandbox.apps.googleusercontent.com"
CLIENT_SECRET = "GOCSPX-sandboxOfMagnetiq0123"  # noqa: S105
ACCESS_LASTS = 3599
CODE_LASTS = 600
TESTING_LASTS = 7 * 24 * 3600  # of a refresh token, while the application's consent screen is in testing
_IDENTITY = {
    "openid": "Associate you with your personal info on Google",
    "email": "See your primary Google Account email address",
    "profile": "See your personal info",
    "https://www.googleapis.com/auth/userinfo.email": "See your primary Google Account email address",
    "https://www.googleapis.com/auth/userinfo.profile": "See your personal info",
}
# Google tells them by their long names.
_LONG = {name: f"https://www.googleapis.com/auth/userinfo.{name}" for name in ("email", "profile")}


class OAuthError(Exception):
    """A refusal of the token endpoint."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"error": error, "error_description": description}


@dataclass(frozen=True)
class Asked:
    """What the application asks a person for."""

    redirect_uri: str
    scopes: tuple[str, ...]
    offline: bool
    prompt: str
    challenge: str
    challenge_method: str
    include_granted: bool


def known_scopes() -> dict[str, str]:
    """{scope: what it allows, in Google's words}."""
    told = document()["auth"]["oauth2"]["scopes"]
    return {scope: words["description"] for scope, words in told.items()} | _IDENTITY


def allow(books: Books, email: str, scopes: list[str], asked: Asked) -> str:
    """The person says yes to these scopes: the code for it."""
    before = books.store.table("grants").get(email)
    old = before["scopes"] if before else []
    granted = [_LONG.get(scope, scope) for scope in scopes]
    told = sorted({*granted, *old}) if asked.include_granted else granted
    books.store.put("grants", {"id": email, "scopes": sorted({*granted, *old})})
    code = {
        "id": f"4/0{secrets.token_urlsafe(32)}",
        "email": email,
        "scopes": told,
        "redirect_uri": asked.redirect_uri,
        "challenge": asked.challenge,
        "challenge_method": asked.challenge_method or "plain",
        "lasting": asked.offline and (before is None or "consent" in asked.prompt.split()),
        "until": books.clock.now().timestamp() + CODE_LASTS,
        "used": False,
    }
    return str(books.store.put("codes", code)["id"])


def exchange(books: Books, form: Json, *, testing: bool) -> Json:
    """A code for tokens, once. Raises OAuthError."""
    code = books.store.table("codes").get(str(form.get("code", "")))
    if code is None or code["used"] or code["until"] < books.clock.now().timestamp():
        raise OAuthError("invalid_grant", "Bad Request")
    if form.get("redirect_uri") != code["redirect_uri"]:
        raise OAuthError("redirect_uri_mismatch", "Bad Request")
    _check_verifier(code, str(form.get("code_verifier", "")))
    books.store.put("codes", {**code, "used": True})
    refresh = new_refresh(books, code["email"], code["scopes"], testing=testing) if code["lasting"] else None
    told = new_access(books, code["email"], code["scopes"])
    if refresh:
        told["refresh_token"] = refresh["id"]
        told |= {"refresh_token_expires_in": TESTING_LASTS - 1} if testing else {}
    if "openid" in code["scopes"]:
        told["id_token"] = _id_token(books, code["email"])
    return told


def refresh(books: Books, form: Json) -> Json:
    """Raises OAuthError; for good once the refresh token is revoked or has expired."""
    token = books.store.table("refresh").get(str(form.get("refresh_token", "")))
    if token is None or (token["until"] and token["until"] < books.clock.now().timestamp()):
        raise OAuthError("invalid_grant", "Token has been expired or revoked.")
    return new_access(books, token["email"], token["scopes"])


def new_refresh(books: Books, email: str, scopes: list[str], *, testing: bool) -> Record:
    until = books.clock.now().timestamp() + TESTING_LASTS if testing else None
    token = {"id": f"1//0{secrets.token_urlsafe(48)}", "email": email, "scopes": list(scopes), "until": until}
    return books.store.put("refresh", token)


def new_access(books: Books, email: str, scopes: list[str]) -> Json:
    until = books.clock.now().timestamp() + ACCESS_LASTS
    token = {"id": f"ya29.{secrets.token_urlsafe(60)}", "email": email, "scopes": list(scopes), "until": until}
    books.store.put("access", token)
    return {
        "access_token": token["id"],
        "expires_in": ACCESS_LASTS,
        "scope": " ".join(scopes),
        "token_type": "Bearer",
    }


def caller_of(books: Books, token: str) -> Caller | None:
    """None for an access token that is unknown, revoked or expired."""
    row = books.store.table("access").get(token)
    if row is None or row["until"] < books.clock.now().timestamp():
        return None
    return Caller(row["email"], frozenset(row["scopes"]))


def info(books: Books, token: str) -> Json:
    """As `tokeninfo` tells it. Raises OAuthError."""
    row = books.store.table("access").get(token)
    if row is None or row["until"] < books.clock.now().timestamp():
        raise OAuthError("invalid_token", "Invalid Value")
    left = int(row["until"] - books.clock.now().timestamp())
    told = {"azp": CLIENT_ID, "aud": CLIENT_ID, "scope": " ".join(row["scopes"]), "expires_in": str(left)}
    is_told = any(scope.endswith("userinfo.email") for scope in row["scopes"])
    return told | ({"email": row["email"], "email_verified": "true"} if is_told else {})


def revoke(books: Books, token: str) -> None:
    """All that its person allowed ends. Raises OAuthError for a token that is none any more."""
    tables = [books.store.table(name) for name in ("refresh", "access")]
    row = next((table[token] for table in tables if token in table), None)
    if row is None:
        raise OAuthError("invalid_token", "Token expired or revoked")
    revoke_all(books, row["email"])


def revoke_all(books: Books, email: str) -> None:
    for name in ("refresh", "access", "codes"):
        for token in [row["id"] for row in books.store.table(name).values() if row["email"] == email]:
            books.store.drop(name, token)
    if email in books.store.table("grants"):
        books.store.drop("grants", email)


def expire_access(books: Books, email: str) -> None:
    for row in list(books.store.table("access").values()):
        if row["email"] == email:
            books.store.put("access", {**row, "until": 0})


def check_client(client_id: str, secret: str) -> None:
    """Raises OAuthError."""
    if client_id != CLIENT_ID:
        raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
    if secret != CLIENT_SECRET:
        raise OAuthError("invalid_client", "Unauthorized", 401)


def _check_verifier(code: Record, verifier: str) -> None:
    if not code["challenge"]:
        return
    if not verifier:
        raise OAuthError("invalid_grant", "Missing code verifier.")
    given = verifier
    if code["challenge_method"] == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        given = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if not secrets.compare_digest(given, code["challenge"]):
        raise OAuthError("invalid_grant", "Invalid code verifier.")


def _id_token(books: Books, email: str) -> str:
    """Signed by nobody: who reads it here must not rely on it."""
    now = int(books.clock.now().timestamp())
    person = {"sub": hashlib.sha256(email.encode()).hexdigest()[:21], "email": email, "email_verified": True}
    claims = {"iss": "https://accounts.google.com", "aud": CLIENT_ID, "iat": now, "exp": now + 3600, **person}
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."
