"""What visitors see of consultants and their times."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from bookings.actions import book
from bookings.models import BusyCalendar, Consultant, TimeOff
from bookings.ports import Answer, NoCalendars
from tests.bookings.times import at
from tests.bookings.visiting import choose, clocks, send, text_of
from tests.factories import ConsultantFactory, a_client

pytestmark = pytest.mark.django_db

PAGE = "/en/book/grace/"
MONDAY = datetime(2031, 3, 24, 6, tzinfo=UTC)  # the week in which clocks in Berlin are put forward


def grace(**fields: Any) -> Consultant:
    made: Consultant = ConsultantFactory(**{"slug": "grace", "name": "Grace Hopper", "zone": "Europe/Berlin", **fields})
    return made


def off(consultant: Consultant, days: int) -> None:
    """From now on, for so many days."""
    now = timezone.now()
    TimeOff.objects.create(consultant=consultant, starts_at=now, ends_at=now + timedelta(days=days))


# --- the list --------------------------------------------------------------------------------------------------------


@time_machine.travel(MONDAY, tick=False)
def test_list_shows_who_can_be_met_and_from_when(client: Client) -> None:
    grace(title_en="Compilers", title_de="Compiler")
    ConsultantFactory(name="Gone", active=False)

    english, german = (text_of(client.get(f"/{code}/book/")) for code in ("en", "de"))

    assert "Grace Hopper Compilers Next free time: Tuesday, 25 Mar 2031, 09:00 Europe/Berlin" in english
    assert "Dienstag, 25. März 2031, 09:00 Europe/Berlin" in german
    assert "Gone" not in english


def test_list_offers_whoever_is_free_where_there_is_a_choice(client: Client) -> None:
    grace()
    alone = client.get("/en/book/").content.decode()
    ConsultantFactory()

    both = client.get("/en/book/").content.decode()

    assert ("/en/book/any/" in alone, "/en/book/any/" in both) == (False, True)


def test_list_says_where_nothing_is_free(client: Client) -> None:
    off(grace(), 90)

    assert "No free time at the moment" in text_of(client.get("/en/book/"))


def test_list_without_anybody_says_so(client: Client) -> None:
    assert "No consultations can be booked at the moment." in text_of(client.get("/en/book/"))


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_five_queries(client: Client, count: int, django_assert_num_queries: Any) -> None:
    for consultant in ConsultantFactory.create_batch(count):
        book(consultant, at("10:00"), 30, a_client())

    with django_assert_num_queries(5):
        client.get("/en/book/")


@pytest.mark.parametrize("slug", ["any", "embed"])
def test_consultant_cannot_be_called_as_our_pages_are(slug: str) -> None:
    with pytest.raises(ValidationError, match="another one"):
        grace(slug=slug).full_clean()


class AsksNobody(NoCalendars):
    def ask(self, *args: Any, **kwargs: Any) -> Answer:
        raise AssertionError("a page asked a calendar")


def test_no_page_waits_for_a_calendar_before_somebody_books(client: Client, settings: Any) -> None:
    settings.BOOKINGS_CALENDAR = f"{__name__}.AsksNobody"
    grace(busy_calendars=["primary"])

    form = choose(client, at("10:00"))["Location"]
    answers = [client.get(path) for path in ("/en/book/", PAGE, "/en/book/any/", form)]

    assert [answer.status_code for answer in answers] == [200] * 4


# --- times -----------------------------------------------------------------------------------------------------------


@time_machine.travel(MONDAY, tick=False)
def test_page_begins_with_the_week_of_the_next_free_time(client: Client) -> None:
    off(grace(), 14)

    page = text_of(client.get(PAGE))

    assert "Next free time: Monday, 7 Apr 2031, 09:00 Europe/Berlin" in page
    assert "7 Apr 2031 to 13 Apr 2031" in page


@time_machine.travel(MONDAY, tick=False)
def test_week_without_a_free_time_leads_to_the_next_that_has_one(client: Client) -> None:
    off(grace(), 14)

    page = client.get(f"{PAGE}?week=2031-03-24")

    assert "Nothing is free in this week." in text_of(page)
    assert 'id="jump" href="?week=2031-04-07"' in page.content.decode()
    assert "7 Apr 2031 to" in text_of(client.get(f"{PAGE}?week=2031-04-07"))


@pytest.mark.parametrize("week", ["x", "2031-13-01", "0001-01-01", "9999-12-31", "%00", "2031-02-30"])
def test_week_that_is_none_shows_one_that_is(client: Client, week: str) -> None:
    grace()

    assert client.get(f"{PAGE}?week={week}").status_code == 200


@time_machine.travel(MONDAY, tick=False)
def test_times_are_those_of_the_visitors_clock(client: Client) -> None:
    grace()
    client.cookies["zone"] = "America/New_York"

    shown, chosen = client.get(PAGE), client.get(f"{PAGE}?zone=Asia/Kolkata")

    assert clocks(shown)[0] == "04:00"
    assert "Tuesday, 25 Mar 2031, 04:00 America/New_York" in shown.content.decode()
    assert clocks(chosen)[0] == "13:30"
    assert "<option selected>Asia/Kolkata</option>" in chosen.content.decode()
    assert 'href="?zone=Asia%2FKolkata&amp;week=' in chosen.content.decode()


@time_machine.travel(MONDAY, tick=False)
def test_night_to_summer_time_moves_the_visitors_times_and_not_the_consultants(client: Client) -> None:
    """In New York clocks were put forward two weeks before."""
    grace()
    client.cookies["zone"] = "America/New_York"

    before, after = (clocks(client.get(f"{PAGE}?week={week}")) for week in ("2031-03-24", "2031-03-31"))

    assert (before[0], after[0]) == ("04:00", "03:00")


@time_machine.travel(datetime(2031, 10, 20, 6, tzinfo=UTC), tick=False)
def test_hour_that_comes_twice_says_which_it_is(client: Client) -> None:
    consultant = grace()
    consultant.hours.update(start="00:00", end="00:00")

    shown = clocks(client.get(f"{PAGE}?week=2031-10-20"))

    assert [clock for clock in shown if clock.startswith("02:")][-4:] == [
        "02:00 CEST",
        "02:30 CEST",
        "02:00 CET",
        "02:30 CET",
    ]


def test_length_is_chosen(client: Client) -> None:
    grace(minutes=[30, 90])

    shorter, longer, wrong = (client.get(f"{PAGE}{query}") for query in ("", "?minutes=90", "?minutes=7"))

    assert [page.context["wish"].minutes for page in (shorter, longer, wrong)] == [30, 90, 30]
    assert len(clocks(longer)) < len(clocks(shorter))
    assert re.findall(r'id="length-\d+" href="([^"]*)"', shorter.content.decode()) == ["?minutes=30", "?minutes=90"]


@pytest.mark.parametrize("count", [1, 3])
def test_page_takes_at_most_eight_queries(client: Client, count: int, django_assert_max_num_queries: Any) -> None:
    ConsultantFactory.create_batch(count)
    for consultant in Consultant.objects.all():
        book(consultant, at("10:00"), 30, a_client())
    choose(client, at("11:00"), path="/en/book/any/")

    with django_assert_max_num_queries(8):
        client.get("/en/book/any/")


def test_page_of_nobody_is_not_found(client: Client) -> None:
    grace(active=False)

    assert [client.get(path).status_code for path in (PAGE, "/en/book/nobody/")] == [404, 404]


def test_whoever_is_free_is_the_union_of_all(client: Client) -> None:
    grace(zone="Europe/Berlin")
    ConsultantFactory(zone="America/New_York", minutes=[30])

    page = client.get(f"/en/book/any/?zone=UTC&week={at('10:00', days=14):%Y-%m-%d}")

    assert {"08:00", "09:00", "20:30", "21:30"} & set(clocks(page)) >= {"09:00", "20:30"}
    assert "the one whose last booking is longest ago" in text_of(page)


def test_search_engines_know_the_page_in_both_languages(client: Client) -> None:
    grace()

    page = client.get(f"{PAGE}?utm_source=news").content.decode()
    sitemap = client.get("/sitemap.xml").content.decode()

    assert '<link rel="canonical" href="http://testserver/en/book/grace/">' in page
    assert 'hreflang="de" href="http://testserver/de/book/grace/"' in page
    assert 'property="og:title" content="Book a consultation with Grace Hopper"' in page
    assert "/de/book/grace/" in sitemap
    assert "/en/book/<" in sitemap


def test_page_is_not_kept_for_visitors_of_other_zones(client: Client) -> None:
    grace()

    assert "Cookie" in client.get(PAGE)["Vary"]


def test_pages_need_no_inline_script_or_style(client: Client) -> None:
    grace()
    form = choose(client, at("10:00"))["Location"]
    booked = send(client, form)["Location"]
    meeting = booked.replace("booked", "meeting")

    for path in ("/en/book/", PAGE, "/en/book/embed/", f"{PAGE}embed/", form, booked, meeting, f"{meeting}move/"):
        page = client.get(path, follow=True).content.decode()
        assert re.findall(r"<script(?! src=)|<style|\sstyle=|\son\w+=", page) == []


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("age", "error", "told"),
    [
        (MINUTE, "", "These times were read from the calendar on Monday, 24 Mar 2031, 06:59 Europe/Berlin ."),
        (60 * MINUTE, "", "on Monday, 24 Mar 2031, 06:00 Europe/Berlin . We look once more when you book."),
        (MINUTE, "notFound", "06:59 Europe/Berlin . We look once more when you book."),
        (None, "", "We look once more when you book."),
    ],
)
@time_machine.travel(MONDAY, tick=False)
def test_page_says_how_old_the_calendars_copy_is(client: Client, age: timedelta | None, error: str, told: str) -> None:
    consultant = grace(busy_calendars=["primary"])
    checked_at = timezone.now() - age if age else None
    BusyCalendar.objects.create(consultant=consultant, calendar="primary", checked_at=checked_at, error=error)

    page = text_of(client.get(PAGE))

    assert told in page
    assert ("We look once more" in page) is ("We look once more" in told)


def test_page_without_calendars_says_nothing_of_them(client: Client) -> None:
    grace()

    assert 'id="age"' not in client.get(PAGE).content.decode()


# --- photos ----------------------------------------------------------------------------------------------------------


def picture() -> "ContentFile[bytes]":
    made = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.new("RGB", (1200, 800), "teal").save(made, "JPEG", exif=exif)
    return ContentFile(made.getvalue(), name="grace.jpg")


def test_photo_is_shown_small_and_without_what_the_camera_wrote(client: Client) -> None:
    grace(photo=picture())
    url = re.findall(r'<img class="portrait" src="([^"]*)"', client.get("/en/book/").content.decode())[0]

    answer = client.get(url)

    image = Image.open(BytesIO(answer.content))
    assert (answer["Content-Type"], image.format, image.size) == ("image/jpeg", "JPEG", (320, 320))
    assert (dict(image.getexif()), "max-age" in answer["Cache-Control"]) == ({}, True)


def test_photo_that_is_none_is_not_found(client: Client) -> None:
    consultant = grace(photo=ContentFile(b"<svg onload=alert(1)>", name="grace.svg"))
    ConsultantFactory(slug="plain")
    consultant.photo.storage.delete(consultant.photo.name)

    assert [client.get(f"/en/book/{slug}/photo/").status_code for slug in ("grace", "plain", "nobody")] == [404] * 3
