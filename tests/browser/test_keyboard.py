"""What everybody needs who has no mouse: past the navigation, and to the button that shows it."""

from playwright.sync_api import Page, expect


def test_first_key_press_leads_past_the_navigation(admin: Page) -> None:
    admin.goto("/admin/integrations/delivery/")
    admin.keyboard.press("Tab")
    expect(admin.get_by_role("link", name="Skip to the content")).to_be_focused()

    admin.keyboard.press("Enter")

    assert admin.evaluate("document.activeElement.id") == "content"


def test_navigation_is_opened_by_keyboard_on_a_small_screen(admin: Page) -> None:
    admin.set_viewport_size({"width": 360, "height": 800})
    admin.goto("/admin/integrations/delivery/")
    schedules = admin.get_by_role("link", name="Schedules")
    expect(schedules).to_be_hidden()

    admin.get_by_role("button", name="Navigation").first.press("Enter")

    expect(schedules).to_be_visible()
