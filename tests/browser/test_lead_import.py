"""An operator imports a file and carries leads away, by keyboard alone, as seen by a browser."""

from pathlib import Path

from playwright.sync_api import Page, expect

from integrations import runs
from integrations.models import Run
from tests.factories import LeadFactory


def test_file_is_previewed_and_imported_by_keyboard(admin: Page, tmp_path: Path) -> None:
    file = tmp_path / "fair.csv"
    file.write_text("email,name\nada@client.example,<b>Ada</b>\n")
    admin.goto("/admin/leads/lead/import/")
    admin.get_by_role("button", name="File").set_input_files(file)
    admin.get_by_role("button", name="File").focus()

    admin.keyboard.press("Tab")
    admin.keyboard.press("Enter")
    expect(admin.get_by_text("<b>Ada</b>")).to_be_visible()
    admin.get_by_role("button", name="Import").focus()
    admin.keyboard.press("Enter")
    expect(admin.get_by_text("waiting for a worker").first).to_be_visible()
    runs.perform(Run.objects.get())

    expect(admin.get_by_text("1 row: 1 created").first).to_be_visible()


def test_list_is_carried_away_by_keyboard(admin: Page) -> None:
    LeadFactory(email="ada@client.example")
    admin.goto("/admin/leads/lead/export/")

    admin.get_by_label("Format").focus()
    admin.keyboard.press("ArrowDown")
    admin.get_by_role("button", name="Export").focus()
    with admin.expect_download() as download:
        admin.keyboard.press("Enter")

    assert download.value.suggested_filename.endswith(".xlsx")
