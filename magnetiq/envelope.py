"""The envelope of the API: {"success": true, "data": ...} or {"success": false, "error": {"message": ..., ...}}.

Endpoints know nothing of it: they return data and raise. `Api` wraps both, and describes both in the OpenAPI document,
so that neither can be forgotten; `EnvelopeMiddleware` does it for what never reaches an endpoint.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.translation import gettext_lazy
from ninja import NinjaAPI, errors

from integrations import complaints

logger = structlog.get_logger(__name__)

PREFIX = "/api/"
MESSAGES: dict[int, object] = {
    400: gettext_lazy("This request cannot be understood."),
    401: gettext_lazy("Send a valid token as “Authorization: Bearer …”, or log in."),
    403: gettext_lazy("This is not allowed."),
    404: gettext_lazy("There is nothing at this address."),
    405: gettext_lazy("This address does not know this method."),
    413: gettext_lazy("This is too much."),
    415: gettext_lazy("Send JSON, as application/json."),
    422: gettext_lazy("Some values are wrong."),
    429: gettext_lazy("That was too often. Try again later."),
    500: gettext_lazy("Something went wrong on our side."),
}
FAILURE = {
    "type": "object",
    "required": ["success", "error"],
    "properties": {
        "success": {"const": False},
        "error": {
            "type": "object",
            "required": ["message"],
            "properties": {
                "message": {"type": "string", "description": "For people, in the language of Accept-Language."},
                "fields": {
                    "description": "What is wrong with which field.",
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
                "report": {"type": "object", "description": "What a test found."},
                "run": {"type": "integer", "description": "The run that failed."},
            },
        },
    },
    "example": {"success": False, "error": {"message": "Some values are wrong.", "fields": {"email": ["…"]}}},
}
HEADERS = {
    401: {"WWW-Authenticate": {"required": True, "schema": {"const": "Bearer"}}},
    405: {"Allow": {"required": True, "schema": {"type": "string"}}},
    429: {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}, "description": "Seconds."}},
}


def failure(status: int, message: str = "", *, headers: dict[str, str] | None = None, **details: Any) -> JsonResponse:
    error = {"message": message or str(MESSAGES.get(status, HTTPStatus(status).phrase)), **details}
    return JsonResponse({"success": False, "error": error}, status=status, headers=headers)


class EnvelopeMiddleware:
    """Unknown paths, wrong methods and hosts, what middlewares refuse, and our own bugs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        method = request.method
        if method == "HEAD":
            request.method = "GET"
        response = self.enveloped(request, self.get_response(request))
        response.headers["Content-Length"] = str(len(response.content))
        response.headers.setdefault("Cache-Control", "no-store")
        if method == "HEAD":
            request.method, response.content = method, b""
        return response

    def enveloped(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The response itself, whose headers and cookies stay."""
        if "Allow" in response:
            response["Allow"] = allow(response)
        if request.method == "OPTIONS" and response.status_code == 405:
            response.status_code, response.content = 204, b""
        elif response.status_code >= 400 and not response.headers["Content-Type"].startswith("application/json"):
            with translation.override(getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE)):
                response.content = failure(response.status_code).content
            response["Content-Type"] = "application/json"
        return response


def allow(response: HttpResponse) -> str:
    methods = set(response["Allow"].split(", ")) | {"OPTIONS"}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


class Api(NinjaAPI):
    """Every answer in the envelope, in the document, too."""

    def set_default_exception_handlers(self) -> None:
        for kind, handler in HANDLERS.items():
            self.add_exception_handler(kind, handler)

    def create_response(self, request: HttpRequest, data: Any, **options: Any) -> HttpResponse:
        return super().create_response(request, {"success": True, "data": data}, **options)

    def get_openapi_schema(self, **options: Any) -> Any:
        document = super().get_openapi_schema(**options)
        document["components"]["schemas"]["Failure"] = FAILURE
        for operation in operations(document):
            statuses = {int(status): answer for status, answer in operation["responses"].items()}
            told = {status: succeeded(answer) for status, answer in statuses.items() if status < 400}
            failing = {status for status in statuses if status >= 400} | common_failures(operation)
            operation["responses"] = told | {status: failed(status) for status in sorted(failing)}
        return document


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def succeeded(answer: dict[str, Any]) -> dict[str, Any]:
    data = answer["content"]["application/json"]["schema"]
    properties = {"success": {"const": True}, "data": data}
    schema = {"type": "object", "required": ["success", "data"], "properties": properties}
    return {**answer, "content": {"application/json": {"schema": schema}}}


def common_failures(operation: dict[str, Any]) -> set[int]:
    """What any endpoint may answer: of its shape, not of what it does."""
    has_body, has_input = "requestBody" in operation, "requestBody" in operation or operation["parameters"]
    return {
        405,
        500,
        *({401, 403, 429} if "security" in operation else ()),
        *({400, 413, 415} if has_body else ()),
        *({422} if has_input else ()),
    }


def failed(status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}},
    }
    return answer | ({"headers": HEADERS[status]} if status in HEADERS else {})


# --- what endpoints raise --------------------------------------------------------------------------------------------


def on_refusal(request: HttpRequest, error: errors.HttpError) -> HttpResponse:
    """Ninja hides what our parser says behind a 400 of its own."""
    cause = error.__cause__
    told = cause if isinstance(cause, errors.HttpError) else error
    plain = told.status_code == 400 and told is error
    return failure(told.status_code, "" if plain else told.message, **getattr(told, "details", {}))


def on_unknown_caller(request: HttpRequest, error: Exception) -> HttpResponse:
    return failure(401, headers={"WWW-Authenticate": "Bearer"})


def on_too_often(request: HttpRequest, error: errors.Throttled) -> HttpResponse:
    return failure(429, headers={"Retry-After": str(error.wait)})


def on_wrong_shape(request: HttpRequest, error: errors.ValidationError) -> HttpResponse:
    fields: dict[str, list[str]] = {}
    for found in error.errors:
        text = complaints.in_words(found["type"], found["msg"], found.get("ctx", {}))
        fields.setdefault(place(found["loc"]), []).append(text)
    return failure(422, fields=fields)


def place(location: tuple[str | int, ...]) -> str:
    """Of ("body", "name of our argument", "utm", "source"): utm.source."""
    source, *names = location
    return ".".join(map(str, names[1:] if source == "body" else names)) or str(source)


def on_wrong_values(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return failure(422, fields=error.message_dict)


def on_missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return failure(404)


def on_forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return failure(403)


def on_too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return failure(413)


def on_bug(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("request failed", path=request.path, exc_info=error)
    return failure(500)


HANDLERS: dict[type[Exception], Callable[..., HttpResponse]] = {
    errors.HttpError: on_refusal,
    errors.AuthenticationError: on_unknown_caller,
    errors.Throttled: on_too_often,
    errors.ValidationError: on_wrong_shape,
    ValidationError: on_wrong_values,
    Http404: on_missing,
    PermissionDenied: on_forbidden,
    RequestDataTooBig: on_too_big,
    Exception: on_bug,
}
