"""All that is not the API."""

from typing import Any

from .books import Account
from .faults import Faults
from .webhooks import Webhooks
from .wire import Reply


class Desk:
    def __init__(self, account: Account, faults: Faults, webhooks: Webhooks) -> None:
        self.account, self.faults, self.webhooks = account, faults, webhooks

    def get(self, path: str, query: dict[str, str]) -> Reply | None:
        return None

    def post(self, path: str, form: dict[str, Any]) -> Reply | None:
        return None
