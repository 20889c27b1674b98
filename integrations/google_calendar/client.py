"""Google's Calendar API, the wire and nothing else: its own library over our own HTTP session.

Answers are plain dictionaries in Google's words.
"""

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrations import errors, http
from integrations.gate import Gate

from .settings import GoogleCalendarSettings
from .tokens import Tokens

if TYPE_CHECKING:
    from googleapiclient.errors import HttpError

Answer = dict[str, Any]
PAGE = 2500  # as many as Google gives at once
LIMITS = ("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded")
SCOPES = ("insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
FIELDS = "nextPageToken,nextSyncToken,items(id,status,etag,updated,start,end,attendees(email,responseStatus))"


class Taken(errors.Rejected):
    """An entry of that name is there, or was."""


class Expired(errors.Rejected):
    """Google does not remember any more what was told at that time: ask for everything."""


class GoogleClient:
    """One account. Every method goes through the gate and raises IntegrationError only.

    A missing permission bars `operation`; without one, only calls of that kind.
    """

    def __init__(
        self, settings: GoogleCalendarSettings, gate: Gate, tokens: Tokens, *, operation: str | None = None
    ) -> None:
        self.settings = settings
        self.gate = gate
        self.tokens = tokens
        self.operation = operation

    # --- entries ------------------------------------------------------------------------------------------------------

    def insert_event(self, calendar: str, body: Answer, *, conference: bool) -> Answer:
        """Guests are told. Raises Taken."""
        asked = self.api.events().insert(
            calendarId=calendar, body=body, sendUpdates="all", conferenceDataVersion=int(conference)
        )
        try:
            return self.call("insert_event", asked)
        except errors.Gone as error:
            said = _("The calendar %(calendar)s is not there, or not for this account.") % {"calendar": calendar}
            raise errors.Rejected(said) from error

    def event(self, calendar: str, event: str) -> Answer:
        """A deleted one, too, for a while. Raises Gone."""
        return self.ask("read_event", self.api.events().get(calendarId=calendar, eventId=event))

    def patch_event(
        self, calendar: str, event: str, body: Answer, *, etag: str = "", notify: bool, conference: bool = False
    ) -> Answer:
        """Raises Gone, and Conflict where it is not as it was any more (`etag`)."""
        asked = self.api.events().patch(
            calendarId=calendar,
            eventId=event,
            body=body,
            sendUpdates="all" if notify else "none",
            # Without it Google takes the conference of an entry away.
            conferenceDataVersion=int(conference),
        )
        if etag:
            asked.headers["If-Match"] = etag
        return self.call("patch_event", asked)

    def delete_event(self, calendar: str, event: str, *, notify: bool) -> None:
        """Raises Gone."""
        asked = self.api.events().delete(calendarId=calendar, eventId=event, sendUpdates="all" if notify else "none")
        self.call("delete_event", asked, answers=False)

    def changed_events(
        self, calendar: str, *, token: str = "", since: datetime | None = None
    ) -> tuple[list[Answer], str]:
        """What changed since the token was given, or all that ends after `since`; and the token for the next time.

        Deleted ones are among them; recurring ones are told once. Raises Expired, and Gone for the calendar.
        """
        query: Answer = {"calendarId": calendar, "showDeleted": True, "maxResults": PAGE, "fields": FIELDS}
        query |= {"syncToken": token} if token else {"timeMin": since.isoformat()} if since else {}
        found: list[Answer] = []
        page: str | None = None
        while True:
            more = {"pageToken": page} if page else {}
            answer = self.ask("list_events", self.api.events().list(**query, **more))
            found += answer.get("items", [])
            page = answer.get("nextPageToken")
            if not page:
                return found, str(answer.get("nextSyncToken", ""))

    # --- how ----------------------------------------------------------------------------------------------------------

    @property
    def api(self) -> Any:
        return library(self.settings.base_url)

    def ask(self, name: str, asked: Any) -> Answer:
        return self.call(name, asked, reads_only=True)

    def call(self, name: str, asked: Any, *, reads_only: bool = False, answers: bool = True) -> Answer:
        return self.gate.call(
            name,
            lambda timeout: readable(asked.execute(http=Wire(self.tokens, timeout), num_retries=0), answers=answers),
            translate=lambda error: translate(error, self.operation or name),
            reads_only=reads_only,
            size=1,
        )


class Wire:
    """What Google's library sends by: our session, with this account's token. A token refused is renewed once."""

    def __init__(self, tokens: Tokens, timeout: float) -> None:
        self.tokens = tokens
        self.timeout = timeout

    def request(
        self, uri: str, method: str = "GET", body: Any = None, headers: Any = None, **others: Any
    ) -> tuple[Any, bytes]:
        token = self.tokens.current(self.timeout)
        answer = self.send(uri, method, body, headers, token)
        if answer.status_code == 401:
            token = self.tokens.renewed(self.timeout, refused=token)
            answer = self.send(uri, method, body, headers, token)
        return as_library(answer), answer.content

    def send(self, uri: str, method: str, body: Any, headers: Any, token: str) -> Any:
        told = {**(headers or {}), "authorization": f"Bearer {token}"}
        told.pop("content-length", None)
        return http.session().request(method, uri, data=body, headers=told, timeout=self.timeout, allow_redirects=False)


@lru_cache
def library(base_url: str) -> Any:
    """The library's calls, made of the description that ships with it: nobody is asked, nothing is sent."""
    from googleapiclient.discovery import build

    return build(
        "calendar",
        "v3",
        http=object(),  # each call brings its own
        static_discovery=True,
        cache_discovery=False,
        client_options={"api_endpoint": base_url},
    )


def as_library(answer: Any) -> Any:
    import httplib2

    return httplib2.Response(
        {**{name.lower(): value for name, value in answer.headers.items()}, "status": answer.status_code}
    )


def readable(answer: Any, *, answers: bool) -> Answer:
    """The library returns the beginning of an answer that broke off as text."""
    if isinstance(answer, dict):
        return answer
    if answers:
        raise errors.Ambiguous(_("Google's answer cannot be read."))
    return {}


# --- what goes wrong --------------------------------------------------------------------------------------------------


def translate(error: Exception, operation: str) -> Exception:
    """The only place where Google's errors become ours."""
    from googleapiclient.errors import HttpError

    return by_status(error, operation) if isinstance(error, HttpError) else http.translate(error)


def by_status(error: "HttpError", operation: str) -> errors.IntegrationError:
    told, reasons = said(error), reasons_of(error)
    match int(error.status_code):
        case 401:
            return errors.Misconfigured(_("Google does not accept the permission any more: connect the account again."))
        case 403 | 429 if reasons & set(LIMITS) or error.status_code == 429:
            return errors.RateLimited(told)
        case 403 if reasons & set(SCOPES):
            return errors.Misconfigured(told, operation=operation)
        case 409:
            return Taken(told)
        case 410 if "deleted" not in reasons:
            return Expired(told)
        case 404 | 410:
            return errors.Gone(told)
        case 412:
            return errors.Conflict(_("Somebody changed the entry at the same moment."))
        case 502 | 503:
            return errors.Unavailable(told)
        case status if status >= 500:
            return errors.Ambiguous(told)
        case status if 300 <= status < 400:
            return errors.Misconfigured(_("There is no Google at this address (HTTP %(status)s).") % {"status": status})
    return errors.Rejected(told)


def reasons_of(error: "HttpError") -> set[str]:
    details = error.error_details if isinstance(error.error_details, list) else []
    return {str(detail.get("reason")) for detail in details if isinstance(detail, dict)}


def said(error: "HttpError") -> str:
    return str(error.reason or _("Google answers HTTP %(status)s.") % {"status": error.status_code})
