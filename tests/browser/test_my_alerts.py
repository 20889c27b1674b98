"""Everybody says for himself what he wants to be told of.

With MAGNETIQ_SCREENSHOTS set to a folder, the page is kept there as pictures.
"""

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from integrations.models import AlertSubscription
from tests.browser.clicks import press

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("MAGNETIQ_SCREENSHOTS")


def test_staff_subscribe_themselves(admin: Page) -> None:
    User.objects.filter(username="ada").update(email="ada@firm.example")
    admin.goto("/admin/integrations/incident/my-alerts/")
    for topic in ("Outages", "Morning letter"):
        admin.get_by_label(topic).check()
    admin.get_by_label("Language").select_option("de")

    press(admin, "Save")

    expect(admin.get_by_text("Saved. It counts from now on.")).to_be_visible()
    asked = AlertSubscription.objects.get()
    assert (asked.outages, asked.matters, asked.digest, asked.language) == (True, False, True, "de")
    keep(admin, "my-alerts")


def keep(page: Page, name: str) -> None:
    """At both widths, light and dark."""
    for width, scheme in ((1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")) if SHOTS else ():
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.screenshot(path=Path(str(SHOTS)) / f"{name}-{width}-{scheme}.png", full_page=True)
