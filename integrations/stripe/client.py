"""Stripe's API, the wire and nothing else: its own library over our own HTTP session, in one pinned version.

Answers are plain dictionaries in Stripe's words; `reading` puts them into ours.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import requests
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations import errors, http
from integrations.gate import Gate

from .settings import API_VERSION, StripeSettings

if TYPE_CHECKING:
    import stripe

TOLERANCE = 300  # seconds between Stripe's clock and ours
PAGE = 100  # as many as Stripe gives at once
LONGEST_REST = 5.0  # seconds
KEY_LASTS = timedelta(hours=20)  # 24 at the least, says Stripe; no two clocks differ by that much
KEYS = 5  # how often something is asked for under a new key before a human must look
FROM_THE_LIBRARY = ("Authorization", "Content-Type", "Idempotency-Key", "Stripe-Version")

Answer = dict[str, Any]
T = TypeVar("T")


class OtherState(errors.Rejected):
    """The payment is not where we believed it to be: it went on meanwhile. Read it."""


class Stale(errors.Rejected):
    """An answer of old, or none: the key was used before, and what it was used for did not work. Ask under another."""


class StripeClient:
    """One account. Every method goes through the gate and raises IntegrationError only.

    A missing permission bars `operation`; without one, only calls of that kind.
    """

    def __init__(
        self, settings: StripeSettings, gate: Gate, *, operation: str | None = None, patient: bool = False
    ) -> None:
        """`patient`: rest where we ask faster than we may, instead of raising Paused."""
        self.settings = settings
        self.gate = gate
        self.operation = operation
        self.patient = patient

    # --- payments -----------------------------------------------------------------------------------------------------

    def create_intent(self, key: str, parameters: Answer) -> Answer:
        """The same key and parameters always lead to the same intent. Raises Stale, see there."""
        intents = self.api.payment_intents
        return self.call("create_payment_intent", lambda: intents.create(any_of(parameters), {"idempotency_key": key}))

    def intent(self, intent: str) -> Answer:
        """With its latest charge. Raises Gone."""
        expand = {"expand": ["latest_charge"]}
        return self.ask("read_payment", lambda: self.api.payment_intents.retrieve(intent, any_of(expand)))

    def cancel_intent(self, intent: str) -> Answer:
        """Raises OtherState where there is nothing to cancel any more, because it is paid, on its way, or cancelled."""
        expand = {"expand": ["latest_charge"]}
        return self.call("cancel_payment", lambda: self.api.payment_intents.cancel(intent, any_of(expand)))

    def intents(self, since: int) -> Iterator[Answer]:
        """Those made since (seconds of the epoch), newest first, with their latest charges."""
        query = {"created": {"gte": since}, "expand": ["data.latest_charge"]}
        yield from self.pages("list_payments", lambda page: self.api.payment_intents.list(page), query)

    # --- refunds and disputes -----------------------------------------------------------------------------------------

    def create_refund(self, key: str, parameters: Answer) -> Answer:
        """The same key and parameters always lead to the same refund. Raises Stale, see there."""
        refunds = self.api.refunds
        return self.call("create_refund", lambda: refunds.create(any_of(parameters), {"idempotency_key": key}))

    def refunds(self, **query: Any) -> Iterator[Answer]:
        """Newest first; `payment_intent` or `created` choose."""
        yield from self.pages("list_refunds", lambda page: self.api.refunds.list(page), query)

    def disputes(self, **query: Any) -> Iterator[Answer]:
        """Newest first; `payment_intent` or `created` choose."""
        yield from self.pages("list_disputes", lambda page: self.api.disputes.list(page), query)

    # --- the account --------------------------------------------------------------------------------------------------

    def account(self) -> Answer:
        return self.ask("read_account", lambda: self.api.accounts.retrieve_current())

    def endpoints(self) -> Iterator[Answer]:
        """Webhook endpoints."""
        yield from self.pages("list_endpoints", lambda page: self.api.webhook_endpoints.list(page), {})

    def latest_events(self, types: list[str]) -> list[Answer]:
        """The newest first, at most ten."""
        query = {"types": types, "limit": 10}
        found: list[Answer] = self.ask("list_events", lambda: self.api.events.list(any_of(query)))["data"]
        return found

    # --- how ----------------------------------------------------------------------------------------------------------

    @property
    def api(self) -> Any:
        """The library's services. One client per account: no key is ever set globally."""
        if not hasattr(self, "_api"):
            self._api = library_client(self.settings, self.gate.settings.timeout)
        return self._api

    def pages(self, name: str, ask: Callable[[Any], Any], query: Mapping[str, Any]) -> Iterator[Answer]:
        """A call per page; each begins behind the last one of the page before."""
        page = {**query, "limit": PAGE}
        while True:
            answer = self.ask(name, lambda: ask(dict(page)))
            yield from answer["data"]
            if not answer["has_more"] or not answer["data"]:
                return
            page["starting_after"] = answer["data"][-1]["id"]

    def ask(self, name: str, send: Callable[[], Any]) -> Answer:
        return self.call(name, send, reads_only=True)

    def call(self, name: str, send: Callable[[], Any], *, reads_only: bool = False) -> Answer:
        while True:
            try:
                return self.gate.call(
                    name,
                    lambda timeout: plain(send()),
                    translate=lambda error: translate(error, self.operation or name),
                    reads_only=reads_only,
                    size=1,
                )
            except errors.Paused as pause:
                rest = (pause.until - timezone.now()).total_seconds() if pause.until else LONGEST_REST
                if not self.patient or rest >= LONGEST_REST:
                    raise
                time.sleep(max(rest, 0.05))


def keyed(key: str, create: Callable[[str], Answer], find: Callable[[], Answer | None], *, since: datetime) -> Answer:
    """What `create(key)` makes, once. Where that key only leads to an old failure, look for what it may have made
    nevertheless, and then ask under another key.

    Stripe repeats its first answer to a key for a day, even a 500, and refuses other parameters with it. Afterwards the
    key is a new one: what was first asked for long ago (`since`) is looked for before.
    """
    if timezone.now() - since > KEY_LASTS and (found := find()):
        return found
    for number in range(KEYS):
        with suppress(Stale):
            return create(f"{key}-{number}" if number else key)
        if found := find():
            return found
    raise errors.Ambiguous(_("Stripe repeats an old failure. Look there what became of it."))


# --- the library ------------------------------------------------------------------------------------------------------


def library_client(settings: StripeSettings, timeout: float) -> Any:
    """Imported when it is needed, for it takes its time."""
    import stripe

    stripe.enable_telemetry = False

    class OurSession(stripe.HTTPClient):
        """Sends by our session, which guards addresses; tells Stripe nothing of this machine, and follows nowhere."""

        name = "requests"

        def request(
            self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **kwargs: Any
        ) -> tuple[Any, int, Mapping[str, str]]:
            sent = {name: value for name, value in (headers or {}).items() if name in FROM_THE_LIBRARY}
            sent["User-Agent"] = "Magnetiq"
            session = http.session()
            answer = session.request(method, url, headers=sent, data=post_data, timeout=timeout, allow_redirects=False)
            if answer.is_redirect or not answer.headers.get("Content-Type", "").startswith("application/json"):
                raise_for_page(answer)
            return answer.content, answer.status_code, answer.headers

        def close(self) -> None:
            """The session is the thread's."""

    return stripe.StripeClient(
        settings.secret_key.get_secret_value(),
        http_client=OurSession(),
        base_addresses={"api": settings.base_url},
        stripe_version=API_VERSION,
        max_network_retries=0,
    ).v1


def raise_for_page(answer: requests.Response) -> None:
    """A proxy speaks, or something that is no Stripe."""
    http.raise_for_status(answer)
    if answer.status_code >= 500:
        raise errors.Ambiguous(_("The server failed (HTTP %(status)s).") % {"status": answer.status_code})
    raise errors.Misconfigured(
        _("There is no Stripe at this address (HTTP %(status)s).") % {"status": answer.status_code}
    )


def plain(answer: Any) -> Answer:
    """The library's objects are no dictionaries; these are, all the way down."""
    found: Answer = answer.to_dict()
    return found


def any_of(parameters: Any) -> Any:
    """The library's types name every parameter there is; ours are checked by Stripe, and by its stand-in."""
    return parameters


def signed_by(body: bytes, header: str, secret: str) -> bool:
    """Whether Stripe, or whoever knows the secret, signed these bytes within the last `TOLERANCE` seconds."""
    import stripe

    try:
        return bool(stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE))
    except (stripe.SignatureVerificationError, ValueError, TypeError):  # bytes or a header that nobody can read
        return False


# --- what goes wrong --------------------------------------------------------------------------------------------------

ELSEWHERE = ("payment_intent_unexpected_state", "charge_already_refunded")
BUSY = ("lock_timeout", "idempotency_key_in_use")


def translate(error: Exception, operation: str | None = None) -> Exception:
    """The only place where Stripe's errors become ours."""
    import stripe

    if isinstance(error, UnicodeError | requests.exceptions.InvalidHeader):
        return errors.Misconfigured(_("The secret key has characters that no key has: copy it again."))
    if not isinstance(error, stripe.StripeError):
        return http.translate(error)
    if isinstance(error, stripe.APIConnectionError):
        return errors.Ambiguous(_("Sent, but the connection broke before the answer came."))
    told = said(error)
    if is_replayed(error) or (isinstance(error, stripe.IdempotencyError) and code_of(error) not in BUSY):
        return Stale(told)
    if code_of(error) in BUSY:
        return errors.Conflict(told)
    return by_status(error, told, operation)


def by_status(error: "stripe.StripeError", told: str, operation: str | None) -> errors.IntegrationError:
    match error.http_status:
        case 401:
            return errors.Misconfigured(_("Stripe refuses the secret key."))
        case 403:
            return errors.Misconfigured(told, operation=operation)
        case 429:
            return errors.RateLimited(told, retry_after=retry_after(error))
        case 404:
            return errors.Gone(told)
        case 409:
            return errors.Conflict(told)
        case 502 | 503:
            return errors.Unavailable(told)
        case status if status is None or status >= 500 or status < 300:  # the last: an answer that is no JSON
            return errors.Ambiguous(told)
    return OtherState(told) if code_of(error) in ELSEWHERE else errors.Rejected(told)


def code_of(error: "stripe.StripeError") -> str:
    """Stripe's word for it; the library knows it of some errors only."""
    body = error.json_body if isinstance(error.json_body, dict) else {}
    told = body.get("error")
    return str(told.get("code") or "") if isinstance(told, dict) else ""


def said(error: "stripe.StripeError") -> str:
    """Stripe's sentence, and the number by which its support finds the call."""
    sentence = error.user_message or _("Stripe answers HTTP %(status)s.") % {"status": error.http_status}
    return f"{sentence} ({error.request_id})" if error.request_id else str(sentence)


def is_replayed(error: "stripe.StripeError") -> bool:
    return {name.lower(): value for name, value in (error.headers or {}).items()}.get("idempotent-replayed") == "true"


def retry_after(error: "stripe.StripeError") -> float:
    """Stripe counts by the second, and seldom says how long."""
    response = requests.Response()
    response.headers.update(error.headers or {})
    return http.retry_after(response, default=2)
