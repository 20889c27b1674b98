"""A visitor's way to a whitepaper: the form, the letters, and a program on the way that opens every link in them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from django.core.files.base import ContentFile
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from integrations import outbox
from integrations.email.sandbox import Letter, MailSandbox
from leads.models import Consent, Lead, Touchpoint, Whitepaper
from tests.factories import WhitepaperFactory

LINK = re.compile(r"http://[^\s\"<>]+")


@pytest.fixture
def whitepaper() -> Whitepaper:
    made = WhitepaperFactory(slug="storage", title_en="Storage", title_de="Speicher")
    made.file.save("storage.pdf", ContentFile(b"%PDF-1.4 storage"))
    return made


@pytest.fixture(params=["en", "de"])
def visitor(
    request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer, whitepaper: Whitepaper
) -> Iterator[Page]:
    """On the list of whitepapers, with a telephone."""
    page = browser.new_page(base_url=live_server.url, locale=request.param, viewport={"width": 360, "height": 740})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"/{request.param}/whitepapers/")
    yield page
    page.close()
    assert complaints == []


def ask(visitor: Page) -> None:
    german = "/de/" in visitor.url
    visitor.get_by_role("link", name="Speicher" if german else "Storage").click()
    visitor.get_by_label("Ihr Name" if german else "Your name").fill("Ada Lovelace")
    visitor.get_by_label("E-Mail-Adresse" if german else "E-mail address").fill("ada@client.example")
    visitor.get_by_role("checkbox").check()
    visitor.get_by_role("button", name="Whitepaper anfordern" if german else "Request whitepaper").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text(
        "Bitte sehen Sie in Ihr Postfach" if german else "Please look into your mailbox"
    )


def text_of(letter: Letter) -> str:
    part = letter.message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def links(letter: Letter) -> list[str]:
    return LINK.findall(text_of(letter))


def scan(letters: list[Letter]) -> None:
    """What a mail server's scanner does: it asks for every address that stands in a letter, and presses nothing."""
    for link in (link for letter in letters for link in LINK.findall(letter.raw.decode() + text_of(letter))):
        requests.head(link, timeout=30)
        requests.get(link, timeout=30)


def state() -> tuple[bool, bool, bool, list[int]]:
    lead = Lead.objects.get()
    confirmed = Consent.objects.get().confirmed_at is not None
    downloads = list(Touchpoint.objects.values_list("downloads", flat=True))
    return lead.email_confirmed_at is not None, lead.marketing_consent, confirmed, downloads


def test_link_comes_by_letter_and_only_buttons_do_anything(visitor: Page, mails: MailSandbox) -> None:
    ask(visitor)
    assert "/download/" not in visitor.content()
    outbox.drain(integration="email")
    download, opt_in = sorted(mails.letters, key=lambda letter: "/consent/" in text_of(letter))

    scan([download, opt_in])
    assert state() == (False, False, False, [0])

    visitor.goto(next(link for link in links(download) if "/download/" in link))
    with visitor.expect_download() as file:
        visitor.get_by_role("main").get_by_role("button").press("Enter")
    assert Path(file.value.path()).read_bytes() == b"%PDF-1.4 storage"
    assert state() == (True, False, False, [1])

    visitor.goto(next(link for link in links(opt_in) if "/consent/" in link))
    visitor.get_by_role("main").get_by_role("button").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text(re.compile("bestätigt|confirmed"))
    assert state() == (True, True, True, [1])
