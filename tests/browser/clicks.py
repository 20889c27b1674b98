"""Clicks that leave the page."""

from playwright.sync_api import Locator, Page


def press(place: Page | Locator, button: str) -> None:
    """Press a button that submits a form, and go on once its answer is there: what the server does is done."""
    leave(place.get_by_role("button", name=button).first)


def confirmed(place: Page | Locator, button: str) -> None:
    """Press what asks before it acts, and say yes."""
    place.get_by_role("button", name=button).first.click()
    leave(place.locator("[popover]:popover-open").get_by_role("button", name=button))


def leave(button: Locator) -> None:
    with button.page.expect_navigation():
        button.click()
