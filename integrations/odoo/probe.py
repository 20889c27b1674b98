"""The test of an Odoo connection, in words that say what to do next."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from integrations import errors
from integrations.models import Connection, ExternalRecord
from integrations.service import ConnectionReport, Requirement
from webinars.models import Session

from . import mapping
from .client import OdooClient

if TYPE_CHECKING:
    from .service import OdooService

EVENTS_LOOKED_AT = 200  # the newest
MODULES = ("crm", "event", "website_event")
NEEDED = [("crm.lead", right) for right in ("create", "read", "write")]
# As soon as webinars are used and Odoo has events.
NEEDED_FOR_WEBINARS = [
    *((model, right) for model in ("event.event", "event.registration") for right in ("create", "read", "write")),
    ("res.partner", "create"),
    ("res.partner", "write"),
]
# What later promises need, or what we do without when it is missing: told, but no reason to stop.
USEFUL = [
    ("utm.source", "create"),
    ("utm.medium", "create"),
    ("utm.campaign", "create"),
    ("crm.tag", "create"),
    ("event.event", "create"),
    ("event.registration", "create"),
    ("res.partner", "create"),
]
FIELDS = (
    "name", "contact_name", "email_from", "phone", "partner_name", "website", "function", "description", "type",
    *mapping.RELATIONS,
)  # fmt: skip


def report(service: "OdooService") -> ConnectionReport:
    """Raises IntegrationError when there is no answer, or the credentials are refused."""
    client = service.client
    version, uid = client.version(), client.user_id()
    me = client.read("res.users", [uid], ["name", "login"])[uid]
    modules = installed(client)
    facts = {
        _("User"): f"{me['name']} ({me['login']})",
        _("Version"): f"Odoo {version}",
        _("Transport"): "JSON-2" if client.speaks_json else "XML-RPC",
        _("Modules"): ", ".join(name for name in MODULES if modules[name]) or _("none of ours"),
    }
    expires_at = key_expiry(client, uid)
    Connection.objects.filter(pk=service.connection.pk).update(expires_at=expires_at)
    if expires_at:
        days = (expires_at - timezone.now()).days
        facts[_("API key")] = _("%(days)s days left") % {"days": days}
    with_events = modules["event"] and Session.objects.exclude(status=Session.Status.DRAFT).exists()
    needed = [*NEEDED, *NEEDED_FOR_WEBINARS] if with_events else NEEDED
    problems = missing_modules(modules, ["crm"])
    if not problems:
        problems = missing_rights(client, needed)
    useful = [right for right in present(USEFUL, modules) if right not in needed]
    notes = missing_modules(modules, ["event"]) + missing_rights(client, useful)
    notes += [] if problems else missing_fields(service)
    notes += letters_of_odoo(service) if with_events and not problems else []
    found = {"modules": modules, "administrator": client.may("res.users", "create")}
    if found["administrator"]:
        notes.append(_("The user may administer this Odoo: one with fewer rights would do, and be safer."))
    summary = _("Connected to Odoo %(version)s as %(user)s.") % {"version": version, "user": me["name"]}
    if problems:
        summary = _("Connected, but something is missing.")
    return ConnectionReport(summary, facts=facts, problems=problems, notes=notes, found=found)


def requirements(report: dict[str, Any]) -> list[Requirement]:
    """What the last test must have found before going live."""
    found = report.get("found", {})
    test_first = "" if found else _("Only a test that gets through can tell: press “Test connection”.")
    return [
        Requirement(
            _("Odoo's module CRM is installed."),
            found.get("modules", {}).get("crm", False),
            test_first or _("Install the app CRM in Odoo."),
        ),
        Requirement(
            _("Odoo's user has the rights that leads need."),
            bool(found) and not report.get("problems"),
            test_first or _("Give the user the rights that the last test names, in Odoo under Settings, Users."),
        ),
        Requirement(
            _("Odoo's user is one of its own and no administrator."),
            found.get("administrator") is False,
            test_first or _("Make a user in Odoo with the rights Sales / User: All Documents and Events / User only."),
        ),
    ]


def installed(client: OdooClient) -> dict[str, bool]:
    rows = client.search_read("ir.module.module", [["name", "in", list(MODULES)]], ["name", "state"])
    states = {row["name"]: row["state"] for row in rows}
    return {name: states.get(name) == "installed" for name in MODULES}


def missing_modules(modules: dict[str, bool], needed: list[str]) -> list[str]:
    return [_("The module “%(name)s” is not installed in Odoo.") % {"name": n} for n in needed if not modules[n]]


def present(rights: list[tuple[str, str]], modules: dict[str, bool]) -> list[tuple[str, str]]:
    """Without rights on models whose module is missing: that is said already."""
    return [(m, r) for m, r in rights if (modules["event"] or not m.startswith("event.")) and
            (modules["crm"] or not m.startswith(("crm.", "utm.")))]  # fmt: skip


def missing_rights(client: OdooClient, rights: list[tuple[str, str]]) -> list[str]:
    said = _("The user lacks the right “%(right)s” on %(model)s (%(group)s).")
    return [
        said % {"right": right, "model": model, "group": group_for(model)}
        for model, right in rights
        if not client.may(model, right)
    ]


def group_for(model: str) -> str:
    """The group in Odoo that has the right, by its name there."""
    return "Events / User" if model.startswith("event.") else "Sales / User: All Documents"


def missing_fields(service: "OdooService") -> list[str]:
    lacking = sorted(set(FIELDS) - service.lead_records.known_fields())
    if not lacking:
        return []
    return [_("This Odoo has no such fields, they are left out: %(fields)s.") % {"fields": ", ".join(lacking)}]


def letters_of_odoo(service: "OdooService") -> list[str]:
    """Events of ours to which somebody added a mail schedule there: their attendees would hear of everything twice."""
    known = ExternalRecord.objects.filter(
        remote_system=service.remote_system, remote_model="event.event", gone_at=None
    ).order_by("-pk")
    ids = [int(remote_id) for remote_id in known.values_list("remote_id", flat=True)[:EVENTS_LOOKED_AT]]
    if not ids:
        return []
    wanted = [["id", "in", ids], ["event_mail_ids", "!=", False]]
    names = ", ".join(row["name"] for row in service.client.search_read("event.event", wanted, ["name"]))
    if not names:
        return []
    told = _("Odoo writes to the attendees, too: remove the communication of these events there: %(events)s.")
    return [told % {"events": names}]


def key_expiry(client: OdooClient, uid: int) -> datetime | None:
    """When the first of our user's keys ends (UTC); None where Odoo does not tell (16) or keys never end."""
    try:
        if "expiration_date" not in client.fields("res.users.apikeys"):
            return None
        rows: list[dict[str, Any]] = client.search_read(
            "res.users.apikeys", [["user_id", "=", uid]], ["expiration_date"]
        )
    except errors.Misconfigured:
        return None
    dates = [row["expiration_date"] for row in rows if row["expiration_date"]]
    return min((datetime.fromisoformat(date).replace(tzinfo=UTC) for date in dates), default=None)
