"""The visitor's way into a webinar, on a telephone and on a desk, on our site and framed by another."""

import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, ConsoleMessage, FrameLocator, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.clicks import click_within
from tests.factories import RegistrationFactory, SessionFactory, TopicFactory
from webinars import links
from webinars.models import Registration, Session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[360, 1280])
def page(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """Of a visitor in London. Whatever the browser complains about fails the test, and so does a page wider than the
    screen."""
    cache.clear()
    page = browser.new_page(
        base_url=live_server.url,
        viewport={"width": request.param, "height": 800},
        timezone_id="Europe/London",
    )
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    yield page
    page.wait_for_load_state()  # before its styles are there, a page may be wider
    assert page.evaluate("document.documentElement.scrollWidth") <= request.param
    page.close()
    assert complaints == []


def is_complaint(message: ConsoleMessage) -> bool:
    """Chromium counts an answered form that was filled in wrongly among the errors."""
    return message.type == "error" and "422" not in message.text


@pytest.fixture
def session() -> Session:
    topic = TopicFactory(title_en="Data strategy", title_de="Datenstrategie", category="Data")

    made: Session = SessionFactory(slug="data", topic=topic, capacity=20, presenter="Grace Hopper", languages=["de"])
    SessionFactory(topic__category="Law")
    return made


@pytest.fixture
def elsewhere(tmp_path: Path, live_server: LiveServer, settings: Any) -> Iterator[str]:
    """The firm's own site, on another host and port, with our one line in its page."""
    line = (
        f'<script src="{live_server.url}/static/leads/embed.js" data-show="webinars/data" data-language="en"></script>'
    )
    (tmp_path / "index.html").write_text(f"<!doctype html><title>Firm</title><h1>Firm</h1>{line}<p>After</p>")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        origin = f"http://127.0.0.1:{server.server_port}"
        settings.EMBED_ORIGINS = [origin]
        yield origin
        server.shutdown()


def fill_in(place: Page | FrameLocator, *labels: str) -> None:
    for label, value in zip(labels, ("Ada", "Lovelace", "ada@client.example"), strict=True):
        place.get_by_label(label, exact=True).fill(value)
    place.locator("input[name=terms_accepted]").check()


def test_visitor_finds_a_session_and_registers(page: Page, session: Session) -> None:
    page.goto("/en/webinars/")
    page.get_by_label("Topic").select_option("Data")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_role("link", name="Data strategy").click()
    expect(page.locator("article .theirs")).to_contain_text("Europe/London")

    fill_in(page, "First name", "Last name", "E-mail address")
    page.get_by_role("button", name="Register").click()

    expect(page.get_by_role("heading", name="Thank you for registering")).to_be_visible()
    made = Registration.objects.get()
    assert (made.name, made.language, made.zone) == ("Ada Lovelace", "en", "Europe/London")


def test_page_without_script_shows_the_sessions_own_time(browser: Browser, live_server: LiveServer) -> None:
    SessionFactory(slug="data")
    page = browser.new_page(base_url=live_server.url, java_script_enabled=False)

    page.goto("/en/webinars/data/")

    assert "Europe/Berlin" in page.locator("time").inner_text()
    assert page.locator(".theirs").count() == 0
    page.close()


def test_person_cancels_behind_the_link(page: Page, session: Session) -> None:
    registration = RegistrationFactory(session=session, language="en")
    page.goto(urlsplit(links.manage(registration)).path)

    page.get_by_text("I cannot come").click()
    page.get_by_role("button", name="Cancel my registration").click()

    expect(page.get_by_role("heading", name="Your registration is cancelled")).to_be_visible()
    assert Registration.objects.get().status == "cancelled"


def test_person_takes_the_session_into_the_calendar(page: Page, session: Session) -> None:
    page.goto(urlsplit(links.manage(RegistrationFactory(session=session, language="en"))).path)

    with page.expect_download() as download:
        page.get_by_role("link", name="Add to calendar").click()

    assert download.value.suggested_filename == "data.ics"


def test_visitor_registers_in_a_frame_on_another_site(page: Page, session: Session, elsewhere: str) -> None:
    page.goto(elsewhere)
    frame = page.frame_locator("iframe")
    expect(frame.locator("article .theirs")).to_contain_text("Europe/London")

    fill_in(frame, "First name", "Last name", "E-mail address")
    click_within(frame.get_by_role("button", name="Register"))

    expect(frame.get_by_role("heading", name="Thank you for registering")).to_be_visible()
    assert Registration.objects.get().zone == "Europe/London"


def test_frame_is_as_high_as_its_page(page: Page, session: Session, elsewhere: str) -> None:
    page.goto(elsewhere)
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Register").wait_for()
    page.wait_for_function("document.querySelector('iframe').style.height !== '40rem'")

    shown, needed = frame.locator("html").evaluate("each => [innerHeight, each.scrollHeight]")

    assert shown == needed
    click_within(frame.get_by_role("button", name="Register"))
    frame.get_by_role("alert").wait_for()
    page.wait_for_function(f"document.querySelector('iframe').offsetHeight > {shown}")


def test_site_that_is_not_on_the_list_gets_no_frame(
    browser: Browser, session: Session, elsewhere: str, settings: Any
) -> None:
    settings.EMBED_ORIGINS = ["https://www.firm.example"]
    page = browser.new_page()

    with page.expect_event("console", lambda message: "frame-ancestors" in message.text) as refusal:
        page.goto(elsewhere)

    assert re.search("Refused|violates", refusal.value.text)
    assert page.frame_locator("iframe").get_by_role("button").count() == 0
    page.close()


def test_visitor_registers_in_german(page: Page, session: Session) -> None:
    page.goto("/de/webinars/data/")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("heading", level=1)).to_have_text("Datenstrategie")

    for name, value in [("first_name", "Ada"), ("last_name", "Lovelace"), ("email", "ada@client.example")]:
        page.locator(f"input[name={name}]").fill(value)
    page.locator("input[name=terms_accepted]").check()
    page.locator("main form button").click()

    page.wait_for_url("**/de/webinars/data/thanks/confirmed/")
    assert Registration.objects.get().language == "de"


def test_visitor_goes_from_the_list_to_a_session_within_the_frame(
    page: Page, session: Session, elsewhere: str, tmp_path: Path
) -> None:
    site = tmp_path / "index.html"
    site.write_text(site.read_text().replace("webinars/data", "webinars"))
    page.goto(elsewhere)
    frame = page.frame_locator("iframe")

    click_within(frame.get_by_role("link", name="Data strategy"))

    expect(frame.get_by_role("heading", level=1)).to_have_text("Data strategy")
    expect(frame.locator("article .theirs")).to_contain_text("Europe/London")
    assert page.url == f"{elsewhere}/"
