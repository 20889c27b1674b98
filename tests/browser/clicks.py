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
    """By what leads to another page: a link, too."""
    with button.page.expect_navigation():
        button.click()


def click_within(button: Locator) -> None:
    """For what stands in a frame of another origin: Chromium finds out by the last frame drawn whose a real click is,
    and may miss while such a frame takes its height; and a real key waits for ever where its frame goes away."""
    button.wait_for()
    button.dispatch_event("click")
