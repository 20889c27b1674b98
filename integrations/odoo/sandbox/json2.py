"""`POST /json/2/<model>/<method>` of Odoo 19: named arguments in, the bare result or an error object out."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from integrations.standin.wire import Reply

from .env import Env
from .errors import AccessError, OdooError, wrap
from .methods import bind, find_method
from .orm import Model
from .service import Call, Service
from .wire import Request, html

_HINT = "Did you mean POST /json/2/<model>/<method>?"
_NO_DATABASE = "No database is selected and the requested URL was not found in the server-wide controllers."
_NO_KEY = "User not authenticated, use an API Key with a Bearer Authorization header."
_NOT_JSON = "Request inferred type is compatible with 'json' only."


class HttpError(OdooError):
    """A refusal of the web layer, under werkzeug's class names."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status, self.name = status, f"werkzeug.exceptions.{name}"


def read_request(service: Service, path: str, headers: Mapping[str, str], body: bytes) -> Request:
    method = path.rstrip("/").rpartition("/")[2]
    return Request(method, lambda: _answer(service, path, headers, body))


def not_a_call() -> Reply:
    return _error(HttpError(404, "NotFound", _HINT))


def _answer(service: Service, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
    if "json" not in headers.get("content-type", ""):
        return html(415, "Unsupported Media Type", _NOT_JSON)
    if headers.get("x-odoo-database", service.db.name) != service.db.name:
        return html(404, "Not Found", _NO_DATABASE)
    try:
        return Reply(json.dumps(_run(service, path, headers, body)).encode())
    except Exception as error:
        return _error(wrap(error))


def _run(service: Service, path: str, headers: Mapping[str, str], body: bytes) -> Any:
    parts = path.removeprefix("/json/2/").split("/")
    if len(parts) != 2 or not all(parts):
        raise HttpError(404, "NotFound", _HINT)
    uid = _authenticate(service, headers.get("authorization", ""))
    given = _parse(body)
    env = service.env(uid, given.pop("context", None))
    model, name = parts
    if model not in service.db.schema:
        raise HttpError(404, "NotFound", f"the model {model!r} does not exist")
    service.note(env, model, name)
    result = service.perform(_call(env, model, name, given))
    return [result] if name == "create" and not isinstance(result, list) else result


def _authenticate(service: Service, authorization: str) -> int:
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise HttpError(401, "Unauthorized", _NO_KEY)
    if not (uid := service.users.check(key.strip())):
        raise HttpError(401, "Unauthorized", "Invalid apikey")
    return uid


def _parse(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except ValueError as error:
        raise HttpError(400, "BadRequest", f"could not parse the body as json: {error}") from error
    return given if isinstance(given, dict) else {}


def _call(env: Env, model: str, name: str, given: dict[str, Any]) -> Call:
    method, on_records = _find(env, model, name)
    if not on_records and "ids" in given:
        raise _unprocessable(f"cannot call {model}.{name} with ids")
    args = [given.pop("ids", [])] if on_records else []
    try:
        return Call(Model(env, model), name, method, bind(method, args, given))
    except TypeError as error:
        raise _unprocessable(str(error)) from error


def _find(env: Env, model: str, name: str) -> tuple[Callable[..., Any], bool]:
    try:
        return find_method(env, model, name)
    except AccessError:
        raise
    except OdooError as error:
        raise HttpError(404, "NotFound", error.message) from error


def _unprocessable(message: str) -> HttpError:
    return HttpError(422, "UnprocessableEntity", message)


def _error(error: OdooError) -> Reply:
    told = {"name": error.name, "message": error.message, "arguments": [error.message], "context": {}}
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return Reply(json.dumps({**told, "debug": error.debug}).encode(), error.status, headers=headers)
