"""Google's Calendar API and its token endpoint, the wire and nothing else.

Google's own library puts calls into words and reads the answers; they travel over our own HTTP session, which guards
addresses and has a timeout. Answers are plain dictionaries in Google's words.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import requests
from django.utils.translation import gettext as _

from integrations import errors, http
from integrations.gate import Gate

from .refusals import StaleToken, refused, refused_token, unfinished
from .settings import GoogleSettings

if TYPE_CHECKING:
    import httplib2

Answer = dict[str, Any]
Ask = Callable[[Any], Any]  # of the library's resource: the request that is to be sent
FROM_THE_LIBRARY = ("content-type", "if-match", "x-http-method-override")
LEAST = 0.05  # seconds: who has less left need not begin


class Patience:
    """How long a call may take: as long as the settings say, and never beyond `deadline` (time.monotonic())."""

    def __init__(self, deadline: float | None = None) -> None:
        self.deadline = deadline

    def within(self, timeout: float) -> float:
        """Seconds. Raises Unavailable when there is no time left."""
        if self.deadline is None:
            return timeout
        left = self.deadline - time.monotonic()
        if left < LEAST:
            raise errors.Unavailable(_("There was no time left to ask."))
        return min(timeout, left)


def parts(timeout: float) -> tuple[float, float]:
    """Seconds to connect, and to wait for the answer: `timeout` together."""
    return timeout / 3, timeout * 2 / 3


class Access(Protocol):
    def access(self, *, instead_of: str = "") -> str:
        """An access token that has not expired, and is not `instead_of`, which was refused."""


class GoogleClient:
    """One account. Every method goes through the gate and raises IntegrationError only.

    A permission that is missing bars `operation`; without one, the whole connection.
    """

    def __init__(
        self,
        settings: GoogleSettings,
        gate: Gate,
        tokens: Access,
        *,
        operation: str | None = None,
        patience: Patience | None = None,
        who: str = "",
    ) -> None:
        self.settings = settings
        self.gate = gate
        self.tokens = tokens
        self.operation = operation
        self.patience = patience or Patience()
        self.who = who

    # --- calendars ----------------------------------------------------------------------------------------------------

    def freebusy(self, calendars: Sequence[str], start: datetime, end: datetime) -> Answer:
        """{calendar: {"busy": [{"start", "end"}], "errors"?: [{"reason"}]}}, of at most 50 calendars and 90 days."""
        items = [{"id": calendar} for calendar in calendars]
        body = {"timeMin": start.isoformat(), "timeMax": end.isoformat(), "timeZone": "UTC", "items": items}
        found = self.ask("ask_freebusy", lambda api: api.freebusy().query(body=body), size=len(items))
        told: Answer = found.get("calendars", {})
        return told

    def calendars(self) -> Iterator[Answer]:
        """All that the account sees, each with its `accessRole`."""
        yield from self.pages("list_calendars", lambda api, page: api.calendarList().list(maxResults=250, **page))

    # --- events -------------------------------------------------------------------------------------------------------

    def event(self, calendar: str, event: str) -> Answer:
        """Raises Gone; one that was deleted has the status "cancelled"."""
        return self.ask("read_event", lambda api: api.events().get(calendarId=calendar, eventId=event))

    def insert(self, calendar: str, body: Mapping[str, Any], **query: Any) -> Answer:
        """Raises AlreadyThere where the id was used before, and Gone where there is no such calendar."""
        return self.call("insert_event", lambda api: api.events().insert(calendarId=calendar, body=body, **query))

    def patch(
        self, calendar: str, event: str, body: Mapping[str, Any], *, etag: str | None = None, **query: Any
    ) -> Answer:
        """Raises Gone, and Conflict where it is not that of the `etag` any more."""

        def ask(api: Any) -> Any:
            made = api.events().patch(calendarId=calendar, eventId=event, body=body, **query)
            made.headers |= {"if-match": etag} if etag else {}
            return made

        return self.call("patch_event", ask)

    def delete(self, calendar: str, event: str, **query: Any) -> None:
        """Raises Gone where there is nothing to delete."""
        request = lambda api: api.events().delete(calendarId=calendar, eventId=event, **query)  # noqa: E731
        self.call("delete_event", request, answers=False)

    def events(self, calendar: str, **query: Any) -> Iterator[Answer]:
        """Pages, each {"items": [...]}; the last one has "nextSyncToken". Raises SyncExpired."""
        ask = lambda api, page: api.events().list(calendarId=calendar, **query, **page)  # noqa: E731
        yield from self.whole_pages("list_events", ask)

    # --- how ----------------------------------------------------------------------------------------------------------

    def pages(self, name: str, ask: Callable[[Any, Answer], Any]) -> Iterator[Answer]:
        for page in self.whole_pages(name, ask):
            yield from page.get("items", ())

    def whole_pages(self, name: str, ask: Callable[[Any, Answer], Any]) -> Iterator[Answer]:
        """A call per page."""
        page: Answer = {}
        while True:
            told = self.ask(name, lambda api: ask(api, page))  # noqa: B023
            yield told
            if not told.get("nextPageToken"):
                return
            page = {"pageToken": told["nextPageToken"]}

    def ask(self, name: str, ask: Ask, *, size: int = 1) -> Answer:
        return self.call(name, ask, reads_only=True, size=size)

    def call(self, name: str, ask: Ask, *, reads_only: bool = False, answers: bool = True, size: int = 1) -> Answer:
        """A token that they refuse was not used for anything: a fresh one may be tried, once."""
        token = self.tokens.access()
        try:
            return self.said(name, ask, token, reads_only=reads_only, answers=answers, size=size)
        except StaleToken:
            token = self.tokens.access(instead_of=token)
        try:
            return self.said(name, ask, token, reads_only=reads_only, answers=answers, size=size)
        except StaleToken as error:
            raise self.signed_out(name) from error

    def said(self, name: str, ask: Ask, token: str, *, reads_only: bool, answers: bool, size: int) -> Answer:
        def send(timeout: float) -> Answer:
            transport = Transport(token, self.patience.within(timeout))
            answer = ask(library(self.settings.base_url)).execute(http=transport, num_retries=0)
            if not answers:
                return {}
            if not isinstance(answer, dict):  # the library gives a broken body as text
                raise unfinished(name)
            return answer

        return self.gate.call(
            name,
            send,
            translate=lambda error: translate(error, self.operation),
            reads_only=reads_only,
            size=size,
        )

    def signed_out(self, name: str) -> errors.IntegrationError:
        """Even a fresh token is refused: everything waits until somebody signs in."""
        said = _("%(who)s: Google refuses the sign-in. Connect again.") % {"who": self.who}
        return barred(self.gate, name, said)


def barred(gate: Gate, name: str, said: str) -> errors.IntegrationError:
    """Tell it by the gate, so that the connection shows it."""

    def refuse(timeout: float) -> None:
        raise errors.Misconfigured(said)

    try:
        gate.call(name, refuse, translate=lambda error: error)
    except errors.IntegrationError as error:
        return error
    raise AssertionError(said)


class GoogleAuth:
    """The token endpoint, as one application. Every method goes through the gate and raises IntegrationError only."""

    def __init__(
        self, settings: GoogleSettings, gate: Gate, *, patience: Patience | None = None, who: str = ""
    ) -> None:
        self.settings = settings
        self.gate = gate
        self.patience = patience or Patience()
        self.who = who

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Answer:
        """What a sign-in gives: access_token, expires_in, refresh_token, scope."""
        form = {"code": code, "code_verifier": verifier, "redirect_uri": redirect_uri}
        return self.post("sign_in", {"grant_type": "authorization_code", **form, **self.us}, begun=True)

    def refresh(self, token: str) -> Answer:
        """access_token, expires_in, scope. Raises Misconfigured when the permission is over."""
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self.post("refresh_token", {**form, **self.us}, reads_only=True)

    def revoke(self, token: str) -> None:
        """All that the person allowed us ends; it may have ended before."""

        def send(timeout: float) -> None:
            answer = self.sent(str(self.settings.revoke_uri), {"token": token}, timeout)
            if answer.status_code >= 500 or answer.status_code == 429:
                raise refused_token(answer.status_code, read(answer), who=self.who)

        self.gate.call("revoke", send, translate=http.translate)

    @property
    def us(self) -> dict[str, str]:
        return {"client_id": self.settings.client_id, "client_secret": self.settings.client_secret.get_secret_value()}

    def post(self, name: str, form: dict[str, str], *, reads_only: bool = False, begun: bool = False) -> Answer:
        def send(timeout: float) -> Answer:
            answer = self.sent(str(self.settings.token_uri), form, timeout)
            told = read(answer)
            if answer.status_code != requests.codes.ok:
                raise refused_token(answer.status_code, told, who="" if begun else self.who)
            if not told.get("access_token"):
                raise unfinished(name)
            return told

        return self.gate.call(name, send, translate=http.translate, reads_only=reads_only)

    def sent(self, url: str, form: dict[str, str], timeout: float) -> requests.Response:
        session, limits = http.session(), parts(self.patience.within(timeout))
        return session.post(url, data=form, timeout=limits, allow_redirects=False)


def read(answer: requests.Response) -> Answer:
    """{} where it is no JSON."""
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


# --- the library ------------------------------------------------------------------------------------------------------


class Transport:
    """What the library takes for an `httplib2.Http`. Follows nowhere, and tells nothing of this machine."""

    def __init__(self, token: str, timeout: float) -> None:
        self.token = token
        self.timeout = timeout

    def request(
        self, uri: str, method: str = "GET", body: Any = None, headers: Mapping[str, str] | None = None, **kwargs: Any
    ) -> "tuple[httplib2.Response, bytes]":
        import httplib2

        sent = {name: value for name, value in (headers or {}).items() if name.lower() in FROM_THE_LIBRARY}
        sent |= {"Authorization": f"Bearer {self.token}", "User-Agent": "Magnetiq"}
        answer = http.session().request(
            method, uri, data=body, headers=sent, timeout=parts(self.timeout), allow_redirects=False
        )
        told = {name.lower(): value for name, value in answer.headers.items()}
        return httplib2.Response({**told, "status": str(answer.status_code)}), answer.content


@lru_cache
def library(base_url: str) -> Any:
    """The API's resources, by the description that ships with the library: nothing is asked. Slow to import."""
    from googleapiclient.discovery import build

    return build(
        "calendar",
        "v3",
        http=Transport("", 0),
        client_options={"api_endpoint": base_url},
        static_discovery=True,
        cache_discovery=False,
    )


def translate(error: Exception, operation: str | None = None) -> Exception:
    """The only place where Google's errors become ours."""
    from googleapiclient.errors import HttpError

    if isinstance(error, HttpError):
        return refused(int(error.resp.status), error.content, operation=operation)
    return http.translate(error)
