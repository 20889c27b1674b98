"""What answers: the API, and beside it what browsers and people ask for."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from integrations.standin.wire import Reply, Request, as_json, nothing

from .api import Api
from .errors import ApiError
from .faults import Faults

# From any page: Stripe.js runs on the payer's.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Stripe-Version",
    "Access-Control-Expose-Headers": "Request-Id",
    "Access-Control-Max-Age": "300",
}
API = "/v1/"


class Desk(Protocol):
    """What serves all that is not the API; None where there is nothing."""

    def get(self, path: str, query: dict[str, str], language: str) -> Reply | None: ...

    def post(self, path: str, form: dict[str, Any]) -> Reply | None: ...


@dataclass(frozen=True)
class Front:
    api: Api
    desk: Desk

    @property
    def faults(self) -> Faults:
        return self.api.faults

    def may_refuse(self, start: bytes) -> bool:
        """Faults meet the API only: the page that steers them is never refused, or nobody could end them."""
        return b" /v1/" in start

    def answer(self, request: Request) -> Reply | None:
        if request.method == "OPTIONS":
            return Reply(b"", 204, headers=CORS if request.path.startswith(API) else {})
        if request.path.startswith(API):
            reply = self.api.answer(request)
            return replace(reply, headers={**reply.headers, **CORS}) if reply else None
        if request.method == "POST":
            return self._post(request)
        if request.method == "GET":
            language = request.headers.get("accept-language", "")[:2]
            return self.desk.get(request.path, request.fields, language) or nothing()
        return nothing()

    def _post(self, request: Request) -> Reply:
        try:
            reply = self.desk.post(request.path, request.given)
        except ApiError as error:
            return as_json({"error": str(error)}, error.status)
        except (ValueError, TypeError, KeyError) as error:
            return as_json({"error": str(error)}, 400)
        return as_json({}) if reply and reply.status == 303 and request.is_json else reply or nothing()
