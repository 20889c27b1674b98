"""An operator changes a letter by browser: looks at it, is corrected, saves it, and goes back to the shipped words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from integrations import configuration, setup
from integrations.email.sandbox import MailSandbox, settings_for
from integrations.models import Integration, LetterOverride

BODY = "Written {{ written_at }}\n\n{{ company_name }}"


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[MailSandbox]:
    with MailSandbox(tmp_path) as peer:
        yield peer


@pytest.fixture
def email(peer: MailSandbox, db: None) -> Integration:
    setup.create_rows()
    integration = Integration.objects.get(slug="email")
    configuration.configure(integration, settings_for(peer))
    configuration.set_enabled(integration, True)
    return integration


def open_letter(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_role("link", name="Letters").click()
    page.get_by_role("link", name="Test letter", exact=True).click()


def letter(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[name=letter]")


def fill(page: Page, *, subject: str, body: str = BODY) -> None:
    for language in ("en", "de"):
        page.locator(f"#id_subject_{language}").fill(subject)
        page.locator(f"#id_body_{language}").fill(body)


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def test_letter_is_looked_at_corrected_saved_and_taken_back(admin: Page, email: Integration) -> None:
    open_letter(admin)
    expect(letter(admin).get_by_text("Ada Lovelace").first).to_be_visible()

    fill(admin, subject="Good day {{ name }}")
    admin.locator("select[name=part]").select_option("text")
    press(admin, "Show")
    expect(letter(admin).get_by_text("Subject: Good day Ada Lovelace")).to_be_visible()

    fill(admin, subject="Good day {{ name }} {{ price }}")
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_text("This letter has no {{ price }}.")).to_have_count(2)
    expect(admin.locator("#id_subject_de")).to_have_value("Good day {{ name }} {{ price }}")

    fill(admin, subject="Good day {{ name }}")
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_text("Saved: letters are written in these words from now on.")).to_be_visible()
    assert set(LetterOverride.objects.values_list("subject", flat=True)) == {"Good day {{ name }}"}

    for language in ("English", "German"):
        admin.get_by_role("button", name=f"{language}: back").press("Enter")  # no mouse needed
        admin.get_by_role("dialog").get_by_role("button", name=f"{language}: back").press("Enter")
        expect(admin.get_by_text(f"{language}: the shipped words are in use again.")).to_be_visible()
    assert not LetterOverride.objects.exists()
