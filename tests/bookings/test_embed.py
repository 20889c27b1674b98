"""Choosing and booking in a frame on another site."""

import re
from typing import Any

import pytest
from django.test import Client

from bookings.models import Booking
from tests.bookings.times import at
from tests.bookings.visiting import TYPED, choose
from tests.factories import ConsultantFactory

pytestmark = pytest.mark.django_db

SITES = ["https://www.firm.example", "https://firm.example"]
ZONE = "?zone=Europe/London"


@pytest.fixture(autouse=True)
def allowed(settings: Any) -> None:
    settings.EMBED_ORIGINS = SITES
    ConsultantFactory(slug="grace")
    ConsultantFactory(slug="zoe")


def ancestors(answer: Any) -> str:
    return re.findall(r"frame-ancestors ([^;]*)", answer["Content-Security-Policy"])[0]


def way_through() -> list[str]:
    """The addresses that somebody comes by in a frame, whose browser sends no cookies."""
    form = choose(Client(), at("10:00"), path=f"/en/book/grace/embed/{ZONE}")["Location"]
    booked = Client(enforce_csrf_checks=True).post(form, TYPED)["Location"]
    held = choose(Client(), at("12:00"), path=f"/en/book/any/embed/{ZONE}")["Location"]
    return [f"/en/book/embed/{ZONE}", f"/en/book/grace/embed/{ZONE}", f"/en/book/any/embed/{ZONE}", held, booked]


def test_sites_on_the_list_may_frame_the_whole_way(client: Client) -> None:
    for path in way_through():
        answer = client.get(path)
        assert (answer.status_code, ancestors(answer)) == (200, " ".join(SITES))
        assert "X-Frame-Options" not in answer
        assert answer["X-Robots-Tag"] == "noindex"


def test_nobody_may_frame_the_same_pages_outside_of_it(client: Client) -> None:
    for path in way_through():
        answer = client.get(path.replace("embed/", ""))
        assert (answer.status_code, ancestors(answer), answer["X-Frame-Options"]) == (200, "'none'", "DENY")


def test_nobody_may_frame_anything_without_a_list(client: Client, settings: Any) -> None:
    settings.EMBED_ORIGINS = []

    assert {ancestors(client.get(path)) for path in way_through()} == {"'none'"}


def test_way_needs_no_cookies_and_leaves_none() -> None:
    client = Client(enforce_csrf_checks=True)

    pages = [client.get(path) for path in way_through()]

    assert Booking.objects.filter(status="confirmed").count() == 1
    assert dict(client.cookies) == {}
    assert [page for page in pages if b"csrf" in page.content] == []


def test_links_stay_in_the_frame_and_carry_the_zone(client: Client) -> None:
    for path in way_through():
        page = client.get(path).content.decode()
        found = re.findall(r'<a (?![^>]*target="_top")[^>]*href="(/[^"]*)"', page)
        assert found
        inside = [link for link in found if not link.endswith(".ics")]
        assert [link for link in inside if "embed/" not in link or "zone=Europe/London" not in link] == []


def test_own_page_opens_outside_of_the_frame(client: Client) -> None:
    booked = client.get(way_through()[-1]).content.decode()

    meeting = re.findall(r'href="([^"]*/meeting/[^"]*/)" target="_top"', booked)[0]
    assert ancestors(client.get(meeting)) == "'none'"


def test_visitors_zone_is_kept_with_the_booking(client: Client) -> None:
    form = way_through()[3]
    typed = re.findall(r'name="zone" value="([^"]*)"', client.get(form).content.decode())[0]

    client.post(form, {**TYPED, "zone": typed})

    assert set(Booking.objects.values_list("zone", flat=True)) == {"", "Europe/London"}
