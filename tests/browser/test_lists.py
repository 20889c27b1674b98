"""Lists without a mouse."""

from playwright.sync_api import Page, expect


def test_filter_is_chosen_by_keyboard(admin: Page) -> None:
    admin.goto("/admin/integrations/delivery/")
    admin.get_by_role("button", name="Filters").press("Enter")
    expect(admin.locator("#changelist-filter").get_by_role("link").first).to_be_focused()

    admin.keyboard.press("Tab")
    admin.keyboard.press("Enter")

    admin.wait_for_url("**/delivery/?state__exact=waiting")


def test_filters_are_left_by_keyboard(admin: Page) -> None:
    admin.goto("/admin/integrations/delivery/")
    admin.get_by_role("button", name="Filters").press("Enter")

    admin.keyboard.press("Escape")

    expect(admin.locator("#changelist-filter")).to_be_hidden()
