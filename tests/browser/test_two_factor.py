"""A second factor is set up by keyboard, and asked for at the next login."""

from base64 import b32decode

from playwright.sync_api import Page, expect

from tests.magnetiq.second_factor import ACCOUNT, TOTPDevice, shown_by

LEADS = "/admin/leads/lead/"


def test_it_is_set_up_and_asked_for_at_the_next_login(admin: Page) -> None:
    admin.goto(ACCOUNT)
    admin.get_by_role("link", name="Set it up").click()
    app = TOTPDevice(key=b32decode(admin.locator(".two-factor-key").inner_text().replace(" ", "")).hex())
    type_code(admin, shown_by(app))
    expect(admin.locator(".two-factor-codes li")).to_have_count(10)

    admin.context.clear_cookies()
    admin.goto(LEADS)
    admin.get_by_label("Username").fill("ada")
    admin.get_by_label("Password").fill("opensesame")
    admin.keyboard.press("Enter")
    type_code(admin, shown_by(app, ahead=1))

    expect(admin.locator("#changelist")).to_be_visible()
    assert admin.url.endswith(LEADS)


def type_code(page: Page, code: str) -> None:
    """Where the cursor is waiting already."""
    expect(page.get_by_label("Code", exact=False)).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")
