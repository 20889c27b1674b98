"""All that the API can be asked to do, by method and address."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from integrations.standin.store import Record

from . import disputes, intents, lists, others, refunds
from .books import Books
from .params import Spec


@dataclass(frozen=True)
class Operation:
    """`name` is what a fault may be limited to; a `public` one may be asked for with the publishable key."""

    name: str
    method: str
    address: str
    run: Callable[..., Record]
    spec: Spec
    required: tuple[str, ...] = ()
    public: bool = False

    def matches(self, method: str, path: str) -> tuple[str, ...] | None:
        found = re.fullmatch(self.address.replace("*", "([^/]+)"), path) if method == self.method else None
        return found.groups() if found else None

    def perform(self, books: Books, params: dict[str, Any], *ids: str) -> Record:
        return self.run(books, params, *ids)


PI, RE, DP, CH, WE = (
    f"/v1/{name}" for name in ("payment_intents", "refunds", "disputes", "charges", "webhook_endpoints")
)
OPERATIONS = [
    Operation("payment_intents.create", "POST", PI, intents.create, intents.CREATE, ("amount", "currency")),
    Operation("payment_intents.list", "GET", PI, intents.list_, intents.LIST),
    Operation("payment_intents.retrieve", "GET", f"{PI}/*", intents.retrieve, intents.RETRIEVE, public=True),
    Operation("payment_intents.update", "POST", f"{PI}/*", intents.update, intents.UPDATE),
    Operation("payment_intents.confirm", "POST", f"{PI}/*/confirm", intents.confirm, intents.CONFIRM, public=True),
    Operation("payment_intents.cancel", "POST", f"{PI}/*/cancel", intents.cancel, intents.CANCEL),
    Operation("charges.list", "GET", CH, others.list_charges, others.CHARGES),
    Operation("charges.retrieve", "GET", f"{CH}/*", others.charge, lists.EXPAND),
    Operation("charges.refunds", "GET", f"{CH}/*/refunds", refunds.list_of_charge, lists.SPEC),
    Operation("refunds.create", "POST", RE, refunds.create, refunds.CREATE),
    Operation("refunds.list", "GET", RE, refunds.list_, refunds.LIST),
    Operation("refunds.retrieve", "GET", f"{RE}/*", refunds.retrieve, lists.EXPAND),
    Operation("refunds.update", "POST", f"{RE}/*", refunds.update, refunds.UPDATE),
    Operation("disputes.list", "GET", DP, disputes.list_, disputes.LIST),
    Operation("disputes.retrieve", "GET", f"{DP}/*", disputes.retrieve, lists.EXPAND),
    Operation("events.list", "GET", "/v1/events", others.list_events, others.EVENTS),
    Operation("events.retrieve", "GET", "/v1/events/*", others.event, lists.EXPAND),
    Operation("webhook_endpoints.create", "POST", WE, others.create_endpoint, others.ENDPOINT, others.ENDPOINT_NEEDS),
    Operation("webhook_endpoints.list", "GET", WE, others.list_endpoints, lists.SPEC),
    Operation("webhook_endpoints.retrieve", "GET", f"{WE}/*", others.endpoint, lists.EXPAND),
    Operation("webhook_endpoints.delete", "DELETE", f"{WE}/*", others.delete_endpoint, lists.EXPAND),
    Operation("account.retrieve", "GET", "/v1/account", others.account, lists.EXPAND),
    Operation("balance.retrieve", "GET", "/v1/balance", others.balance, lists.EXPAND),
    Operation("balance_transactions.retrieve", "GET", "/v1/balance_transactions/*", others.moved, lists.EXPAND),
]  # fmt: skip


def find(method: str, path: str) -> tuple[Operation, tuple[str, ...]] | None:
    """The operation and the ids in its address."""
    for operation in OPERATIONS:
        if (ids := operation.matches(method, path)) is not None:
            return operation, ids
    return None
