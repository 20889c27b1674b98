"""The methods a client may call on a model, with Odoo's own argument names.

Arguments are bound by signature, as Odoo does it, so that a wrong name or a missing one is reported alike.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import access, computed
from .domain import Domain
from .env import Env
from .errors import AccessError, CrashError
from .loading import Loader
from .orm import Model
from .store import Record

Method = Callable[..., Any]


def search(
    model: Model, domain: Domain, offset: int = 0, limit: int | None = None, order: str | None = None
) -> list[int]:
    return model.search(domain, offset=offset, limit=limit or None, order=order)


def search_read(
    model: Model,
    domain: Domain | None = None,
    fields: Sequence[str] | None = None,
    offset: int = 0,
    limit: int | None = None,
    order: str | None = None,
    load: str | None = "_classic_read",
) -> list[Record]:
    ids = model.search(domain or [], offset=offset, limit=limit or None, order=order)
    return model.read(ids, fields, plain=load is None)


def search_count(model: Model, domain: Domain, limit: int | None = None) -> int:
    return len(model.search(domain, limit=limit))


def create(model: Model, vals_list: Any) -> Any:
    if isinstance(vals_list, list):
        return [model.create(vals) for vals in vals_list]
    return model.create(vals_list)


def name_create(model: Model, name: str) -> list[Any]:
    record = model.create({"title" if model.name == "utm.campaign" else "name": name})
    return [record, computed.display_name(model.env, model.name, model.rows[record])]


def load(model: Model, fields: Sequence[str], data: Sequence[Sequence[Any]]) -> Record:
    return Loader(model.env, model, fields).run(data)


def fields_get(model: Model, allfields: Sequence[str] | None = None, attributes: Sequence[str] | None = None) -> Record:
    found = {name: model.fields[name].describe() for name in allfields or model.fields if name in model.fields}
    if not attributes:
        return found
    return {name: {k: v for k, v in told.items() if k in attributes} for name, told in found.items()}


def check_access_rights(model: Model, operation: str, raise_exception: bool = True) -> bool:
    if raise_exception:
        access.check(model.env, model.name, operation)
    return access.allowed(model.env, model.name, operation)


def context_get(model: Model) -> Record:
    user = model.env.user
    return {"lang": user.get("lang", False), "tz": user.get("tz", False), "uid": model.env.uid}


def read(
    model: Model, ids: list[int], fields: Sequence[str] | None = None, load: str | None = "_classic_read"
) -> list[Record]:
    return model.read(ids, fields, plain=load is None)


def write(model: Model, ids: list[int], vals: Mapping[str, Any]) -> bool:
    model.write(ids, vals)
    return True


def unlink(model: Model, ids: list[int]) -> bool:
    model.unlink(ids)
    return True


def has_access(model: Model, ids: list[int], operation: str) -> bool:
    rows = [model.rows[record_id] for record_id in ids if record_id in model.rows]
    seen = all(access.visible(model.env, model.name, row) for row in rows)
    return seen and access.allowed(model.env, model.name, operation)


def _set_state(state: str) -> Method:
    def action(model: Model, ids: list[int]) -> None:
        """Does its work and returns None, which XML-RPC cannot carry: the caller sees a fault."""
        model.write(ids, {"state": state})

    return action


_ON_MODEL: dict[str, Method] = {
    method.__name__: method
    for method in (
        search,
        search_read,
        search_count,
        create,
        name_create,
        load,
        fields_get,
        check_access_rights,
    )
}
_ON_RECORDS: dict[str, Method] = {method.__name__: method for method in (read, write, unlink)}
_REGISTRATION_ACTIONS = {
    "action_confirm": _set_state("open"),
    "action_set_done": _set_state("done"),
    "action_cancel": _set_state("cancel"),
    "action_set_draft": _set_state("draft"),
}


def find_method(env: Env, model: str, name: str) -> tuple[Method, bool]:
    """The method and whether it takes ids; private and unknown ones are refused."""
    if name.startswith("_"):
        raise AccessError(f"Private methods (such as {name}) cannot be called remotely.")
    if name in _ON_MODEL:
        return _ON_MODEL[name], False
    if name == "context_get" and model == "res.users":
        return context_get, False
    on_records = _ON_RECORDS | ({"has_access": has_access} if env.modern else {})
    on_records |= _REGISTRATION_ACTIONS if model == "event.registration" else {}
    if name in on_records:
        return on_records[name], True
    raise _no_method(env, model, name)


def bind(method: Method, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by name; raises TypeError with the words of Python, which are also Odoo's."""
    return inspect.signature(method).bind(None, *args, **kwargs).arguments


def _no_method(env: Env, model: str, name: str) -> CrashError:
    if env.modern:
        return CrashError("builtins.AttributeError", f"The method '{model}.{name}' does not exist")
    return CrashError("builtins.AttributeError", f"type object '{model}' has no attribute '{name}'")
