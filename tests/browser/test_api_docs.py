"""The page that describes the API, in a browser that keeps to our policy."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from integrations.models import Integration

pytestmark = pytest.mark.django_db(transaction=True)


def test_docs_load_from_here_only_and_let_a_colleague_try(admin: Page, live_server: LiveServer) -> None:
    asked: list[str] = []
    admin.on("request", lambda request: asked.append(request.url))

    admin.goto("/api/v1/docs")
    change = admin.locator(".opblock-put")
    change.locator(".opblock-summary-control").click()
    change.get_by_role("button", name="Try it out").click()
    change.get_by_placeholder("name").fill("odoo")
    change.locator("textarea").fill('{"enabled": true}')
    change.get_by_role("button", name="Execute").click()

    expect(change.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    assert Integration.objects.get(slug="odoo").enabled
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []
