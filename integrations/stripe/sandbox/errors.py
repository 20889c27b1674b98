"""Stripe's errors, as its API words them."""

from collections.abc import Mapping
from typing import Any

DOCS = "https://docs.stripe.com/error-codes"


class ApiError(Exception):
    """A refusal. `kept` says that what was written so far stays: a decline leaves a charge."""

    kept = False

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",  # noqa: A002  # Stripe's own word
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status, self.headers = status, dict(headers or {})
        told = {"code": code, "doc_url": f"{DOCS}/{code.replace('_', '-')}" if code else None, "param": param, **more}
        self.error = {"message": message, "type": type} | {key: value for key, value in told.items() if value}


class Declined(ApiError):
    """The payer's bank, or the payer, said no."""

    kept = True

    def __init__(self, message: str, *, code: str, **more: Any) -> None:
        super().__init__(message, status=402, type="card_error", code=code, **more)


def missing(param: str) -> ApiError:
    return ApiError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown(param: str) -> ApiError:
    return ApiError(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def empty(param: str) -> ApiError:
    text = (
        f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a field; "
        f"however '{param}' cannot be unset. You should remove '{param}' from your request or supply a "
        "non-empty value."
    )
    return ApiError(text, code="parameter_invalid_empty", param=param)


def no_such(kind: str, record_id: str, *, param: str | None, other_mode: str = "") -> ApiError:
    """An id in the address is a 404, one in a parameter a 400."""
    text = f"No such {kind}: '{record_id}'"
    if other_mode:
        this = "test" if other_mode == "live" else "live"
        text += f"; a similar object exists in {other_mode} mode, but a {this} mode key was used to make this request."
    status = 404 if param in (None, "intent", "id") else 400
    return ApiError(text, status=status, code="resource_missing", param=param or "id")


def unexpected_state(message: str, intent: dict[str, Any]) -> ApiError:
    return ApiError(message, code="payment_intent_unexpected_state", payment_intent=intent)
