"""All that is not the API: what browsers ask for, the page for people and its buttons."""

from collections.abc import Callable
from typing import Any

from integrations.standin.wire import Reply

from . import browser, page
from .books import Account
from .errors import ApiError
from .faults import Faults

# {what a button asks for: done with its form}
Buttons = dict[str, Callable[[dict[str, Any]], object]]


class Desk:
    def __init__(self, account: Account, faults: Faults, buttons: Buttons) -> None:
        self._account, self._faults, self._buttons = account, faults, buttons

    def get(self, path: str, query: dict[str, str], language: str) -> Reply | None:
        """None where there is nothing."""
        if path == "/":
            with self._account.store.lock:
                return browser.html(page.overview(self._account.store, self._faults))
        if path.startswith("/payments/"):
            with self._account.store.lock:
                shown = page.payment(self._account.store, path.rpartition("/")[2])
            return browser.html(shown) if shown else None
        try:
            return browser.get(self._account, path, query, language)
        except ApiError as error:
            return browser.html(str(error), error.status)

    def post(self, path: str, form: dict[str, Any]) -> Reply | None:
        """Raises KeyError, ValueError, TypeError or ApiError for nonsense."""
        if button := self._buttons.get(path.removeprefix("/sandbox/")):
            back = str(form.pop("back", "/"))
            button(form)
            return Reply(b"", 303, headers={"Location": back if back.startswith("/") else "/"})
        return browser.post(self._account, path, form)
