"""The visitor's way to a consultation, on a telephone and on a desk, on our site and framed by another."""

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
from django.utils import timezone
from playwright.sync_api import Browser, ConsoleMessage, FrameLocator, Page, expect
from pytest_django.live_server_helper import LiveServer

from bookings import actions, links
from bookings.models import Booking, Consultant, TimeOff
from integrations import outbox
from integrations.email.sandbox import MailSandbox
from leads.clocks import DAY
from tests.bookings.times import at
from tests.browser.clicks import click_within, leave, press
from tests.factories import ConsultantFactory, a_client

pytestmark = pytest.mark.django_db(transaction=True)

HARMLESS = ("409", "422")  # Chromium counts an answered form that was refused among the errors


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
    return message.type == "error" and not any(number in message.text for number in HARMLESS)


@pytest.fixture(autouse=True)
def grace() -> Consultant:
    made: Consultant = ConsultantFactory(
        slug="grace",
        name="Grace Hopper",
        title_en="Compilers",
        title_de="Compiler",
        meeting_types=["video", "phone"],
        zone="Europe/Berlin",
    )
    ConsultantFactory(slug="zoe", name="Zoe")
    return made


def fill_in(place: Page | FrameLocator, *labels: str) -> None:
    for label, value in zip(labels, ("Ada Lovelace", "ada@client.example"), strict=True):
        place.get_by_label(label, exact=True).fill(value)


def a_booking(language: str = "en") -> Booking:
    client = a_client(language=language, zone="Europe/London")
    return actions.book(Consultant.objects.get(slug="grace"), at("10:00"), 30, client)


def path_of(booking: Booking) -> str:
    return urlsplit(links.manage(booking)).path


def test_visitor_finds_a_time_and_books_it(page: Page) -> None:
    page.goto("/en/book/")
    page.get_by_role("link", name="Grace Hopper").click()
    page.get_by_role("link", name="60 minutes").click()
    expect(page.get_by_role("link", name="60 minutes")).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="Later week").click()
    page.wait_for_url("**week=**")
    slot = page.locator(".slots button").first
    spoken = slot.get_attribute("aria-label")
    slot.click()

    expect(page.locator("dl")).to_contain_text("60 minutes")
    expect(page.locator("#left")).to_contain_text("4:5")
    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing has been sent yet.")
    fill_in(page, "Your name", "E-mail address")
    page.get_by_role("button", name="Book this time").click()

    expect(page.get_by_role("heading", name="Thank you: your consultation is booked")).to_be_visible()
    made = Booking.objects.get()
    assert (made.name, made.language, made.zone, made.status) == ("Ada Lovelace", "en", "Europe/London", "confirmed")
    assert spoken
    assert spoken.endswith(f"{made.starts_at.astimezone(at('10:00').tzinfo) - DAY / 24:%H:%M} Europe/London")


def test_visitor_books_in_german(page: Page) -> None:
    page.goto("/de/book/any/")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.locator("#first").click()

    fill_in(page, "Ihr Name", "E-Mail-Adresse")
    page.get_by_label("Telefongespräch").check()
    page.get_by_label("Telefon für").fill("+49 30 1234")
    page.get_by_role("button", name="Diese Zeit buchen").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Danke, Ihre Beratung ist gebucht")
    made = Booking.objects.get()
    assert (made.language, made.meeting_type, made.consultant.name) == ("de", "phone", "Grace Hopper")


def test_visitor_books_by_keyboard_alone(page: Page) -> None:
    page.goto("/en/book/grace/")
    page.locator("#first").focus()
    for _ in range(30):  # over what lies between
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "later":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**week=**")
    expect(page.locator("#later")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "start"
    page.keyboard.press("Enter")

    page.get_by_label("Video call").focus()
    page.keyboard.press("Tab")
    page.keyboard.type("Ada Lovelace")
    page.keyboard.press("Tab")
    page.keyboard.type("ada@client.example")
    page.keyboard.press("Enter")

    page.get_by_role("heading", name="Thank you").wait_for()
    assert Booking.objects.get().status == "confirmed"


def test_page_without_script_is_links_and_buttons(browser: Browser, live_server: LiveServer) -> None:
    cache.clear()
    page = browser.new_page(base_url=live_server.url, java_script_enabled=False)

    page.goto("/en/book/grace/")
    leave(page.get_by_role("link", name="Later week"))
    page.get_by_label("Times in the zone").select_option("America/New_York")
    press(page, "Show")
    leave(page.locator(".slots button").first)
    fill_in(page, "Your name", "E-mail address")
    press(page, "Book this time")

    assert "America/New_York" in page.locator("time").inner_text()
    assert Booking.objects.get().zone == "America/New_York"
    page.close()


def test_zone_that_is_chosen_stays(page: Page) -> None:
    page.goto("/en/book/grace/")
    page.get_by_role("link", name="Later week").click()
    page.wait_for_url("**week=**")
    page.get_by_label("Times in the zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**zone=Asia**")
    page.locator(".slots button").first.click()
    fill_in(page, "Your name", "E-mail address")
    page.get_by_role("button", name="Book this time").click()

    expect(page.locator("time")).to_contain_text("Asia/Tokyo")
    assert Booking.objects.get().zone == "Asia/Tokyo"


def test_browsers_back_button_leads_to_the_week_before(page: Page) -> None:
    page.goto("/en/book/grace/")
    first = page.locator("#week").inner_text()
    page.get_by_role("link", name="Later week").click()
    page.wait_for_url("**week=**")

    page.go_back()

    expect(page.locator("#week")).to_have_text(first)


def test_empty_week_leads_to_the_next_free_time(page: Page, grace: Consultant) -> None:
    now = timezone.now()
    TimeOff.objects.create(consultant=grace, starts_at=now, ends_at=now + 21 * DAY)
    page.goto(f"/en/book/grace/?week={now + 7 * DAY:%Y-%m-%d}")

    page.get_by_role("link", name="Go to the next week with a free time").click()

    expect(page.locator(".slots button").first).to_be_visible()


def test_time_that_is_gone_leads_to_another_and_keeps_what_was_typed(page: Page, grace: Consultant) -> None:
    page.goto("/en/book/grace/")
    page.locator("#first").click()
    fill_in(page, "Your name", "E-mail address")
    held = Booking.objects.get()
    held.delete()
    actions.book(grace, held.starts_at, 30, a_client("bob@client.example"))

    page.get_by_role("button", name="Book this time").click()
    expect(page.get_by_role("alert")).to_contain_text("This time is not free any more.")
    page.locator("button[name=instead]").first.click()
    expect(page.get_by_label("Your name")).to_have_value("Ada Lovelace")
    page.get_by_role("button", name="Book this time").click()

    page.get_by_role("heading", name="Thank you").wait_for()
    assert Booking.objects.filter(email="ada@client.example", status="confirmed").count() == 1


def test_hold_that_runs_out_is_told_and_can_still_be_booked(page: Page) -> None:
    page.clock.install()
    page.goto("/en/book/grace/")
    page.locator("#first").click()
    page.locator("#left").get_by_text(":").wait_for()
    page.clock.run_for(245_000)
    expect(page.locator("#told")).to_have_text("One minute is left.")
    page.clock.run_for(60_000)
    expect(page.locator("#told")).to_contain_text("We do not keep this time for you any longer.")

    fill_in(page, "Your name", "E-mail address")
    page.get_by_role("button", name="Book this time").click()

    page.get_by_role("heading", name="Thank you").wait_for()


@pytest.mark.parametrize(
    ("language", "another", "moved"),
    [("en", "Choose another time", "Your consultation is moved."), ("de", "Anderen Termin wählen", "ist verlegt")],
)
def test_client_moves_the_meeting_behind_the_link(page: Page, language: str, another: str, moved: str) -> None:
    booking = a_booking(language)
    page.goto(path_of(booking))

    page.get_by_role("link", name=another).click()
    page.locator("#later").click()
    page.wait_for_url("**week=**")
    page.locator(".slots button").first.click()

    expect(page.get_by_role("status")).to_contain_text(moved)
    assert Booking.objects.get().starts_at != booking.starts_at


@pytest.mark.parametrize(
    ("language", "summary", "button", "told"),
    [
        ("en", "I cannot come", "Cancel the consultation", "Your consultation is cancelled"),
        ("de", "Ich kann nicht teilnehmen", "Beratung absagen", "Ihre Beratung ist abgesagt"),
    ],
)
def test_client_cancels_the_meeting_behind_the_link(
    page: Page, language: str, summary: str, button: str, told: str
) -> None:
    page.goto(path_of(a_booking(language)))

    page.get_by_text(summary).click()
    page.get_by_role("button", name=button).click()

    expect(page.get_by_role("heading", name=told)).to_be_visible()
    assert Booking.objects.get().status == "cancelled"


@pytest.mark.parametrize("language", ["en", "de"])
def test_client_books_moves_and_cancels_by_the_link_in_the_letters(
    page: Page, mails: MailSandbox, language: str
) -> None:
    page.goto(f"/{language}/book/grace/")
    page.locator("#first").click()
    page.locator("input[name=name]").fill("Ada Lovelace")
    page.locator("input[name=email]").fill("ada@client.example")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/booked/**")
    before = Booking.objects.get().starts_at

    page.goto(link_in(mails))
    page.locator("p.actions a").first.click()
    page.locator(".slots button").last.click()
    page.get_by_role("status").wait_for()
    assert Booking.objects.get().starts_at != before

    page.goto(link_in(mails))
    page.locator("summary").click()
    page.locator("button[value=cancel]").click()
    page.wait_for_function("!document.querySelector('summary')")
    outbox.drain(integration="email")

    assert Booking.objects.get().status == "cancelled"
    assert len(letters_to_client(mails)) == 3


def letters_to_client(mails: MailSandbox) -> list[str]:
    letters = [letter.message for letter in mails.letters if "ada@client.example" in letter.message["To"]]
    parts = [message.get_body(("plain",)) for message in letters]
    return [part.get_content() for part in parts if part]


def link_in(mails: MailSandbox) -> str:
    """That of the newest letter to the client, once it is delivered."""
    outbox.drain(integration="email")
    return re.findall(r"http://\S+/book/meeting/\S+/", letters_to_client(mails)[-1])[0]


def test_client_takes_the_meeting_into_the_calendar(page: Page) -> None:
    booking = a_booking()
    page.goto(path_of(booking))

    with page.expect_download() as download:
        page.get_by_role("link", name="Add to calendar").click()

    assert download.value.suggested_filename == f"{booking.reference}.ics"


@pytest.fixture
def elsewhere(tmp_path: Path, live_server: LiveServer, settings: Any) -> Iterator[str]:
    """The firm's own site, on another host and port, with our one line in its page."""
    line = f'<script src="{live_server.url}/static/leads/embed.js" data-show="book" data-language="en"></script>'
    (tmp_path / "index.html").write_text(f"<!doctype html><title>Firm</title><h1>Firm</h1>{line}<p>After</p>")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        origin = f"http://127.0.0.1:{server.server_port}"
        settings.EMBED_ORIGINS = [origin]
        yield origin
        server.shutdown()


def test_visitor_books_in_a_frame_on_another_site(page: Page, elsewhere: str) -> None:
    page.goto(elsewhere)
    frame = page.frame_locator("iframe")
    click_within(frame.get_by_role("link", name="Grace Hopper"))
    click_within(frame.get_by_role("link", name="60 minutes"))
    expect(frame.get_by_role("link", name="60 minutes")).to_have_attribute("aria-current", "true")
    click_within(frame.locator(".slots button").first)

    fill_in(frame, "Your name", "E-mail address")
    click_within(frame.get_by_role("button", name="Book this time"))

    expect(frame.get_by_role("heading", name="Thank you: your consultation is booked")).to_be_visible()
    assert (Booking.objects.get().zone, page.url) == ("Europe/London", f"{elsewhere}/")
