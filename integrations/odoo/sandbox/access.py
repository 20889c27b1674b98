"""Who may do what: groups, their rights per model, and the record rules a least-rights user meets."""

from typing import Any

from .env import Env
from .errors import AccessError
from .schema import model_title
from .store import Record

INTERNAL = "base.group_user"
SALES_OWN = "sales_team.group_sale_salesman"
SALES_ALL = "sales_team.group_sale_salesman_all_leads"
SALES_ADMIN = "sales_team.group_sale_manager"
EVENTS_USER = "event.group_event_user"
EVENTS_ADMIN = "event.group_event_manager"
CONTACTS = "base.group_partner_manager"
RIGHTS = "base.group_erp_manager"
SETTINGS = "base.group_system"

_NAMES = {
    INTERNAL: "User types/Internal User",
    SALES_OWN: "Sales/User: Own Documents Only",
    SALES_ALL: "Sales/User: All Documents",
    SALES_ADMIN: "Sales/Administrator",
    EVENTS_USER: "Events/User",
    EVENTS_ADMIN: "Events/Administrator",
    CONTACTS: "Extra Rights/Contact Creation",
    RIGHTS: "Administration/Access Rights",
    SETTINGS: "Administration/Settings",
}
_IMPLIED = {
    SALES_OWN: (INTERNAL,),
    SALES_ALL: (SALES_OWN,),
    SALES_ADMIN: (SALES_ALL,),
    EVENTS_USER: (INTERNAL,),
    EVENTS_ADMIN: (EVENTS_USER,),
    CONTACTS: (INTERNAL,),
    RIGHTS: (INTERNAL,),
    SETTINGS: (RIGHTS, CONTACTS),
}
_ALL, _KEEP, _READ = "read write create unlink", "read write create", "read"
_RIGHTS: dict[str, dict[str, str]] = {
    "crm.lead": {SALES_OWN: _KEEP, SALES_ADMIN: _ALL},
    "crm.stage": {INTERNAL: _READ, SALES_ADMIN: _ALL},
    "crm.tag": {SALES_OWN: _KEEP, SALES_ADMIN: _ALL},
    "crm.team": {INTERNAL: _READ, SALES_ADMIN: _ALL},
    "event.event": {EVENTS_USER: _KEEP, EVENTS_ADMIN: _ALL},
    "event.mail": {EVENTS_USER: _ALL},
    "event.registration": {EVENTS_USER: _KEEP, EVENTS_ADMIN: _ALL},
    "event.stage": {INTERNAL: _READ, EVENTS_ADMIN: _ALL},
    "event.tag": {EVENTS_USER: _KEEP, EVENTS_ADMIN: _ALL},
    "event.tag.category": {EVENTS_USER: _KEEP, EVENTS_ADMIN: _ALL},
    "event.type": {EVENTS_USER: _READ, EVENTS_ADMIN: _ALL},
    "ir.model.data": {RIGHTS: _ALL},
    "product.category": {INTERNAL: _READ, SETTINGS: _ALL},
    "product.template": {INTERNAL: _READ, SETTINGS: _ALL},
    "res.lang": {INTERNAL: _READ, SETTINGS: _ALL},
    "res.partner": {INTERNAL: _READ, CONTACTS: _ALL, SALES_OWN: _KEEP},
    "res.users": {INTERNAL: _READ, RIGHTS: _ALL},
    "utm.campaign": {INTERNAL: _KEEP, SETTINGS: _ALL},
    "utm.medium": {INTERNAL: _KEEP, SETTINGS: _ALL},
    "utm.source": {INTERNAL: _KEEP, SETTINGS: _ALL},
}
_ANYONE_READS = {INTERNAL: _READ}
_VERBS = {"read": "access", "write": "modify", "create": "create", "unlink": "delete"}


def groups_of(user: Record) -> set[str]:
    """A user's groups with all that they imply."""
    found: set[str] = set()
    waiting: list[Any] = [INTERNAL, *user["groups"]]
    while waiting:
        group = waiting.pop()
        found.add(group)
        waiting.extend(_IMPLIED.get(group, ()))
    return found


def allowed(env: Env, model: str, operation: str) -> bool:
    if env.superuser or operation not in _VERBS:
        return env.superuser
    return bool(groups_of(env.user).intersection(_granting(model, operation)))


def check(env: Env, model: str, operation: str) -> None:
    if not allowed(env, model, operation):
        raise AccessError(_refusal(model, operation))


def visible(env: Env, model: str, record: Record) -> bool:
    """Whether the record rules let this user see and change the record."""
    if env.superuser:
        return True
    if model == "res.users.apikeys":
        return bool(record["user_id"] == env.uid)
    if model == "crm.lead" and SALES_ALL not in groups_of(env.user):
        return record.get("user_id") in (env.uid, False, None)
    return True


def check_visible(env: Env, model: str, record: Record, operation: str) -> None:
    if visible(env, model, record):
        return
    rule = "Personal Leads" if model == "crm.lead" else "Users can only access their own keys"
    raise AccessError(
        f"Due to security restrictions, you are not allowed to {_VERBS[operation]} "
        f"'{model_title(model)}' ({model}) records.\n\n"
        f"Records: {record.get('name')} (id={record['id']})\nUser: {env.user['name']} (id={env.uid})\n\n"
        f"This restriction is due to the following rules:\n- {rule}\n\n"
        "Contact your administrator to request access if necessary."
    )


def _granting(model: str, operation: str) -> list[str]:
    rights = _RIGHTS.get(model, _ANYONE_READS)
    return [group for group, operations in rights.items() if operation in operations.split()]


def _refusal(model: str, operation: str) -> str:
    groups = sorted(_NAMES[group] for group in _granting(model, operation))
    listed = "".join(f"\n\t- {name}" for name in groups)
    allowed_to = f"This operation is allowed for the following groups:{listed}"
    return (
        f"You are not allowed to {_VERBS[operation]} '{model_title(model)}' ({model}) records.\n\n"
        f"{allowed_to if groups else 'No group currently allows this operation.'}\n\n"
        "Contact your administrator to request access if necessary."
    )
