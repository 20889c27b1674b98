"""What answers: the API, the sign-in, and the pages for people."""

import base64
from dataclasses import dataclass
from urllib.parse import unquote

from integrations.standin.faults import Faults
from integrations.standin.wire import Reply, Request, as_json

from . import consent, grants
from .api import PREFIX, Api, after, met
from .books import Bank
from .desk import Desk
from .faults import Fault
from .grants import OAuthError

STEERING = (b"GET / ", b"GET /?", b"GET /sandbox/", b"POST /sandbox/", b"DELETE /sandbox/")
TOKEN, REVOKE, INFO = "/token", "/revoke", "/tokeninfo"


@dataclass
class Front:
    """`testing`: as an application whose consent screen is not published, so that refresh tokens last seven days."""

    bank: Bank
    faults: Faults[Fault]
    api: Api
    desk: Desk
    testing: bool = False
    redirect_uris: frozenset[str] = frozenset()  # those that are registered; none: any

    def may_refuse(self, start: bytes) -> bool:
        return not start.startswith(STEERING)

    def answer(self, request: Request) -> Reply | None:
        if request.path.startswith(PREFIX):
            return self.api.answer(request)
        if request.path in (TOKEN, REVOKE, INFO):
            return self._token(request)
        if request.path in consent.PATHS:
            return self._consent(request)
        return self.desk.answer(request)

    def _consent(self, request: Request) -> Reply:
        if reply := met(self.faults, "oauth.consent"):
            return reply
        answer = consent.decide if request.method == "POST" else consent.show
        with self.bank.books() as books:
            return answer(books, request, self.redirect_uris)

    def _token(self, request: Request) -> Reply | None:
        name = f"oauth.{request.path[1:]}"
        if reply := met(self.faults, name):
            return reply
        if self.faults.take("cut_before", name):
            return None
        self.api.calls.append((name, "", ""))
        try:
            reply = self._done(request)
        except OAuthError as error:
            reply = as_json(error.body, error.status)
        return after(self.faults, name, reply)

    def _done(self, request: Request) -> Reply:
        form = {**request.fields, **request.given} if request.method == "POST" else request.fields
        with self.bank.books() as books:
            if request.path == INFO:
                return as_json(grants.info(books, form.get("access_token", "")))
            if request.path == REVOKE:
                grants.revoke(books, form.get("token", ""))
                return as_json({})
            grants.check_client(*_client(request, form))
            if form.get("grant_type") == "authorization_code":
                return as_json(grants.exchange(books, form, testing=self.testing))
            if form.get("grant_type") == "refresh_token":
                return as_json(grants.refresh(books, form))
            raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")


def _client(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Its id and secret, by Basic or in the body."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, _, secret = base64.b64decode(token).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote(name), unquote(secret)
