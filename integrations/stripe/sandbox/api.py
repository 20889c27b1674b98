"""One call: who asks, whether a fault gets in the way, whether it was asked before, and only then what it does."""

import secrets
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.standin.store import Record
from integrations.standin.wire import Reply, Request, as_json

from . import lists, operations, params
from .books import ACCOUNT, VERSION, Account, Books, Origin, public
from .errors import ApiError
from .faults import Faults
from .idempotency import Keys
from .operations import Operation

KEYS = "https://dashboard.stripe.com/account/apikeys"
_PLAIN = {
    429: ("Request rate limit exceeded.", "invalid_request_error", "rate_limit"),
    409: ("There is currently another in-progress request.", "idempotency_error", "idempotency_key_in_use"),
}


@dataclass(frozen=True)
class Caller:
    live: bool
    payer: bool


@dataclass
class Api:
    """`keys` are {key: what it stands for}; `calls` are (operation, idempotency key) of all that got as far."""

    account: Account
    faults: Faults
    keys: dict[str, Caller]
    calls: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._answered = Keys(self.account)

    def answer(self, request: Request) -> Reply | None:
        """None: hang up without an answer."""
        request_id = f"req_{secrets.token_hex(7)}"
        reply = self._answer(request, request_id)
        if reply is None:
            return None
        headers = {"Request-Id": request_id, "Stripe-Version": VERSION, **reply.headers}
        if key := request.headers.get("idempotency-key"):
            headers["Idempotency-Key"] = key
        return replace(reply, headers=headers)

    def _answer(self, request: Request, request_id: str) -> Reply | None:
        try:
            given = params.parse(request.form)
            caller = self._caller(request, given)
            _check_version(request.headers.get("stripe-version", VERSION))
            operation, ids = _find(request, caller)
            if reply := self._fault(operation.name):
                return reply
            if self.faults.take("cut_before", operation.name):
                return None
            self.calls.append((operation.name, request.headers.get("idempotency-key", "")))
            call = _Call(operation, ids, given, request, caller, request_id)
            return self._once(call)
        except ApiError as error:
            return _refusal(error)

    def _once(self, call: "_Call") -> Reply | None:
        """The first answer to this key, or the answer now."""
        key = call.key
        with self._answered.claimed(key) if key else nullcontext():
            reply = self._answered.answer(key, call.request.path, call.given) if key else None
            if reply is None:
                reply = self._perform(call)
            if slow := self.faults.take("slow", call.operation.name):
                time.sleep(slow.value)
        return None if self.faults.take("cut_after", call.operation.name) else reply

    def _perform(self, call: "_Call") -> Reply:
        """What was asked for, and the answer kept under its key, in one transaction.

        A request that makes no sense is not kept: it never began to be executed.
        """
        checked = params.check(call.given, call.operation.spec, call.operation.required)
        try:
            with self._books(call) as books:
                crashed = _plain(500) if self.faults.take("crash", call.operation.name) else None
                return self._kept(call, crashed or _run(call, books, checked))
        except ApiError as error:  # what was done is undone, but the answer stays
            with self._books(call):
                return self._kept(call, _refusal(error))

    def _books(self, call: "_Call") -> AbstractContextManager[Books]:
        origin = Origin(call.request_id, call.request.headers.get("idempotency-key"), call.caller.payer)
        return self.account.books(live=call.caller.live, origin=origin)

    def _kept(self, call: "_Call", reply: Reply) -> Reply:
        if call.key:
            self._answered.keep(call.key, call.request.path, call.given, reply, call.request_id)
        return reply

    def _caller(self, request: Request, given: dict[str, Any]) -> Caller:
        """By the key, which a browser may give in the form."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip() if scheme.lower() == "bearer" else str(given.get("key", ""))
        if not key:
            raise ApiError(
                "You did not provide an API key. You need to provide your API key in the Authorization header, using "
                f"Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See {KEYS}.",
                status=401,
                headers={"WWW-Authenticate": 'Bearer realm="Stripe"'},
            )
        if key not in self.keys:
            raise ApiError(f"Invalid API Key provided: {hidden(key)}", status=401)
        return self.keys[key]

    def _fault(self, name: str) -> Reply | None:
        if self.faults.take("forbid", name):
            resource = name.partition(".")[0]
            return _refusal(
                ApiError(
                    "The provided key 'rk_***' does not have the required permissions for this endpoint on account "
                    f"'{ACCOUNT}'. Having the 'rak_{resource}_read' permission would allow this request to continue.",
                    status=403,
                    code="more_permissions_required",
                )
            )
        if status := self.faults.take("status", name):
            reply = _plain(status.value)
            wait = {} if status.retry_after is None else {"Retry-After": str(status.retry_after)}
            return replace(reply, headers={**reply.headers, **wait})
        return None


@dataclass(frozen=True)
class _Call:
    operation: Operation
    ids: tuple[str, ...]
    given: Mapping[str, Any]
    request: Request
    caller: Caller
    request_id: str

    @property
    def key(self) -> str:
        """What the first answer is kept under: a key of one mode says nothing in the other."""
        key = self.request.headers.get("idempotency-key", "")
        if len(key) > 255:
            raise ApiError("Idempotency keys may be up to 255 characters long.", type="idempotency_error")
        return f"{self.caller.live}:{key}" if key and self.request.method == "POST" else ""


def _run(call: _Call, books: Books, checked: dict[str, Any]) -> Reply:
    """Raises ApiError, which undoes what was done; a decline is an answer, and what led to it stays."""
    try:
        result: Record = public(call.operation.perform(books, checked, *call.ids))
        for path in checked.get("expand", ()):
            result = lists.expand(books, result, path)
        return as_json(result)
    except ApiError as error:
        if not error.kept:
            raise
        return _refusal(error)


def _find(request: Request, caller: Caller) -> tuple[Operation, tuple[str, ...]]:
    found = operations.find(request.method, request.path)
    if found is None:
        raise ApiError(
            f"Unrecognized request URL ({request.method}: {request.path}). Please see https://docs.stripe.com or we "
            "can help at https://support.stripe.com/.",
            status=404,
        )
    if caller.payer and not found[0].public:
        raise ApiError(
            "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a "
            f"list of your API keys at {KEYS}.",
            status=403,
            code="secret_key_required",
        )
    return found


def _check_version(version: str) -> None:
    if version != VERSION:
        raise ApiError(f"Invalid Stripe API version: {version}. This stand-in speaks {VERSION}.")


def _plain(status: int) -> Reply:
    """A refusal that has nothing to do with what was asked."""
    usual = ("An unknown error occurred.", "api_error" if status >= 500 else "invalid_request_error", None)
    message, kind, code = _PLAIN.get(status, usual)
    return _refusal(ApiError(message, status=status, type=kind, code=code))


def _refusal(error: ApiError) -> Reply:
    return as_json({"error": error.error}, error.status, error.headers)


def hidden(key: str) -> str:
    return f"{key[:8]}{'*' * max(len(key) - 12, 3)}{key[-4:]}"
