"""From click to refund in a real browser: our page, the provider's form in its frame, its bank and its events."""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from integrations import inbox, outbox
from integrations.models import Delivery
from integrations.stripe.sandbox import StripeSandbox
from tests.factories import SessionFactory, TopicFactory, a_registrant
from tests.integrations.stripe.conftest import a_seat, connect
from webinars import actions, links
from webinars.models import Payment, Refund, Registration, Session

pytestmark = pytest.mark.django_db(transaction=True)

GOOD, DECLINED, POOR = "4242424242424242", "4000000000000002", "4000000000009995"
CHALLENGED = "4000002500003155"
SLOW_DEBIT = "DE89370400440532013000"
WIDTHS = [360, 1280]
WORDS = {
    "en": ("Card number", "Expiration date", "Security code", "Pay 119.00 EUR now"),
    "de": ("Kartennummer", "Ablaufdatum", "Sicherheitscode", "119,00 EUR jetzt bezahlen"),
}
SEATED = {"en": "You have a seat", "de": "Sie haben einen Platz"}
LEAVING = {  # the link, what opens the form, what is due, the button, and how the refund is told before and after
    "en": (
        "To your registration",
        "I cannot come",
        "If you cancel now, you get 119.00 EUR back.",
        "Cancel my registration",
        "119.00 EUR are on their way back to you.",
        "119.00 EUR went back to you",
    ),
    "de": (
        "Zu Ihrer Anmeldung",
        "Ich kann nicht teilnehmen",
        "Wenn Sie jetzt absagen, bekommen Sie 119,00 EUR zurück.",
        "Meine Anmeldung stornieren",
        "119,00 EUR sind auf dem Weg zurück zu Ihnen.",
        "119,00 EUR sind an Sie zurückgegangen",
    ),
}
SHOTS = os.environ.get("MAGNETIQ_SCREENSHOTS")  # a folder: what the pages look like is kept there


@pytest.fixture
def peer(live_server: LiveServer) -> Iterator[StripeSandbox]:
    cache.clear()
    with StripeSandbox() as peer:
        peer.add_endpoint(f"{live_server.url}/webhooks/stripe/")
        connect(peer)
        yield peer


@pytest.fixture(params=WIDTHS)
def page(
    request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer, peer: StripeSandbox
) -> Iterator[Page]:
    """Whatever the browser complains about fails the test, such as something that the policy forbids; and so does a
    page wider than the screen."""
    page = browser.new_page(base_url=live_server.url, viewport={"width": request.param, "height": 800})
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
    """Chromium counts every answer that says no among the errors, such as that a card was declined."""
    return message.type == "error" and not re.search("status of (400|402|409|503)", message.text)


@pytest.fixture
def session() -> Session:
    topic = TopicFactory(title_en="Data strategy", title_de="Datenstrategie")
    made: Session = SessionFactory(slug="data", topic=topic, capacity=1, price=119, presenter="Grace Hopper")
    return made


def seat_of(session: Session, language: str = "en") -> Registration:
    return a_seat(session, language=language)


def path_of(registration: Registration) -> str:
    return urlsplit(links.pay(registration)).path


def fill_in(page: Page, number: str, language: str = "en") -> None:
    frame = page.frame_locator("#pay-element iframe")
    for label, typed in zip(WORDS[language], (number, "12 / 34", "123"), strict=False):
        frame.get_by_label(label).fill(typed)


def press_pay(page: Page, language: str = "en") -> None:
    """Chromium finds out by the last frame drawn whether a click is the provider's or ours: nobody scrolls and clicks
    within one."""
    button = page.get_by_role("button", name=WORDS[language][-1])
    button.scroll_into_view_if_needed()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    button.click()


def hear(peer: StripeSandbox) -> None:
    """The provider's events have come, and our worker has had its turn."""
    assert peer.webhooks.wait_idle()
    inbox.sweep()


def look_now(page: Page) -> None:
    """Not to wait until the page looks again by itself."""
    page.evaluate("htmx.trigger('#poll', 'now')")


def intent_of(page: Page) -> str:
    """Begun by the page that is open."""
    page.locator("#pay-form").wait_for()
    return Payment.objects.get().provider_id


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def keep(page: Page, name: str) -> None:
    if SHOTS:
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=Path(SHOTS) / f"pay-{name}-{width}.png", full_page=True)


@pytest.mark.parametrize("language", ["en", "de"])
def test_visitor_registers_pays_and_has_the_seat(
    page: Page, peer: StripeSandbox, session: Session, language: str
) -> None:
    page.goto(f"/{language}/webinars/data/")
    for name, value in [("first_name", "Ada"), ("last_name", "Lovelace"), ("email", "ada@client.example")]:
        page.locator(f"input[name={name}]").fill(value)
    page.locator("input[name=terms_accepted]").check()
    page.locator("main form button").click()
    fill_in(page, GOOD, language)
    keep(page, f"to-pay-{language}")
    press_pay(page, language)

    heading(page, SEATED[language])
    keep(page, f"paid-{language}")
    made = Registration.objects.get()
    assert (made.status, Payment.objects.get().status) == ("confirmed", "succeeded")
    assert "payment_intent" not in page.url
    assert "sessionid" not in {each.get("name") for each in page.context.cookies()}


@pytest.mark.parametrize("language", ["en", "de"])
def test_declined_card_says_why_and_another_one_pays(
    page: Page, peer: StripeSandbox, session: Session, language: str
) -> None:
    registration = seat_of(session, language)
    page.goto(path_of(registration))
    fill_in(page, DECLINED, language)
    press_pay(page, language)

    alert = page.locator("#pay-wrong")
    expect(alert).to_contain_text({"en": "declined", "de": "abgelehnt"}[language])
    expect(alert).to_be_focused()
    hear(peer)
    look_now(page)
    heading(page, {"en": "The payment did not go through", "de": "Die Zahlung hat nicht geklappt"}[language])
    keep(page, f"declined-{language}")

    fill_in(page, GOOD, language)
    press_pay(page, language)

    heading(page, SEATED[language])
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("language", ["en", "de"])
def test_card_that_asks_for_3d_secure_pays_once_that_is_passed(
    page: Page, peer: StripeSandbox, session: Session, language: str
) -> None:
    registration = seat_of(session, language)
    page.goto(path_of(registration))
    fill_in(page, CHALLENGED, language)
    press_pay(page, language)

    page.get_by_role("button", name="Complete").click()

    heading(page, SEATED[language])
    assert Registration.objects.get().status == "confirmed"


def test_3d_secure_that_fails_is_a_decline(page: Page, peer: StripeSandbox, session: Session) -> None:
    page.goto(path_of(seat_of(session)))
    fill_in(page, CHALLENGED)
    press_pay(page)

    page.get_by_role("button", name="Fail").click()

    heading(page, "The payment did not go through")
    assert "secret" not in page.url
    assert Registration.objects.get().status == "pending_payment"


@pytest.mark.parametrize("language", ["en", "de"])
def test_debit_is_on_its_way_until_the_bank_has_paid(
    page: Page, peer: StripeSandbox, session: Session, language: str
) -> None:
    page.goto(path_of(seat_of(session, language)))
    frame = page.frame_locator("#pay-element iframe")
    frame.locator("input[value=sepa_debit]").press("Space")  # a click may miss while the frame takes its height
    frame.get_by_label("IBAN").wait_for()
    frame.get_by_label("IBAN").fill(SLOW_DEBIT)
    frame.locator("#name").fill("Ada Lovelace")
    press_pay(page, language)

    heading(page, {"en": "Your payment is on its way", "de": "Ihre Zahlung ist unterwegs"}[language])
    keep(page, f"processing-{language}")
    assert Registration.objects.get().status == "pending_payment"

    peer.settle(Payment.objects.get().provider_id)
    hear(peer)
    look_now(page)

    heading(page, SEATED[language])
    expect(page).to_have_title(re.compile(SEATED[language]))


@pytest.mark.parametrize("language", ["en", "de"])
def test_payment_that_was_abandoned_goes_on_where_it_was(
    page: Page, peer: StripeSandbox, session: Session, language: str
) -> None:
    path = path_of(seat_of(session, language))
    page.goto(path)
    fill_in(page, GOOD, language)
    page.goto(f"/{language}/webinars/")

    page.goto(path)
    fill_in(page, GOOD, language)
    press_pay(page, language)

    heading(page, SEATED[language])
    assert (Payment.objects.count(), len(peer.records("payment_intents"))) == (1, 1)


def test_page_in_the_other_tab_hears_of_the_money_and_loses_its_form(
    page: Page, peer: StripeSandbox, session: Session, live_server: LiveServer
) -> None:
    path = path_of(seat_of(session))
    page.goto(path)
    page.frame_locator("#pay-element iframe").get_by_label("Card number").wait_for()
    button = page.get_by_role("button", name="Pay 119.00 EUR now")
    button.focus()
    expect(button).to_be_focused()
    peer.pay(intent_of(page))
    hear(peer)

    look_now(page)

    heading(page, "You have a seat")
    expect(page.locator("#payment")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_news_take_the_focus_from_nobody_who_is_elsewhere(page: Page, peer: StripeSandbox, session: Session) -> None:
    page.goto(path_of(seat_of(session)))
    paying = intent_of(page)
    page.get_by_role("link", name="Data strategy").focus()
    peer.pay(paying)
    hear(peer)

    look_now(page)

    heading(page, "You have a seat")
    expect(page.get_by_role("link", name="Data strategy")).to_be_focused()


def test_form_takes_the_colours_of_a_dark_page(page: Page, peer: StripeSandbox, session: Session) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(path_of(seat_of(session)))
    label = page.frame_locator("#pay-element iframe").get_by_text("Card number")
    label.wait_for()
    keep(page, "dark")

    text, surface = (
        page.evaluate(f"getComputedStyle(document.querySelector('#payment')).{each}")
        for each in ("color", "backgroundColor")
    )
    assert label.evaluate("each => getComputedStyle(each).color") == text == "rgb(232, 235, 240)"
    assert label.evaluate("each => getComputedStyle(document.body).backgroundColor") in (surface, "rgba(0, 0, 0, 0)")


def test_pressing_where_the_other_tab_has_paid_charges_nothing(
    page: Page, peer: StripeSandbox, session: Session
) -> None:
    page.goto(path_of(seat_of(session)))
    fill_in(page, GOOD)
    peer.pay(intent_of(page))
    hear(peer)

    press_pay(page)

    heading(page, "You have a seat")
    assert len([each for each in peer.records("charges") if each["paid"]]) == 1


def test_form_stays_where_it_is_while_it_loads(page: Page, peer: StripeSandbox, session: Session) -> None:
    """A click on what is there already must not meet something else."""
    page.add_init_script(
        """const look = () => {
            const form = document.getElementById("pay-element");
            if (form?.clientWidth) (window.places ??= new Set()).add(form.getBoundingClientRect().top + scrollY);
            requestAnimationFrame(look);
        };
        requestAnimationFrame(look);"""
    )
    page.goto(path_of(seat_of(session)))
    page.frame_locator("#pay-element iframe").get_by_label("Card number").wait_for()
    expect(page.locator("#pay-wait")).to_be_hidden()

    assert page.evaluate("new Promise(done => requestAnimationFrame(() => done(places.size)))") == 1


def test_provider_that_is_down_keeps_the_seat_and_may_be_tried_again(
    page: Page, peer: StripeSandbox, session: Session
) -> None:
    peer.faults.set("status", 503, call="payment_intents.*")
    page.goto(path_of(seat_of(session)))
    expect(page.locator("#pay-down")).to_be_visible()
    keep(page, "down")

    peer.faults.clear()
    page.get_by_role("button", name="Try again").click()

    fill_in(page, GOOD)
    press_pay(page)
    heading(page, "You have a seat")


@pytest.mark.parametrize("language", ["en", "de"])
def test_refund_is_told_when_it_is_promised_and_when_it_is_made(
    page: Page, peer: StripeSandbox, session: Session, language: str
) -> None:
    to_registration, leave, due, button, promised, made = LEAVING[language]
    registration = seat_of(session, language)
    page.goto(path_of(registration))
    fill_in(page, GOOD, language)
    press_pay(page, language)
    page.get_by_role("link", name=to_registration).click()

    page.get_by_text(leave).click()
    expect(page.locator("details")).to_contain_text(due)
    keep(page, f"own-page-{language}")
    page.get_by_role("button", name=button).click()
    expect(page.locator("main")).to_contain_text(promised)

    Delivery.objects.update(due_at=timezone.now())
    outbox.drain(integration="stripe")

    page.goto(path_of(registration))
    expect(page.locator("main")).to_contain_text(made)
    keep(page, f"refunded-{language}")
    assert Refund.objects.get().status == "succeeded"


def test_money_for_a_seat_that_is_gone_goes_back_and_the_page_says_so(
    page: Page, peer: StripeSandbox, session: Session
) -> None:
    registration = seat_of(session)
    page.goto(path_of(registration))
    fill_in(page, GOOD)
    actions.register(session, a_registrant("bob@client.example"))
    Registration.objects.filter(pk=registration.pk).update(held_until=timezone.now() - timedelta(seconds=1))
    peer.pay(intent_of(page))
    Registration.objects.filter(pk=registration.pk).update(status="expired", held_until=None)
    hear(peer)

    look_now(page)

    heading(page, "Your payment came too late")
    keep(page, "lost")


def test_time_that_runs_out_under_the_eyes_takes_the_form_away(
    page: Page, peer: StripeSandbox, session: Session
) -> None:
    registration = seat_of(session)
    Registration.objects.update(held_until=timezone.now() + timedelta(minutes=10))
    page.goto(path_of(registration))
    expect(page.locator("#left")).to_have_text(re.compile(r"^\d:\d\d$"))

    Registration.objects.update(held_until=timezone.now())
    page.evaluate("document.getElementById('left').dataset.end = Date.now()")  # no minutes of waiting

    heading(page, "The time for paying is over")
    expect(page.locator("#payment")).to_have_count(0)


def test_everything_is_reached_by_keyboard(page: Page, peer: StripeSandbox, session: Session) -> None:
    page.goto(path_of(seat_of(session)))
    page.frame_locator("#pay-element iframe").get_by_label("Card number").focus()
    for typed in (GOOD, "1234", "123"):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    for _ in range(3):
        if page.evaluate("document.activeElement.tagName") == "BUTTON":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    heading(page, "You have a seat")


def test_page_without_script_says_what_it_needs(
    browser: Browser, live_server: LiveServer, peer: StripeSandbox, session: Session
) -> None:
    page = browser.new_page(base_url=live_server.url, java_script_enabled=False)

    page.goto(path_of(seat_of(session)))

    expect(page.locator("#left")).to_have_text("30 minutes left")
    told = page.content()
    assert "payment form needs JavaScript. Please switch it on for this page" in told
    assert "Look again" in told
    for part in ("#pay-form", "#pay-wait", "#pay-check", "#pay-down"):
        expect(page.locator(part)).to_be_hidden()
    page.close()
