"""The records a fresh Odoo comes with, as far as a client meets them."""

from typing import Any

from .env import Database, now

_SOURCES = "Search engine|Lead Recall|Newsletter|Facebook|{bird}|LinkedIn|Monster|Glassdoor|Craigslist|Lost"
_MEDIUMS = "Website|Phone|Direct|Email|Banner|{bird}|Facebook|LinkedIn|Television|Google Adwords"
_STAGES = {"New": False, "Qualified": False, "Proposition": False, "Won": True}
_NAMED = {
    "crm.team": "Sales|Website",
    "event.stage": "New|Booked|Announced|Ended|Cancelled",
    "event.tag.category": "Age|Activity",
    "product.category": "All|Saleable|Expenses",
    "res.company": "My Company",
    "res.country": "Belgium|France|Netherlands",
    "res.currency": "EUR|USD",
    "uom.uom": "Units|Hours|Days",
    "utm.stage": "New|Schedule|Design|Sent",
}
_LANGUAGES = {"en_US": "English (US)", "de_DE": "German / Deutsch"}
_INSTALLED = ("base", "contacts", "crm", "event", "event_crm", "mail", "product", "sales_team", "utm", "web")
_ABSENT = ("account", "calendar_sms", "sale", "website_sale")


def seed(db: Database) -> None:
    """Fill an empty database; the modules are told anew each time, for they follow the options."""
    with db.store.transaction():
        if not db.store.table("res.users"):
            _fill(db)
        if not db.store.table("res.lang"):
            for code, name in _LANGUAGES.items():
                _put(db, "res.lang", name=name, code=code, active=True)
        _modules(db)


def _fill(db: Database) -> None:
    bird = "X" if db.major >= 19 else "Twitter"
    for name in _SOURCES.format(bird=bird).split("|"):
        _put(db, "utm.source", name=name)
    for name in _MEDIUMS.format(bird=bird).split("|"):
        _put(db, "utm.medium", name=name, active=True)
    for name, is_won in _STAGES.items():
        _put(db, "crm.stage", name=name, is_won=is_won)
    for model, names in _NAMED.items():
        for name in names.split("|"):
            _put(db, model, name=name, active=True)
    _people(db)
    if db.major < 19:
        for name in ("Conference", "Exhibition", "Training", "Online"):
            _put(db, "event.type", name=name, auto_confirm=True)


def _people(db: Database) -> None:
    for name, login in (("OdooBot", "__system__"), ("Mitchell Admin", "admin")):
        active = login == "admin"
        partner = _put(db, "res.partner", name="My Company" if not active else name, active=True, type="contact")
        everything = ["base.group_system", "sales_team.group_sale_manager", "event.group_event_manager"]
        user: dict[str, Any] = {"name": name, "login": login, "partner_id": partner, "groups": everything}
        _put(db, "res.users", active=active, tz=False, lang="en_US", **user)


def _modules(db: Database) -> None:
    for row in list(db.store.table("ir.module.module").values()):
        db.store.drop("ir.module.module", row["id"])
    states = dict.fromkeys(_INSTALLED, "installed") | dict.fromkeys(_ABSENT, "uninstalled")
    for module in ("website", "website_event"):
        states[module] = "installed" if db.website_event else "uninstalled"
    for number, (name, state) in enumerate(sorted(states.items()), 1):
        db.store.put("ir.module.module", {"id": number, "name": name, "shortdesc": name, "state": state})


def _put(db: Database, model: str, **values: Any) -> int:
    record_id = db.store.next_id(model)
    db.store.put(model, {"id": record_id, "create_date": now(), "write_date": now(), **values})
    return record_id
