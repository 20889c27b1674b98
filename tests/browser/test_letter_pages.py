"""What a reader of our letters sees and presses, on a telephone and on a desk."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from leads import links
from leads.models import Consent, Lead, Touchpoint
from tests.factories import ConsentFactory, LeadFactory, TouchpointFactory, WhitepaperFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[360, 1280])
def page(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """Whatever the browser complains about fails the test, and so does a page wider than the screen."""
    cache.clear()
    page = browser.new_page(base_url=live_server.url, viewport={"width": request.param, "height": 800})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    page.wait_for_load_state()  # before its styles are there, a page may be wider
    assert page.evaluate("document.documentElement.scrollWidth") <= request.param
    page.close()
    assert complaints == []


def path_of(url: str) -> str:
    return urlsplit(url).path


def test_reader_downloads_the_whitepaper(page: Page) -> None:
    whitepaper = WhitepaperFactory(slug="gdpr", title_en="A rather long title " * 5)
    whitepaper.file.save("gdpr.pdf", ContentFile(b"%PDF-1.4"))
    page.goto(path_of(links.download(TouchpointFactory(whitepaper=whitepaper))))

    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    assert (download.value.suggested_filename, Path(download.value.path()).read_bytes()) == ("gdpr.pdf", b"%PDF-1.4")
    assert Touchpoint.objects.get().downloads == 1


def test_reader_confirms_the_consent(page: Page) -> None:
    page.goto(path_of(links.confirm(ConsentFactory())))

    page.get_by_role("button", name="Yes, I agree").click()

    page.get_by_role("heading", name="Thank you, it is confirmed").wait_for()
    assert Consent.objects.get().holds


def test_reader_unsubscribes(page: Page) -> None:
    page.goto(path_of(links.unsubscribe(LeadFactory(marketing_consent=True))))

    page.get_by_role("button", name="Unsubscribe").click()

    page.get_by_role("heading", name="You are unsubscribed").wait_for()
    assert not Lead.objects.get().marketing_consent
