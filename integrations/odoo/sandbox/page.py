"""A page for people: the leads of the stand-in, and switches for its faults."""

from collections.abc import Sequence
from html import escape
from typing import Any

from integrations.standin.page import document, switches

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
SWITCHES = {
    "Refuse": {"fault": "refuse"},
    "502": {"fault": "status", "value": "502"},
    "Slow (5 s)": {"fault": "slow", "value": "5"},
    "Real pace": {"fault": "pace", "value": "7"},
    "Cut before": {"fault": "cut_before"},
    "Cut after commit": {"fault": "cut_after"},
    "Conflict": {"fault": "conflict"},
}
_STYLE = """
body { max-width: 82rem } table { font-size: 13px } td:nth-child(4) { min-width: 15rem }
"""


def render(service: Service, leads: Sequence[Record], *, total: int) -> str:
    """The whole page; `leads` are the newest ones, many2ones as [id, name]."""
    db = service.db
    extra = " with website_event" if db.website_event else ""
    return document(
        "Odoo stand-in",
        f"""<h1>Odoo {db.major}.0 stand-in <small>{escape(db.name)}{extra}</small></h1>
<p>{switches(service.faults, SWITCHES)}</p>
<h2>{total} leads</h2>
<div class="scroll"><table>
<tr>{"".join(f"<th>{title}</th>" for title in COLUMNS.values())}</tr>
{"".join(_row(lead) for lead in leads)}
</table></div>""",
        _STYLE,
    )


def _row(lead: Record) -> str:
    cells = "".join(f"<td>{escape(_text(lead.get(name)))}</td>" for name in COLUMNS)
    return f'<tr class="{"" if lead["active"] else "off"}">{cells}</tr>\n'


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return str(value[1] if isinstance(value, list) and value else value or "")
