"""What single models do beyond storing their fields: defaults and what happens before a record is saved."""

import re
from collections.abc import Callable
from typing import Any

from .env import Env
from .errors import MissingError, SeatsError, ValidationError
from .store import Record

Prepare = Callable[[Env, Record | None, Record, set[str]], None]

# Two names of one column.
ALIASES = {"website_published": "is_published"}
CONFIRMED = ("open", "done")


def defaults(env: Env, model: str) -> Record:
    """What Odoo fills in when the caller says nothing."""
    filled: Record = {"active": True} if "active" in env.fields(model) else {}
    if model == "crm.lead":
        filled |= {
            "type": "opportunity",
            "user_id": env.uid,
            "team_id": 1,
            "stage_id": 1,
            "probability": 10.0,
        }
        filled["priority"] = "0"
    elif model == "event.event":
        filled |= {"user_id": env.uid, "organizer_id": 1, "address_id": 1, "stage_id": 1, "company_id": 1}
        filled |= {"date_tz": env.user.get("tz") or "UTC", "kanban_state": "normal", "auto_confirm": False}
        filled |= {"badge_format": "A6", "website_visibility": "public"}
    elif model == "utm.campaign":
        filled |= {"stage_id": 1, "user_id": env.uid}
    elif model == "product.template":
        filled |= {"type": "consu", "detailed_type": "consu", "service_tracking": "no", "list_price": 1.0}
        filled |= {
            "currency_id": 1,
            "uom_id": 1,
            "uom_po_id": 1,
            "categ_id": False if env.modern else 1,
            "sale_ok": True,
        }
    elif model == "res.partner":
        filled |= {"type": "contact"}
    return {name: value for name, value in filled.items() if name in env.fields(model)}


def prepare(env: Env, model: str, old: Record | None, new: Record, given: set[str]) -> None:
    """Complete or refuse a record about to be saved; `old` is None on creation, `given` what the caller set."""
    if hook := _PREPARE.get(model):
        hook(env, old, new, given)


def _lead(env: Env, old: Record | None, new: Record, given: set[str]) -> None:
    if (website := new.get("website")) and "://" not in website:
        new["website"] = f"http://{website}"
    if "stage_id" in given and env.rows("crm.stage").get(new["stage_id"], {}).get("is_won"):
        new["probability"] = 100.0


def _unique_name(model: str) -> Prepare:
    def rename(env: Env, old: Record | None, new: Record, given: set[str]) -> None:
        if old is None and new.get("name"):
            new["name"] = _free_name(new["name"], {row["name"] for row in env.rows(model).values()})

    return rename


def _free_name(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    base = re.sub(r" \[\d+\]$", "", name)
    number = 2
    while f"{base} [{number}]" in taken:
        number += 1
    return f"{base} [{number}]"


def _campaign(env: Env, old: Record | None, new: Record, given: set[str]) -> None:
    if old is None:
        new["title"] = new.get("title") or new.get("name")
        new["name"] = new.get("name") or new["title"]
        _unique_name("utm.campaign")(env, old, new, given)


def _crm_tag(env: Env, old: Record | None, new: Record, given: set[str]) -> None:
    for other in env.rows("crm.tag").values():
        if other["id"] != new["id"] and other["name"] == new.get("name"):
            end = "exists!" if env.modern else "exists !"
            raise ValidationError(f"The operation cannot be completed: Tag name already {end}")


def _event(env: Env, old: Record | None, new: Record, given: set[str]) -> None:
    if new.get("date_begin") and new.get("date_end") and new["date_end"] < new["date_begin"]:
        raise ValidationError("The closing date cannot be earlier than the beginning date.")
    if event_type := new.get("event_type_id"):
        template = env.rows("event.type").get(event_type)
        if template is None:
            raise MissingError("event.type", event_type, env.uid)
        if "event_type_id" in given and "auto_confirm" in env.fields("event.event"):
            new["auto_confirm"] = bool(template.get("auto_confirm"))
    if old is None and "event_mail_ids" not in given:
        new["event_mail_ids"] = [_schedule(env, new["id"], unit) for unit in ("now", "hours", "days")]


def _schedule(env: Env, event: int, unit: str) -> int:
    """One of the letters a new event sends to its attendees unless it is created without."""
    schedule = env.db.store.next_id("event.mail")
    row = {"id": schedule, "event_id": event, "interval_type": unit, "interval_nbr": 1}
    env.db.store.put("event.mail", row)
    return schedule


def _registration(env: Env, old: Record | None, new: Record, given: set[str]) -> None:
    event = env.rows("event.event").get(new.get("event_id") or 0)
    if old is None:
        new["state"] = new.get("state") or _first_state(env, event)
        _fill_from_partner(env, new)
    confirms = new["state"] in CONFIRMED and (old is None or old["state"] not in CONFIRMED)
    # 16 checks a creation only when it confirms by itself, never when it is told the state.
    unchecked = old is None and not env.modern and "state" in given
    if event and confirms and not unchecked:
        _check_seats(env, event, new)


def _first_state(env: Env, event: Record | None) -> str:
    return "open" if env.modern or (event or {}).get("auto_confirm") else "draft"


def _fill_from_partner(env: Env, new: Record) -> None:
    partner: Record = env.rows("res.partner").get(new.get("partner_id") or 0, {})
    for name in ("name", "email", "phone"):
        new[name] = new.get(name) or partner.get(name) or False


def _check_seats(env: Env, event: Record, new: Record) -> None:
    if not (event.get("seats_limited") and event.get("seats_max")):
        return
    missing = count_seats(env, event, CONFIRMED, beside=new["id"]) + 1 - event["seats_max"]
    if missing <= 0:
        return
    name = event["name"]
    if env.modern:
        told = f"There are not enough seats available for {name}:\n{name}: missing {missing} seat(s)"
    else:
        told = f'There are not enough seats available for:\n- "{name}": Missing {missing} seats.'
    raise SeatsError(told)


def count_seats(env: Env, event: Record, states: tuple[str, ...], *, beside: Any = None) -> int:
    return sum(
        row["event_id"] == event["id"] and row["state"] in states and row["active"] and row["id"] != beside
        for row in env.rows("event.registration").values()
    )


_PREPARE: dict[str, Prepare] = {
    "crm.lead": _lead,
    "crm.tag": _crm_tag,
    "event.event": _event,
    "event.registration": _registration,
    "utm.campaign": _campaign,
    "utm.medium": _unique_name("utm.medium"),
    "utm.source": _unique_name("utm.source"),
}
