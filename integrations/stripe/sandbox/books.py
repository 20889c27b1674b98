"""The records of one mode, live or test, as one request sees and changes them."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from integrations.standin.store import Record, Store

from .errors import no_such

VERSION = "2026-10-28.endive"
ACCOUNT = "acct_1SandboxMagnetiq"
# {table: (prefix of its ids, its name in messages)}
KINDS = {
    "payment_intents": ("pi", "payment_intent"),
    "charges": ("ch", "charge"),
    "refunds": ("re", "refund"),
    "disputes": ("du", "dispute"),
    "payment_methods": ("pm", "PaymentMethod"),
    "events": ("evt", "event"),
    "webhook_endpoints": ("we", "webhook endpoint"),
    "balance_transactions": ("txn", "balance transaction"),
}


class Clock:
    """The stand-in's time; tests put it forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> int:
        """Seconds since 1970."""
        return int(time.time() + self.ahead)

    def advance(self, seconds: float) -> None:
        self.ahead += seconds


@dataclass(frozen=True)
class Origin:
    """Which request something happened in; empty when the stand-in's operator or the time did it.

    `payer` says that it came with the publishable key, from a browser.
    """

    request: str | None = None
    key: str | None = None
    payer: bool = False


@dataclass
class Account:
    """What the stand-in is made of. `settle_after` seconds debits and refunds are pending no more; None: when told."""

    store: Store
    clock: Clock
    url: str = ""
    settle_after: float | None = None
    later: Callable[[str, str], None] = field(default=lambda kind, record_id: None)  # told what is pending now

    @contextmanager
    def books(self, *, live: bool, origin: Origin | None = None) -> Iterator["Books"]:
        """One transaction."""
        with self.store.transaction():
            yield Books(self, live, origin or Origin())


@dataclass(frozen=True)
class Books:
    """Within a transaction of the store."""

    account: Account
    live: bool
    origin: Origin

    @property
    def now(self) -> int:
        return self.account.clock.now()

    def new_id(self, table: str) -> str:
        return f"{KINDS[table][0]}_{secrets.token_hex(12)}"

    def get(self, table: str, record_id: str, param: str | None = None) -> Record:
        """Raises ApiError; `param` says where the id was given, None: in the address."""
        record = self.account.store.table(table).get(record_id)
        if record is not None and self.is_ours(record):
            return record
        other = ("test" if self.live else "live") if record else ""
        raise no_such(KINDS[table][1], record_id, param=param, other_mode=other)

    def rows(self, table: str, **fields: Any) -> list[Record]:
        """Newest first, those whose fields are as given."""
        return [
            row
            for row in self.account.store.newest(table)
            if self.is_ours(row) and all(row.get(name) == value for name, value in fields.items())
        ]

    def is_ours(self, record: Record) -> bool:
        return bool(record.get("livemode", record.get("_live")) == self.live)

    def put(self, table: str, record: Record, **changes: Any) -> Record:
        return self.account.store.put(table, {**record, **changes})

    def tell(self, kind: str, record: Record, previous: Record | None = None, **envelope: Any) -> Record:
        """Write an event with the record as it is now, and owe it to every endpoint that asked for its kind.

        `envelope` are further fields of the event.
        """
        data: dict[str, Any] = {"object": public(record)}
        if previous is not None:
            data["previous_attributes"] = {k: v for k, v in previous.items() if v != record.get(k)}
        endpoints = [row for row in self.rows("webhook_endpoints", status="enabled") if _wants(row, kind)]
        event = {
            "id": self.new_id("events"),
            "object": "event",
            "api_version": VERSION,
            "created": self.now,
            "data": data,
            "livemode": self.live,
            "pending_webhooks": len(endpoints),
            "request": {"id": self.origin.request, "idempotency_key": self.origin.key},
            "type": kind,
            **envelope,
        }
        for endpoint in endpoints:
            owe(self.account.store, event, endpoint)
        return self.put("events", event)


def owe(store: Store, event: Record, endpoint: Record) -> Record:
    """A delivery yet to be made; `new` until a fault had its chance."""
    delivery = {
        "id": f"dl_{secrets.token_hex(12)}",
        "event": event["id"],
        "endpoint": endpoint["id"],
        "state": "new",
        "attempts": 0,
        "answer": "",
    }
    return store.put("deliveries", delivery)


def public(record: Record) -> Record:
    """Without what is only ours, which starts with an underscore."""
    return {name: value for name, value in record.items() if not name.startswith("_")}


def _wants(endpoint: Record, kind: str) -> bool:
    return bool({"*", kind} & set(endpoint["enabled_events"]))
