"""A consultant's calendar is connected in a browser: by signing in at the stand-in, or not, and why not."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from integrations import configuration
from integrations.google_calendar.sandbox import GoogleSandbox, settings_for
from integrations.models import Connection, Integration
from tests.factories import ConsultantFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def google(live_server: LiveServer, settings: LazySettings) -> Iterator[Integration]:
    """Its application is set, nobody has signed in; a consultant waits to be connected."""
    settings.SITE_URL = live_server.url
    ConsultantFactory(name="Anna Berg", slug="anna-berg", busy_calendars=["primary"])
    integration = Integration.objects.get(slug="google_calendar")
    with GoogleSandbox() as peer:
        peer.register(f"{live_server.url}/admin/integrations/integration/connected/google_calendar/")
        told = {name: value for name, value in settings_for(peer).items() if name != "refresh_token"}
        configuration.configure(integration, told)
        yield integration


def open_sign_in(page: Page, integration: Integration) -> None:
    """As far as Google's page."""
    page.goto(f"/admin/integrations/integration/{integration.pk}/change/")
    page.get_by_role("link", name="Add an account").click()
    page.get_by_label("Whose").select_option("anna-berg")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Continue to Google Calendar").click()
    expect(page.get_by_role("heading", name="Sign in with Google")).to_be_visible()


def secrets() -> set[str]:
    stored: dict[str, str] = Connection.objects.get(owner="anna-berg").secrets
    return set(stored)


def test_consultant_is_connected_tested_and_disconnected(admin: Page, google: Integration) -> None:
    open_sign_in(admin, google)
    admin.get_by_role("button", name="Allow").click()

    expect(admin.get_by_text("“anna-berg” is connected.")).to_be_visible()
    assert "code=" not in admin.url
    assert "refresh_token" in secrets()
    expect(admin.get_by_role("link", name="Reconnect anna-berg")).to_be_visible()

    admin.get_by_role("link", name="Disconnect anna-berg").click()
    admin.get_by_role("button", name="Disconnect").click()
    expect(admin.get_by_text("“anna-berg” is disconnected.")).to_be_visible()
    assert secrets() == set()


def test_refused_consent(admin: Page, google: Integration) -> None:
    open_sign_in(admin, google)
    admin.get_by_role("button", name="Cancel").click()

    expect(admin.get_by_text("The permission was refused there. Nothing was stored")).to_be_visible()
    expect(admin.locator("a[href$='/connect/']", has_text="anna-berg")).to_contain_text("Connect")
    assert "refresh_token" not in secrets()


def test_a_wrong_state(admin: Page, google: Integration) -> None:
    open_sign_in(admin, google)
    admin.evaluate("document.querySelector('input[name=state]').value = 'of-somebody-else'")
    admin.get_by_role("button", name="Allow").click()

    expect(admin.get_by_text("This sign-in was not begun in this session")).to_be_visible()
    assert "refresh_token" not in secrets()


def test_a_session_that_was_lost_meanwhile(admin: Page, google: Integration) -> None:
    open_sign_in(admin, google)
    admin.context.clear_cookies()
    admin.get_by_role("button", name="Allow").click()

    admin.get_by_label("Username").fill("ada")
    admin.get_by_label("Password").fill("opensesame")
    admin.get_by_role("button", name="Log in").click()

    expect(admin.get_by_text("This sign-in was not begun in this session")).to_be_visible()
    assert "refresh_token" not in secrets()
