"""Fields that are worked out when they are read."""

from collections.abc import Callable
from email.utils import parseaddr
from typing import Any

from .behaviour import CONFIRMED, count_seats
from .env import Env
from .store import Record

Compute = Callable[[Env, Record], Any]


def find_compute(model: str, name: str) -> Compute | None:
    return _COMPUTED.get((model, name)) or _EVERYWHERE.get(name)


def display_name(env: Env, model: str, record: Record) -> str:
    if model == "res.partner" and record.get("company_name"):
        return f"{record['company_name']}, {record['name']}"
    name = record.get("title") if model == "utm.campaign" else record.get("name")
    return str(name or record.get("email") or f"{model},{record['id']}")


def _email_normalized(env: Env, record: Record) -> Any:
    address = parseaddr(record.get("email_from") or record.get("email") or "")[1].lower()
    return address if "@" in address else False


def _won_status(env: Env, record: Record) -> str:
    stage: Record = env.rows("crm.stage").get(record.get("stage_id") or 0, {})
    if stage.get("is_won") and record.get("probability") == 100:
        return "won"
    return "pending" if record["active"] or record.get("probability") else "lost"


def _seats(*states: str) -> Compute:
    return lambda env, event: count_seats(env, event, states)


def _seats_available(env: Env, event: Record) -> int:
    if not (event.get("seats_limited") and event.get("seats_max")):
        return 0
    return int(event["seats_max"]) - count_seats(env, event, CONFIRMED)


def _address_inline(env: Env, event: Record) -> str:
    address = env.rows("res.partner").get(event.get("address_id") or 0)
    return display_name(env, "res.partner", address) if address else ""


_EVERYWHERE: dict[str, Compute] = {"__last_update": lambda env, record: record.get("write_date", False)}
_COMPUTED: dict[tuple[str, str], Compute] = {
    ("crm.lead", "email_normalized"): _email_normalized,
    ("crm.lead", "won_status"): _won_status,
    ("event.event", "address_inline"): _address_inline,
    ("event.event", "seats_available"): _seats_available,
    ("event.event", "seats_reserved"): _seats("open"),
    ("event.event", "seats_taken"): _seats(*CONFIRMED),
    ("event.event", "seats_unconfirmed"): _seats("draft"),
    ("event.event", "seats_used"): _seats("done"),
    ("res.partner", "email_normalized"): _email_normalized,
}
