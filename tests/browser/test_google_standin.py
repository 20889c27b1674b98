"""The stand-in for Google in a browser: a week to drag entries in, and the page on which people sign in."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from integrations.google_calendar.sandbox import CLIENT_ID, PERSON, GoogleSandbox

MONDAY = datetime(2027, 3, 1, 9, tzinfo=UTC)  # 10:00 in Berlin
HOUR = timedelta(hours=1)
EVENTS = "https://www.googleapis.com/auth/calendar.events"
FREEBUSY = "https://www.googleapis.com/auth/calendar.freebusy"


@pytest.fixture
def peer() -> Iterator[GoogleSandbox]:
    with GoogleSandbox() as peer:
        yield peer


@pytest.fixture
def page(browser: Browser, peer: GoogleSandbox) -> Iterator[Page]:
    page = browser.new_page(base_url=peer.url, viewport={"width": 1280, "height": 1200})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


def test_an_entry_is_dragged_to_another_time(page: Page, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, "Talk")
    page.goto("/?week=2027-03-01")
    entry, to = page.locator(f".week [data-event='{event_id}']"), page.locator(".hours[data-day='2027-03-03']")
    box, target = entry.bounding_box(), to.bounding_box()
    assert box
    assert target

    page.mouse.move(box["x"] + 10, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(target["x"] + 20, target["y"] + 8.5 * 36 + 5, steps=4)  # the day begins at six
    with page.expect_navigation():
        page.mouse.up()

    assert peer.event(event_id)["start"]["dateTime"] == "2027-03-03T14:30:00+01:00"
    assert peer.event(event_id)["end"]["dateTime"] == "2027-03-03T15:30:00+01:00"
    assert page.locator(".hours[data-day='2027-03-03'] .entry").inner_text() == "14:30 Talk"


def test_a_click_moves_nothing(page: Page, peer: GoogleSandbox) -> None:
    event_id = peer.add_event(MONDAY, MONDAY + HOUR, "Talk")
    page.goto("/?week=2027-03-01")

    page.locator(f".week [data-event='{event_id}']").click()

    assert peer.event(event_id)["sequence"] == 0


@pytest.mark.parametrize(
    ("button", "told"), [("Allow", {"state", "code", "scope", "authuser", "prompt"}), ("Cancel", {"state", "error"})]
)
def test_a_person_chooses_an_account_and_what_to_allow(
    page: Page, peer: GoogleSandbox, button: str, told: set[str]
) -> None:
    peer.add_person("ben@sandbox.example", "Ben")
    back = f"{peer.url}/back"
    asked = {"client_id": CLIENT_ID, "redirect_uri": back, "response_type": "code", "scope": f"{EVENTS} {FREEBUSY}"}
    page.goto(f"{peer.auth_uri}?{urlencode({**asked, 'state': 's1', 'login_hint': PERSON})}")

    page.get_by_label("Ben").check()
    page.get_by_label("View your availability in your calendars").uncheck()
    page.get_by_role("button", name=button).click()
    page.wait_for_url("**/back?*")

    answer = parse_qs(urlsplit(page.url).query)
    assert set(answer) == told
    assert answer["state"] == ["s1"]
    assert answer.get("scope", [EVENTS]) == [EVENTS]
