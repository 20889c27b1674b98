"""A page for people: the leads of the stand-in, and switches for its faults."""

from collections.abc import Sequence
from html import escape
from typing import Any

from .faults import KINDS
from .service import Service
from .store import Record

SHOWN = 200
COLUMNS = {
    "id": "Id",
    "name": "Lead",
    "contact_name": "Contact",
    "email_from": "Email",
    "partner_name": "Company",
    "stage_id": "Stage",
    "source_id": "Source",
    "medium_id": "Medium",
    "campaign_id": "Campaign",
    "active": "Active",
}
# What each button asks for.
_SWITCHES = {
    "Refuse": ("refuse", ""),
    "502": ("status", "502"),
    "Slow (5 s)": ("slow", "5"),
    "Real pace": ("pace", "7"),
    "Cut before": ("cut_before", ""),
    "Cut after commit": ("cut_after", ""),
    "Conflict": ("conflict", ""),
}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 82rem; padding: 0 1rem; color: #222 }
h1 { font-size: 1.4rem } small { color: #666 } table { border-collapse: collapse; width: 100% }
table { font-size: 13px } td:nth-child(4) { min-width: 15rem; overflow-wrap: anywhere }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top }
form { display: inline } button { font: inherit; margin: 0 .3rem .3rem 0; padding: .2rem .7rem }
.on { background: #b3261e; color: #fff; border-color: #b3261e } .off td { color: #888 }
"""


def render(service: Service, leads: Sequence[Record], *, total: int) -> str:
    """The whole page; `leads` are the newest ones, many2ones as [id, name]."""
    db = service.db
    extra = " with website_event" if db.website_event else ""
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Odoo stand-in</title><link rel="icon" href="data:,">
<style>{_STYLE}</style>
<h1>Odoo {db.major}.0 stand-in <small>{escape(db.name)}{extra}</small></h1>
<p>{_switches(service)}</p>
<h2>{total} leads</h2>
<table>
<tr>{"".join(f"<th>{title}</th>" for title in COLUMNS.values())}</tr>
{"".join(_row(lead) for lead in leads)}
</table>
</html>
"""


def _switches(service: Service) -> str:
    in_force = {fault["fault"]: fault for fault in service.faults.show()}
    buttons = [
        _button(label, {"fault": kind, "value": value}, "on" if kind in in_force else "", KINDS[kind])
        for label, (kind, value) in _SWITCHES.items()
    ]
    told = ", ".join(_words(fault) for fault in in_force.values()) or "none"
    return f"{''.join(buttons)}{_button('Clear all', {'clear': '1'})}<br>Faults in force: {escape(told)}"


def _words(fault: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" if key != "fault" else str(value) for key, value in fault.items())


def _button(label: str, values: dict[str, str], style: str = "", title: str = "") -> str:
    hidden = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in values.items())
    button = f'<button class="{style}" title="{escape(title)}">{label}</button>'
    return f'<form method="post" action="/sandbox/faults">{hidden}{button}</form>'


def _row(lead: Record) -> str:
    cells = "".join(f"<td>{escape(_text(lead.get(name)))}</td>" for name in COLUMNS)
    return f'<tr class="{"" if lead["active"] else "off"}">{cells}</tr>\n'


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return str(value[1] if isinstance(value, list) and value else value or "")
