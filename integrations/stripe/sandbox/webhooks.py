"""Events on their way to the endpoints: signed, tried again until they are taken, and late or twice on request."""

import http.client
import json
import random
import time
from collections.abc import Iterable
from hashlib import sha256
from hmac import HMAC
from typing import Any
from urllib.parse import urlsplit

from integrations.standin.store import Record

from .books import Account, Books, Origin, owe
from .clerk import Clerk
from .faults import Faults

WAITS = (0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)  # seconds between tries; the real ones take three days
TIMEOUT = 20  # seconds
SENDERS = 4


class Webhooks:
    """Deliveries are records: {event, endpoint, state, attempts, answer}; a state is new, pending, delivered, failed
    (given up), held or dropped. `waits` may be set.
    """

    def __init__(self, account: Account, faults: Faults) -> None:
        self._account, self._faults = account, faults
        self._clerk = Clerk(SENDERS)
        self.waits: tuple[float, ...] = WAITS

    def start(self) -> None:
        """Take up what an earlier run left."""
        self._clerk.start()
        for row in reversed(self._account.store.newest("deliveries")):
            if row["state"] in ("new", "pending"):
                self._later(row["id"])

    def close(self) -> None:
        self._clerk.close()

    def wait_idle(self, timeout: float = 60) -> bool:
        """Whether all that is not held was delivered or given up within so many seconds."""
        return self._clerk.wait_idle(timeout)

    def committed(self, touched: Iterable[tuple[str, str]]) -> None:
        """Send what has come to be owed."""
        for name, record_id in touched:
            row = self._account.store.table(name).get(record_id) if name == "deliveries" else None
            if row and row["state"] == "new":
                self._dispatch(row)

    def release(self, *, shuffled: bool = False, seed: int = 0) -> int:
        """Send what was held, in order or not; how many."""
        with self._account.store.lock:
            held = [row for row in reversed(self._account.store.newest("deliveries")) if row["state"] == "held"]
        if shuffled:
            random.Random(seed).shuffle(held)  # noqa: S311
        for row in held:
            self._put(row, state="pending")
            self._later(row["id"])
        return len(held)

    def resend(self, event_id: str) -> int:
        """Send an event again to every endpoint of its mode; how many."""
        with self._account.store.transaction():
            event = self._account.store.table("events")[event_id]
            endpoints = Books(self._account, event["livemode"], Origin()).rows("webhook_endpoints", status="enabled")
            for endpoint in endpoints:
                owe(self._account.store, event, endpoint)
        return len(endpoints)

    def _dispatch(self, row: Record) -> None:
        kind = self._account.store.table("events")[row["event"]]["type"]
        if self._faults.take("webhook_drop", kind):
            self._put(row, state="dropped")
        elif self._faults.take("webhook_hold", kind):
            self._put(row, state="held")
        else:
            self._put(row, state="pending")
            for _ in range(2 if self._faults.take("webhook_double", kind) else 1):
                delay = self._faults.take("webhook_delay", kind)
                self._later(row["id"], self._faults.up_to(delay.value) if delay else 0)

    def _later(self, delivery_id: str, after: float = 0) -> None:
        self._clerk.give(lambda: self._send(delivery_id), after=after)

    def _send(self, delivery_id: str) -> None:
        """One try, and the next one when it was in vain."""
        store = self._account.store
        row = store.table("deliveries")[delivery_id]
        event, endpoint = store.table("events")[row["event"]], store.table("webhook_endpoints").get(row["endpoint"])
        if endpoint is None:
            self._put(row, state="failed", answer="the endpoint is gone")
            return
        secrets = ["whsec_forged"] if self._faults.take("webhook_forge", event["type"]) else endpoint["_secrets"]
        taken, answer = post(endpoint["url"], {**event, "api_version": endpoint["api_version"]}, secrets)
        row = self._settled(delivery_id, taken=taken, answer=answer)
        if row["state"] == "pending":
            self._later(delivery_id, self.waits[row["attempts"] - 1])

    def _settled(self, delivery_id: str, *, taken: bool, answer: str) -> Record:
        """The delivery after a try. Sent twice, it is delivered when one of them was taken."""
        store = self._account.store
        with store.transaction():
            row = store.table("deliveries")[delivery_id]
            event = store.table("events")[row["event"]]
            if taken and row["state"] != "delivered":
                store.put("events", {**event, "pending_webhooks": max(event["pending_webhooks"] - 1, 0)})
            attempts = row["attempts"] + 1
            over = "failed" if attempts > len(self.waits) else "pending"
            state = "delivered" if taken or row["state"] == "delivered" else over
            return store.put("deliveries", {**row, "state": state, "attempts": attempts, "answer": answer})

    def _put(self, row: Record, **changes: Any) -> None:
        with self._account.store.transaction():
            self._account.store.put("deliveries", {**row, **changes})


def post(url: str, event: Record, secrets: list[str]) -> tuple[bool, str]:
    """Whether it was taken, and what the endpoint said."""
    body = json.dumps(event, indent=2).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": signature(body, secrets, int(time.time())),
    }
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.request("POST", parts.path or "/", body, headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return False, type(error).__name__
    finally:
        connection.close()
    return 200 <= status < 300, str(status)


def signature(body: bytes, secrets: list[str], now: int) -> str:
    """With each secret that is in use while one is rolled."""
    signed = f"{now}.".encode() + body
    macs = [HMAC(secret.encode(), signed, sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={now}", *(f"v1={mac}" for mac in macs)])
