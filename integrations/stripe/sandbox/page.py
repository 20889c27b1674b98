"""Pages for people: the payments, one payment with all that happened to it, and switches for faults."""

import json
from datetime import datetime
from html import escape

from integrations.standin.page import Html, button, document, hidden, switches, table, words
from integrations.standin.store import Record, Store

from .books import public
from .faults import Faults
from .money import words as money_words

SHOWN = 100
# What each button asks for.
SWITCHES = {
    "Refuse": {"fault": "refuse"},
    "429": {"fault": "status", "value": "429", "retry_after": "2"},
    "503": {"fault": "status", "value": "503"},
    "500, kept under the key": {"fault": "crash", "times": "1"},
    "Slow (5 s)": {"fault": "slow", "value": "5"},
    "Cut before": {"fault": "cut_before"},
    "Cut after commit": {"fault": "cut_after"},
    "Drop events": {"fault": "webhook_drop"},
    "Hold events": {"fault": "webhook_hold"},
    "Events late (10 s)": {"fault": "webhook_delay", "value": "10"},
    "Events twice": {"fault": "webhook_double"},
    "Forged events": {"fault": "webhook_forge"},
}


# --- all payments -----------------------------------------------------------------------------------------------------


def overview(store: Store, faults: Faults) -> str:
    """The newest first."""
    intents = store.newest("payment_intents")
    rows = [
        (_when(row), _link(row), _money(row), _state(store, row), row["description"] or words(row["metadata"]))
        for row in intents[:SHOWN]
    ]
    return document(
        "Stripe stand-in",
        f"""<h1>Stripe stand-in</h1>
<p>{switches(faults, SWITCHES)}</p>
<h2>{len(intents)} payments</h2>
{table(("When", "Payment", "Amount", "State", "For"), rows)}
{_endpoints(store)}
<h2>Newest events</h2>
{_events(store, store.newest("events")[:SHOWN], "/")}""",
    )


def _endpoints(store: Store) -> str:
    rows = [(row["url"], _mode(row)) for row in store.newest("webhook_endpoints")]
    held = sum(row["state"] == "held" for row in store.newest("deliveries"))
    release = button(f"Release {held} held events", "release", {})
    shuffled = button("Release them shuffled", "release", {"shuffled": "1"})
    return f"""<h2>Told of events</h2>
{table(("Address", "Mode"), rows)}
<form method="post" action="/sandbox/endpoints">
<input name="url" type="url" required size="50" aria-label="Address">
<button>Tell this one, too</button></form>
<p>{release + shuffled if held else ""}</p>"""


# --- one payment ------------------------------------------------------------------------------------------------------


def payment(store: Store, intent_id: str) -> str:
    """Empty when there is none."""
    intent = store.table("payment_intents").get(intent_id)
    if intent is None:
        return ""
    here = f"/payments/{intent_id}"
    refunds, disputes, charges = (
        [row for row in store.newest(table) if row["payment_intent"] == intent_id]
        for table in ("refunds", "disputes", "charges")
    )
    events = [row for row in store.newest("events") if _is_about(row, intent_id)]
    return document(
        intent_id,
        f"""<p><a href="/">All payments</a></p>
<h1>{_money(intent)} <small>{escape(_state(store, intent))}</small></h1>
<p>{intent_id}, {_when(intent)}, {_mode(intent)} mode. {escape(words(intent["metadata"]))}</p>
<p>{_what_to_do(intent, here)}</p>
<h2>Refunds</h2>
{table(("When", "Refund", "Amount", "State", ""), [_refund_row(row, here) for row in refunds])}
<h2>Disputes</h2>
{table(("When", "Dispute", "Amount", "State", ""), [_dispute_row(row, here) for row in disputes])}
<h2>Charges</h2>
{table(("When", "Charge", "Amount", "State", "With"), [_charge_row(row) for row in charges])}
<h2>Events</h2>
{_events(store, events, here)}
<details><summary>As the API tells it</summary><pre>{escape(json.dumps(public(intent), indent=2))}</pre></details>""",
    )


def _what_to_do(intent: Record, here: str) -> str:
    asked = {"id": intent["id"], "back": here}
    if intent["status"] == "processing":
        return button("The bank pays", "settle", {**asked, "ends": "succeeded"}) + button(
            "The bank refuses", "settle", {**asked, "ends": "failed"}
        )
    if intent["status"] != "succeeded":
        return ""
    amount = '<input name="amount" type="number" min="1" placeholder="all" aria-label="Amount, in the smallest unit">'
    return f"""<form method="post" action="/sandbox/refund">{hidden(asked)}{amount}<button>Refund</button></form>
{button("The payer disputes it", "dispute", asked)}"""


def _refund_row(row: Record, here: str) -> tuple[str, ...]:
    asked = {"id": row["id"], "back": here}
    fail = button("The bank sends it back", "settle", {**asked, "ends": "failed"})
    arrive = button("It arrives", "settle", {**asked, "ends": "succeeded"})
    buttons = {"pending": arrive + fail, "succeeded": fail}.get(row["status"], "")
    return _when(row), row["id"], _money(row), row["status"], Html(buttons)


def _dispute_row(row: Record, here: str) -> tuple[str, ...]:
    asked = {"id": row["id"], "back": here}
    ends = [button(f"Close it as {status}", "close_dispute", {**asked, "status": status}) for status in ("won", "lost")]
    buttons = "" if row["status"] in ("won", "lost") else "".join(ends)
    return _when(row), row["id"], _money(row), row["status"], Html(buttons)


def _charge_row(row: Record) -> tuple[str, ...]:
    kind = row["payment_method_details"]["type"]
    details = row["payment_method_details"][kind]
    failure = f"{row['status']} {row['failure_code'] or ''}"
    return _when(row), row["id"], _money(row), failure, f"{details.get('brand', kind)} …{details['last4']}"


def _is_about(event: Record, intent_id: str) -> bool:
    told = event["data"]["object"]
    return intent_id in (told["id"], told.get("payment_intent"))


# --- what both have ---------------------------------------------------------------------------------------------------


def _events(store: Store, events: list[Record], here: str) -> str:
    wanted = {row["id"] for row in events}
    deliveries: dict[str, list[str]] = {}
    for row in store.table("deliveries").values():
        if row["event"] in wanted:
            deliveries.setdefault(row["event"], []).append(f"{row['state']} {row['answer']}".strip())
    rows = [
        (
            _when(row),
            row["type"],
            row["id"],
            ", ".join(deliveries.get(row["id"], [])) or "nobody to tell",
            button("Send again", "resend", {"id": row["id"], "back": here}),
        )
        for row in events
    ]
    return table(("When", "Event", "Id", "Told", ""), rows)


def _state(store: Store, intent: Record) -> str:
    charge = store.table("charges").get(intent["latest_charge"] or "", {})
    back = charge.get("amount_refunded", 0)
    parts = [intent["status"].replace("_", " ")]
    parts += [f"{money_words(back, intent['currency'])} refunded"] if back else []
    parts += ["disputed"] if charge.get("disputed") else []
    return ", ".join(parts)


def _link(intent: Record) -> Html:
    return Html(f'<a href="/payments/{intent["id"]}">{intent["id"]}</a>')


def _money(row: Record) -> str:
    return money_words(row["amount"], row["currency"])


def _mode(row: Record) -> str:
    return "live" if row["livemode"] else "test"


def _when(row: Record) -> str:
    return f"{datetime.fromtimestamp(row['created']).astimezone():%d %b %H:%M:%S}"
