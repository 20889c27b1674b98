"""The stand-in for Stripe.js in a page that allows no more than Stripe asks for."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect
from stripe import StripeClient

from integrations.stripe.sandbox import PUBLISHABLE_KEY, SECRET_KEY, StripeSandbox
from tests.browser.clicks import click_within

SHOP = """<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1>
<div id="element"></div><button>Pay</button><p role="status"></p>
<script src="{stripe}"></script><script src="/shop.js"></script>"""
SCRIPT = """
const asked = new URLSearchParams(location.search);
const say = (text) => document.querySelector("[role=status]").textContent = text;
const stripe = Stripe("{key}");
const clientSecret = asked.get("secret") ?? asked.get("payment_intent_client_secret");
if (asked.has("redirect_status")) {{
    stripe.retrievePaymentIntent(clientSecret).then(({{ paymentIntent }}) => {{
        say(`back: ${{asked.get("redirect_status")}}, ${{paymentIntent.status}}`);
    }});
}} else {{
    const elements = stripe.elements({{ clientSecret, locale: asked.get("locale") ?? "en" }});
    const element = elements.create("payment", {{}});
    element.on("ready", () => say("ready")).on("loaderror", ({{ error }}) => say(`loaderror: ${{error.code}}`));
    element.on("change", ({{ complete, value }}) => document.body.dataset.form = `${{value.type}} ${{complete}}`);
    element.mount("#element");
    document.querySelector("button").addEventListener("click", async () => {{
        const confirmParams = {{ return_url: `${{location.origin}}/?back=1` }};
        const answer = await stripe.confirmPayment({{ elements, confirmParams, redirect: "if_required" }});
        say(answer.error ? `${{answer.error.type}}: ${{answer.error.message}}` : answer.paymentIntent.status);
    }});
}}
"""


class Shop(ThreadingHTTPServer):
    """A page of another origin, with a strict policy."""

    daemon_threads = True

    def __init__(self, peer: StripeSandbox) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.policy = (
            f"default-src 'none'; script-src 'self' {peer.url}; frame-src {peer.url}; connect-src {peer.url}; "
            "style-src 'none'; img-src data:"
        )
        self.pages = {"/": SHOP.format(stripe=peer.js_url), "/shop.js": SCRIPT.format(key=PUBLISHABLE_KEY)}
        self.url = f"http://localhost:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        text = self.server.pages.get(path, "").encode()
        self.send_response(200 if text else 204)
        self.send_header("Content-Type", "text/javascript" if path.endswith(".js") else "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def peer() -> Iterator[StripeSandbox]:
    with StripeSandbox() as peer:
        yield peer


@pytest.fixture
def intent(peer: StripeSandbox) -> Any:
    client = StripeClient(SECRET_KEY, base_addresses={"api": peer.url}, max_network_retries=0)
    return client.v1.payment_intents.create({"amount": 11900, "currency": "eur"})


Open = Callable[..., Page]


@pytest.fixture
def open_shop(browser: Browser, peer: StripeSandbox, intent: Any) -> Iterator[Open]:
    """Opens the page for the intent; whatever the browser complains about fails the test, but an API's refusal."""
    shop, complaints = Shop(peer), list[str]()
    page = browser.new_page(locale="en")
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)

    def go(secret: str = "", **query: str) -> Page:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        page.goto(f"{shop.url}/?secret={secret or intent.client_secret}&{asked}")
        return page

    yield go
    page.close()
    shop.shutdown()
    shop.server_close()
    assert [text for text in complaints if "Failed to load resource" not in text] == []


def form(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title='Secure payment input frame']")


def fill_card(page: Page, number: str) -> None:
    form(page).get_by_label("Card number").fill(number)
    form(page).get_by_label("Expiration date").fill("12 / 34")
    form(page).get_by_label("Security code").fill("123")


def pay(page: Page) -> None:
    page.get_by_role("button", name="Pay").click()


def test_card_is_paid_without_leaving_the_page(open_shop: Open, peer: StripeSandbox, intent: Any) -> None:
    page = open_shop()
    expect(page.get_by_role("status")).to_have_text("ready")

    fill_card(page, "4242 4242 4242 4242")
    expect(page.locator("body")).to_have_attribute("data-form", "card true")
    pay(page)

    expect(page.get_by_role("status")).to_have_text("succeeded")
    assert peer.get("payment_intents", intent.id)["amount_received"] == 11900


def test_declined_card_is_told_and_another_one_is_taken(open_shop: Open) -> None:
    page = open_shop()

    fill_card(page, "4000000000009995")
    pay(page)
    expect(page.get_by_role("status")).to_have_text("card_error: Your card has insufficient funds.")
    fill_card(page, "4242424242424242")
    pay(page)

    expect(page.get_by_role("status")).to_have_text("succeeded")


def test_incomplete_form_is_told_at_its_fields(open_shop: Open, peer: StripeSandbox) -> None:
    page = open_shop()

    fill_card(page, "4242")
    pay(page)

    expect(page.get_by_role("status")).to_have_text("validation_error: Your card number is incomplete.")
    expect(form(page).get_by_role("alert")).to_have_text("Your card number is incomplete.")
    expect(form(page).get_by_label("Card number")).to_have_attribute("aria-describedby", "number-error")
    expect(form(page).get_by_label("Card number")).to_be_focused()
    assert ("payment_intents.confirm", "") not in peer.calls


def test_german_form_speaks_german(open_shop: Open) -> None:
    page = open_shop(locale="de")

    form(page).get_by_label("Kartennummer").fill("4000000000000002")
    form(page).get_by_label("Ablaufdatum").fill("12/34")
    form(page).get_by_label("Sicherheitscode").fill("123")
    pay(page)

    expect(page.get_by_role("status")).to_have_text("card_error: Ihre Karte wurde abgelehnt.")


@pytest.mark.parametrize(
    ("button", "said"),
    [("Complete", "back: succeeded, succeeded"), ("Fail", "back: failed, requires_payment_method")],
)
def test_bank_asks_on_a_page_of_its_own_and_sends_the_payer_back(open_shop: Open, button: str, said: str) -> None:
    page = open_shop()

    fill_card(page, "4000002500003155")
    pay(page)
    page.get_by_role("button", name=button).click()

    expect(page.get_by_role("status")).to_have_text(said)
    assert "back=1" in page.url


@pytest.mark.parametrize(("button", "said"), [("Complete", "succeeded"), ("Fail", "We are unable to authenticate")])
def test_bank_asks_in_a_frame_over_the_page(open_shop: Open, button: str, said: str) -> None:
    page = open_shop()

    fill_card(page, "4000000000003220")
    pay(page)
    click_within(page.frame_locator("iframe[title='3D Secure']").get_by_role("button", name=button))

    expect(page.get_by_role("status")).to_contain_text(said)
    expect(page.locator("iframe[title='3D Secure']")).to_have_count(0)


def test_debit_is_processing(open_shop: Open) -> None:
    page = open_shop()

    form(page).get_by_label("SEPA Direct Debit").press("Space")
    form(page).get_by_label("IBAN").fill("DE89 3704 0044 0532 0130 00")
    form(page).get_by_label("Full name").fill("Ann Example")
    pay(page)

    expect(page.get_by_role("status")).to_have_text("processing")


def test_form_is_filled_by_keyboard(open_shop: Open) -> None:
    page = open_shop()
    expect(page.get_by_role("status")).to_have_text("ready")

    page.keyboard.press("Tab")
    expect(form(page).get_by_role("radio", name="Card")).to_be_focused()
    for label, text in {"Card number": "4242424242424242", "Expiration date": "1234", "Security code": "123"}.items():
        page.keyboard.press("Tab")
        expect(form(page).get_by_label(label)).to_be_focused()
        page.keyboard.type(text)
    page.get_by_role("button", name="Pay").press("Enter")

    expect(page.get_by_role("status")).to_have_text("succeeded")


def test_paid_intent_opens_no_form(open_shop: Open, peer: StripeSandbox, intent: Any) -> None:
    peer.pay(intent.id)

    page = open_shop()

    expect(page.get_by_role("status")).to_have_text("loaderror: payment_intent_unexpected_state")


def test_wrong_secret_opens_no_form(open_shop: Open, intent: Any) -> None:
    page = open_shop(f"{intent.id}_secret_guessed")

    expect(page.get_by_role("status")).to_have_text("loaderror: resource_missing")


def test_frame_is_as_high_as_its_form(open_shop: Open) -> None:
    page = open_shop()
    expect(page.get_by_role("status")).to_have_text("ready")

    inside = form(page).locator("body").evaluate("body => body.getBoundingClientRect().height")
    expect(page.locator("iframe")).to_have_css("height", f"{int(inside + 0.99)}px")
