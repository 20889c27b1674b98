"""The system's Chromium, driven by Playwright, against a live server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from integrations import configuration, setup
from integrations.email.sandbox import MailSandbox, settings_for
from integrations.models import Installation, Integration

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 30_000  # milliseconds: machines that do other things, too, are slow


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.fail("The browser tests need Chromium: apt-get install chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE)
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def admin(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """The admin's first page, after logging in. Whatever the browser complains about fails the test."""
    User.objects.create_superuser("ada", password="opensesame")
    page = browser.new_page(base_url=live_server.url, locale="en")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto("/admin/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("opensesame")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Log in").wait_for(state="detached")
    yield page
    page.close()
    assert complaints == []


@pytest.fixture
def mails(tmp_path: Path, settings: LazySettings, live_server: LiveServer) -> Iterator[MailSandbox]:
    """A mail server, and our letters' links lead to the live server."""
    settings.SITE_URL = live_server.url
    setup.create_rows()
    Installation.settle_here()
    email = Integration.objects.get(slug="email")
    with MailSandbox(tmp_path) as peer:
        configuration.configure(email, settings_for(peer))
        configuration.set_enabled(email, True)
        yield peer
