"""`/xmlrpc/2/common` and `/xmlrpc/2/object`: every answer is HTTP 200, a failure is a fault inside it."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xmlrpc.client import Fault, dumps, loads

from integrations.standin.wire import Reply

from .env import Env
from .errors import CrashError, OdooError, wrap
from .methods import bind, find_method
from .orm import Model
from .service import Call, Service
from .wire import Request, version_info

# XML cannot carry them; Odoo leaves them out of its answers.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def read_request(service: Service, which: str, body: bytes) -> Request:
    """A call of the service `which` ("common" or "object")."""
    try:
        params, method = loads(body)
    except Exception as error:
        crash = _crash(error)
        return Request("", lambda: _fault(crash))
    if which == "common":
        return Request(str(method), lambda: _answer(lambda: _common(service, str(method), params)))
    name = str(params[4]) if len(params) > 4 else ""
    return Request(name, lambda: _answer(lambda: _object(service, str(method), params)))


def _answer(run: Callable[[], Any]) -> Reply:
    """Marshalled after the commit: a None crashes a call whose work was done."""
    try:
        return _xml(dumps((run(),), methodresponse=True))
    except Exception as error:
        return _fault(wrap(error))


def _fault(error: OdooError) -> Reply:
    return _xml(dumps(Fault(error.code, error.fault), methodresponse=True))


def _xml(text: str) -> Reply:
    return Reply(_CONTROL.sub("", text).encode(), content_type="text/xml; charset=utf-8")


def _crash(error: Exception) -> CrashError:
    kind = type(error)
    module = "xml.parsers.expat" if kind.__name__ == "ExpatError" else kind.__module__
    return CrashError(f"{module}.{kind.__name__}", str(error))


def _common(service: Service, method: str, params: Sequence[Any]) -> Any:
    if method == "version":
        info = version_info(service.db.major)
        series = f"{service.db.major}.0"
        told = {"server_version": series, "server_version_info": info, "server_serie": series}
        return {**told, "protocol_version": 1}
    if method in ("authenticate", "login"):
        database, login, key = params[:3]
        _check_database(service, database)
        return service.authenticate(login, key)
    raise CrashError("builtins.Exception", f"Method not found: {method}")


def _object(service: Service, method: str, params: Sequence[Any]) -> Any:
    if method not in ("execute_kw", "execute"):
        raise NameError(f"Method not available {method}")
    database, uid, key, model, name, *rest = params
    _check_database(service, database)
    args, kwargs = _arguments(method, rest)
    env = service.env(service.verify(uid, key), kwargs.pop("context", None))
    service.note(env, model, name)
    return service.perform(_call(env, model, name, args, kwargs))


def _arguments(method: str, rest: Sequence[Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    if method == "execute":
        return rest, {}
    args: Sequence[Any] = rest[0] if rest else []
    kwargs: Mapping[str, Any] = rest[1] if len(rest) > 1 else {}
    return args, dict(kwargs or {})


def _call(env: Env, model: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
    found = Model(env, model)
    method, on_records = find_method(env, model, name)
    if on_records and args:
        ids = args[0] if isinstance(args[0], list) else [args[0]]
        args = [ids, *args[1:]]
    return Call(found, name, method, bind(method, args, kwargs))


def _check_database(service: Service, database: Any) -> None:
    if database != service.db.name:
        reason = f'connection to server failed: FATAL:  database "{database}" does not exist'
        raise CrashError("psycopg2.OperationalError", reason)
