"""The stand-in as its users hold it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from integrations.standin.peer import StandIn
from integrations.standin.store import Record, Store

from . import charging, disputes, instruments, intents, refunds, shapes
from .api import Api, Caller
from .books import ACCOUNT, VERSION, Account, Books, Clock, Origin, public
from .clerk import Clerk
from .desk import Buttons, Desk
from .errors import Declined
from .faults import Fault, Faults
from .server import Front
from .webhooks import Webhooks

SECRET_KEY = "sk_test_sandboxOfMagnetiq0123456789"  # noqa: S105
PUBLISHABLE_KEY = "pk_test_sandboxOfMagnetiq0123456789"
LIVE_SECRET_KEY = "sk_live_sandboxOfMagnetiq0123456789"  # noqa: S105
LIVE_PUBLISHABLE_KEY = "pk_live_sandboxOfMagnetiq0123456789"
WEBHOOK_SECRET = "whsec_sandboxOfMagnetiq0123456789"  # noqa: S105
KEYS = {
    SECRET_KEY: Caller(live=False, payer=False),
    PUBLISHABLE_KEY: Caller(live=False, payer=True),
    LIVE_SECRET_KEY: Caller(live=True, payer=False),
    LIVE_PUBLISHABLE_KEY: Caller(live=True, payer=True),
}
Ending = Literal["succeeded", "failed"]


class StripeSandbox(StandIn):
    """A Stripe on loopback, in test mode and in live mode, each with records of its own.

    A context manager, or `start` and `stop`. Stopped and started again it keeps its port and its records; with `path`
    it keeps the records in that file. After `settle_after` seconds debits and refunds are no longer pending; None: when
    `settle` says so. What is done here, and not by a request, is what a payer, a bank or the account's owner does.
    """

    account_id = ACCOUNT

    def __init__(self, *, port: int = 0, path: str | Path | None = None, settle_after: float | None = None) -> None:
        super().__init__(port)
        self.clock, self.faults = Clock(), Faults(Fault)
        store = Store(Path(path) if path else None)
        self._account = Account(store, self.clock, settle_after=settle_after, later=self._settle_later)
        self.webhooks = Webhooks(self._account, self.faults)
        store.committed = self.webhooks.committed
        self.api = Api(self._account, self.faults, dict(KEYS))
        self._settling = Clerk()
        self._running = False

    @property
    def js_url(self) -> str:
        return f"{self.url}/endive/stripe.js"

    @property
    def calls(self) -> list[tuple[str, str]]:
        """(operation, idempotency key) of every call that got as far as being executed or replayed."""
        return self.api.calls

    def app(self) -> Front:
        return Front(self.api, Desk(self._account, self.faults, self._buttons()))

    def opened(self) -> None:
        self._account.url = self.url
        if not self._running:
            self._running = True
            self.webhooks.start()
            self._settling.start()
            self._take_up()

    def close(self) -> None:
        """Stop for good, and let go of the file."""
        self.stop()
        if self._running:
            self.webhooks.close()
            self._settling.close()
        self._account.store.close()

    # --- what is there ------------------------------------------------------------------------------------------------

    def records(self, table: str) -> list[Record]:
        """Those of both modes, oldest first: "payment_intents", "charges", "refunds", "disputes", "events"…"""
        return [public(row) for row in reversed(self._account.store.newest(table))]

    def get(self, table: str, record_id: str) -> Record:
        return public(self._account.store.table(table)[record_id])

    # --- what a payer does --------------------------------------------------------------------------------------------

    def pay(self, intent_id: str, method: str = "pm_card_visa") -> Record:
        """Confirm, and pass 3-D Secure if asked; the intent afterwards, also when it was declined."""
        with self._books("payment_intents", intent_id) as books:
            paid_with = intents.record(books, instruments.named(method), {})
            given = {"payment_method": paid_with["id"], "return_url": "https://payer.example/back"}
            try:
                intent = intents.confirm(books, given, intent_id)
            except Declined:
                intent = books.get("payment_intents", intent_id)
            return public(charging.answer_challenge(books, intent, passed=True))

    # --- what the banks do --------------------------------------------------------------------------------------------

    def settle(self, record_id: str, ends: Ending = "succeeded") -> Record:
        """End a debit (its intent's id) or a refund that is pending; a refund may fail even later."""
        kind = "refunds" if record_id.startswith("re_") else "payment_intents"
        with self._books(kind, record_id) as books:
            record = books.get(kind, record_id)
            settle = refunds.settle if kind == "refunds" else charging.settle
            return public(settle(books, record, ends))

    def dispute(self, intent_id: str, reason: str = "general") -> Record:
        with self._books("payment_intents", intent_id) as books:
            charge = books.get("charges", books.get("payment_intents", intent_id)["latest_charge"])
            return public(disputes.open_dispute(books, charge, reason))

    def close_dispute(self, dispute_id: str, status: Literal["won", "lost"]) -> Record:
        with self._books("disputes", dispute_id) as books:
            return public(disputes.close_dispute(books, books.get("disputes", dispute_id), status))

    # --- what the account's owner does --------------------------------------------------------------------------------

    def refund(self, intent_id: str, amount: int | None = None) -> Record:
        """As in the dashboard; in the smallest unit of the currency, None: all that is left."""
        with self._books("payment_intents", intent_id) as books:
            given = {"payment_intent": intent_id, "reason": "requested_by_customer"}
            return public(refunds.create(books, given if amount is None else {**given, "amount": amount}))

    def emit(self, kind: str, record: Record, *, live: bool = False, **envelope: Any) -> Record:
        """Tell of anything at all: an event of a kind, an account or a version of one's own."""
        with self._account.books(live=live) as books:
            return books.tell(kind, record, **envelope)

    def add_endpoint(
        self,
        url: str,
        *,
        secret: str = WEBHOOK_SECRET,
        live: bool = False,
        events: Sequence[str] = ("*",),
        version: str = VERSION,
    ) -> Record:
        """From now on this address is told. One that is known already gets this secret and these events."""
        with self._account.books(live=live) as books:
            known = books.rows("webhook_endpoints", url=url)
            row = known[0] if known else shapes.endpoint(books, url, list(events))
            told = {"_secrets": [secret], "enabled_events": list(events), "api_version": version}
            return public(books.put("webhook_endpoints", row, **told))

    def roll_secret(self, endpoint_id: str, secret: str, *, keep_old: bool = True) -> None:
        """Sign with a new secret, and for a while with the old one, too."""
        with self._account.store.transaction():
            row = self._account.store.table("webhook_endpoints")[endpoint_id]
            old = row["_secrets"][:1] if keep_old else []
            self._account.store.put("webhook_endpoints", {**row, "_secrets": [secret, *old]})

    def _buttons(self) -> Buttons:
        """The page's, and `/sandbox/<name>` for scripts: a form or JSON."""
        return {
            "settle": lambda form: self.settle(form["id"], _one_of(form["ends"], "succeeded", "failed")),
            "refund": lambda form: self.refund(form["id"], int(form["amount"]) if form.get("amount") else None),
            "dispute": lambda form: self.dispute(form["id"]),
            "close_dispute": lambda form: self.close_dispute(form["id"], _one_of(form["status"], "won", "lost")),
            "endpoints": lambda form: self.add_endpoint(form["url"]),
            "release": lambda form: self.webhooks.release(shuffled=bool(form.get("shuffled"))),
            "resend": lambda form: self.webhooks.resend(form["id"]),
        }

    # --- time ---------------------------------------------------------------------------------------------------------

    def _books(self, table: str, record_id: str) -> Any:
        record = self._account.store.table(table)[record_id]
        live = bool(record.get("livemode", record.get("_live")))
        return self._account.books(live=live, origin=Origin())

    def _settle_later(self, table: str, record_id: str) -> None:
        if self._account.settle_after is not None:
            self._settling.give(partial(self._settle_by_itself, table, record_id), after=self._account.settle_after)

    def _settle_by_itself(self, table: str, record_id: str) -> None:
        if record_id not in self._account.store.table(table):
            return  # its transaction was undone
        with self._books(table, record_id) as books:
            record = books.get(table, record_id)
            ends = refunds.ends_itself(books, record) if table == "refunds" else _end_of(books, record)
        self.settle(record_id, ends)

    def _take_up(self) -> None:
        """What an earlier run left pending."""
        for table, waiting in (("payment_intents", "processing"), ("refunds", "pending")):
            for row in self._account.store.newest(table):
                if row["status"] == waiting:
                    self._settle_later(table, row["id"])


def _end_of(books: Books, intent: Record) -> Ending:
    paid_with = books.account.store.table("payment_methods").get(intent["payment_method"] or "")
    return charging.how(paid_with).ends or "succeeded" if paid_with else "succeeded"


def _one_of(given: str, *words: Any) -> Any:
    if given not in words:
        raise ValueError(f"{given!r} is none of {', '.join(words)}")
    return given
