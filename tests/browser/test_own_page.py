"""The page of one's own data, as people use it: on a telephone and on a desk, with the browser's own view of CSRF."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from integrations import own_page, setup
from integrations.models import Erasure
from leads.actions import capture, confirm_consent
from leads.models import Consent, Lead
from tests.factories import WhitepaperFactory, a_capture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[360, 1280])
def page(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """The page of somebody who asked and agreed. What the browser complains about fails the test, as does a page wider
    than the screen."""
    cache.clear()
    setup.create_rows()
    given = a_capture(name="Ada Lovelace", company="Engines " * 12, message="Call me. " * 40, language="en",
                      whitepaper=WhitepaperFactory(), marketing_consent=True, expects_answer=True)  # fmt: skip
    lead = capture([given]).leads[0]
    confirm_consent(lead.consents.get())
    page = browser.new_page(base_url=live_server.url, viewport={"width": request.param, "height": 800})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(urlsplit(own_page.link(Lead.objects.get())).path)
    yield page
    page.wait_for_load_state()  # before its styles are there, a page may be wider
    assert page.evaluate("document.documentElement.scrollWidth") <= request.param
    page.close()
    assert complaints == []


def test_reader_withdraws_and_has_the_letter_sent_again(page: Page) -> None:
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_text("Your consent is withdrawn.").wait_for()

    page.get_by_role("button", name="Send me the link again").click()

    page.get_by_text("The letter is on its way to you.").wait_for()
    assert not Consent.objects.get().holds


def test_reader_exports_everything(page: Page) -> None:
    with page.expect_download() as download:
        page.get_by_role("link", name="Export my data").click()

    assert download.value.suggested_filename == "my-data.json"
    assert json.loads(Path(download.value.path()).read_text())["person"]["name"] == "Ada Lovelace"


def test_reader_is_forgotten_and_gets_a_reference(page: Page) -> None:
    page.get_by_role("link", name="Delete me").click()

    page.get_by_role("button", name="Delete me").click()

    page.get_by_role("heading", name="You are forgotten").wait_for()
    page.get_by_text(str(Erasure.objects.get().reference)).wait_for()
    assert Lead.objects.get().is_forgotten
