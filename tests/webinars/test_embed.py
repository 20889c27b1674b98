"""The list and the form in a frame on another site."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from tests.factories import RegistrationFactory, SessionFactory
from webinars import links
from webinars.models import Registration

pytestmark = pytest.mark.django_db

SITES = ["https://www.firm.example", "https://firm.example"]
TYPED = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@client.example", "terms_accepted": "on"}
FRAMED = ["/en/webinars/embed/", "/en/webinars/data/embed/", "/en/webinars/data/embed/thanks/confirmed/"]
PLAIN = ["/en/webinars/", "/en/webinars/data/", "/en/webinars/data/thanks/confirmed/", "/en/whitepapers/"]


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def allowed(settings: Any) -> None:
    settings.EMBED_ORIGINS = SITES
    SessionFactory(slug="data")


def ancestors(answer: Any) -> str:
    return re.findall(r"frame-ancestors ([^;]*)", answer["Content-Security-Policy"])[0]


@pytest.mark.parametrize("path", FRAMED)
def test_sites_on_the_list_may_frame_the_page(client: Client, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, ancestors(answer)) == (200, " ".join(SITES))
    assert "X-Frame-Options" not in answer


@pytest.mark.parametrize("path", PLAIN)
def test_nobody_may_frame_any_other_page(client: Client, path: str) -> None:
    answer = client.get(path)

    assert (ancestors(answer), answer["X-Frame-Options"]) == ("'none'", "DENY")


@pytest.mark.parametrize("path", FRAMED)
def test_nobody_may_frame_anything_without_a_list(client: Client, settings: Any, path: str) -> None:
    settings.EMBED_ORIGINS = []

    assert ancestors(client.get(path)) == "'none'"


@pytest.mark.parametrize("path", FRAMED)
def test_the_rest_of_the_policy_stays(client: Client, path: str) -> None:
    policies = [client.get(each)["Content-Security-Policy"] for each in (path, "/en/webinars/")]

    assert len({re.sub(r"frame-ancestors [^;]*", "", policy) for policy in policies}) == 1


def test_form_works_without_cookies_and_leaves_none() -> None:
    client = Client(enforce_csrf_checks=True)

    page = client.get("/en/webinars/data/embed/?zone=Europe/London")
    answer = client.post("/en/webinars/data/embed/?zone=Europe/London", TYPED)

    assert answer["Location"] == "/en/webinars/data/embed/thanks/confirmed/?zone=Europe/London"
    assert Registration.objects.get().email == "ada@client.example"
    assert (dict(client.cookies), "csrf" in page.content.decode()) == ({}, False)


def test_frame_tells_the_visitors_zone_in_its_address(client: Client) -> None:
    page = client.get("/en/webinars/data/embed/?zone=Europe/London").content.decode()

    assert "your time:" in page
    assert 'name="zone" value="Europe/London"' in page


def test_links_stay_in_the_frame(client: Client) -> None:
    for path in FRAMED:
        links = re.findall(r'<a [^>]*href="(/[^"]*)"', client.get(path).content.decode())
        assert links
        assert [link for link in links if "/embed/" not in link] == []


def test_full_session_says_so_in_the_frame(client: Client) -> None:
    RegistrationFactory(session=SessionFactory(slug="full", capacity=1, waiting_list=False))

    assert "All seats of this session are taken." in client.get("/en/webinars/full/embed/").content.decode()


def test_search_engines_are_sent_to_the_page_itself(client: Client) -> None:
    assert client.get(FRAMED[0])["X-Robots-Tag"] == "noindex"


@pytest.mark.usefixtures("payable")
def test_paid_seat_is_paid_outside_of_the_frame(client: Client) -> None:
    SessionFactory(slug="paid", price=99)

    answer = client.post("/en/webinars/paid/embed/", TYPED)

    url = f"/en/webinars/pay/{links.token_of(Registration.objects.get())}/"
    assert f'href="{url}" target="_top"' in answer.content.decode()
    assert ancestors(client.get(url)) == "'none'"
