"""From a time that is chosen to a meeting: what is kept, for how long, and what becomes of what is typed."""

import re
from datetime import UTC, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings import actions, links
from bookings.actions import hold
from bookings.errors import CalendarSilent, NotOffered
from bookings.models import Booking, BusyCalendar, BusyInterval, Consultant
from bookings.ports import Answer, NoCalendars, OnUnknown
from leads.models import Consent, Lead, Touchpoint
from tests.bookings.times import at
from tests.bookings.visiting import TYPED, book, choose, clocks, heading, send, text_of
from tests.factories import ConsultantFactory, a_client

pytestmark = pytest.mark.django_db

PAGE = "/en/book/grace/"


class Silent(NoCalendars):
    def ask(self, *args: Any, **kwargs: Any) -> Answer:
        return Answer.UNKNOWN


class Refusing(Silent):
    on_unknown = OnUnknown.REFUSE


class Pending(Silent):
    on_unknown = OnUnknown.PENDING


class Busy(NoCalendars):
    def ask(self, *args: Any, **kwargs: Any) -> Answer:
        return Answer.BUSY


@pytest.fixture(autouse=True)
def grace() -> Consultant:
    made: Consultant = ConsultantFactory(slug="grace", name="Grace Hopper", meeting_types=["video", "phone"])
    return made


def let_run_out() -> None:
    Booking.objects.filter(status="held").update(held_until=timezone.now() - timedelta(seconds=1))


# --- what is held ----------------------------------------------------------------------------------------------------


def test_time_that_is_chosen_is_held_and_leads_to_its_form(client: Client) -> None:
    answer = choose(client, at("10:00"))

    held = Booking.objects.get()
    page = client.get(answer["Location"])
    assert (answer.status_code, held.status, held.starts_at, held.length) == (
        302,
        "held",
        at("10:00"),
        timedelta(0, 1800),
    )
    assert "We keep this time for you until" in text_of(page)
    assert 0 < int(re.findall(r'data-seconds="(\d+)"', page.content.decode())[0]) <= 300


def test_time_that_is_held_is_offered_to_nobody_else(client: Client) -> None:
    week = f"{PAGE}?zone=Europe/Berlin&week={at('10:00'):%Y-%m-%d}"
    before = len(clocks(Client().get(week)))

    choose(client, at("10:00"))

    assert (len(clocks(Client().get(week))), len(clocks(client.get(week)))) == (before - 1, before)


def test_who_chooses_anew_gives_back_what_was_held_before(client: Client) -> None:
    choose(client, at("10:00"))

    answer = choose(client, at("10:30"), minutes=60)

    assert (answer.status_code, Booking.objects.get().starts_at) == (302, at("10:30"))


def test_form_leads_back_to_the_times_and_gives_the_hold_back_without_cookies() -> None:
    form = Client().get(choose(Client(), at("10:00"))["Location"]).content.decode()
    back = re.findall(r'<p class="trail"><a href="([^"]*)"', form)[0].replace("&amp;", "&")
    page = Client().get(back).content.decode()

    choose(Client(), at("14:00"), held=re.findall(r'name="held" value="([^"]*)"', page)[0])

    assert Booking.objects.get().starts_at == at("14:00")


def test_eleventh_choice_within_five_minutes_waits(client: Client) -> None:
    """Whoever throws the cookie away could hold everything."""
    answers = [choose(Client(), at("09:00") + timedelta(minutes=30 * number)) for number in range(11)]

    assert [answer.status_code for answer in answers] == [302] * 10 + [429]
    assert "Retry-After" in answers[-1]
    assert "too many choices" in text_of(answers[-1])


@pytest.mark.parametrize("start", ["", "x", "2031-01-01", "2031-01-01T10:00", "9999-12-31T23:59:00+00:00", "\x00"])
def test_time_that_is_none_is_refused_in_words(client: Client, start: str) -> None:
    answer = client.post(PAGE, {"start": start, "minutes": "30"})

    assert (answer.status_code, Booking.objects.count()) == (409, 0)
    assert "This time is not free any more." in text_of(answer)


def test_time_that_is_gone_is_told_beside_those_that_are_free(client: Client, grace: Consultant) -> None:
    actions.book(grace, at("10:00"), 30, a_client("bob@client.example"))

    answer = choose(client, at("10:00"), path=f"{PAGE}?zone=Europe/Berlin&week={at('10:00'):%Y-%m-%d}")

    assert answer.status_code == 409
    assert "This time is not free any more." in text_of(answer)
    assert "10:30" in clocks(answer)


def test_hold_of_whoever_is_free_goes_round(client: Client, grace: Consultant) -> None:
    other = ConsultantFactory(name="Zoe")
    actions.book(grace, at("12:00"), 30, a_client())
    actions.book(other, at("12:00", days=11), 30, a_client())

    first = choose(client, at("10:00"), path="/en/book/any/")
    page, whose = text_of(client.get(first["Location"])), Booking.objects.get(status="held").consultant
    choose(Client(), at("10:00"), path="/en/book/any/")
    nobody = choose(Client(), at("10:00"), path="/en/book/any/")

    assert whose == grace
    assert "of all who are free then, it is Grace Hopper's turn" in page.replace("&#x27;", "'")
    assert Booking.objects.filter(status="held").count() == 2
    assert nobody.status_code == 409


@pytest.mark.parametrize("token", ["x.y", "WyJhIl0.abc"])
def test_strangers_token_is_not_found(client: Client, token: str) -> None:
    assert client.get(f"/en/book/form/{token}/").status_code == 404


def test_token_of_a_hold_opens_no_meeting_and_that_of_a_meeting_no_form(client: Client, grace: Consultant) -> None:
    held, booked = hold(grace, at("10:00"), 30), actions.book(grace, at("12:00"), 30, a_client())

    assert client.get(f"/en/book/meeting/{links.token_of_hold(held)}/").status_code == 404
    assert client.get(f"/en/book/form/{links.token_of(booked)}/").status_code == 404
    assert client.get(f"/en/book/meeting/{links.token_of(held)}/").status_code == 404


# --- the form --------------------------------------------------------------------------------------------------------


def test_form_makes_a_booking_and_leads_to_what_became_of_it(client: Client) -> None:
    form = choose(client, at("10:00"), path="/de/book/grace/?zone=Europe/London")["Location"]

    answer = send(client, form, company="Acme", message="Engines", zone="Europe/London", marketing_consent="on")

    made = Booking.objects.get()
    assert (made.status, made.starts_at, made.name, made.email) == (
        "confirmed",
        at("10:00"),
        "Ada Lovelace",
        "ada@client.example",
    )
    assert (made.company, made.message, made.language, made.zone) == ("Acme", "Engines", "de", "Europe/London")
    assert (Touchpoint.objects.get().kind, Consent.objects.get().source) == ("consultation", "booking form: grace")
    page = client.get(answer["Location"])
    assert answer["Location"].endswith("?zone=Europe/London")
    assert made.reference in text_of(page)
    assert "Europe/London" in text_of(page)


def test_page_afterwards_says_what_our_database_knows(client: Client, settings: Any) -> None:
    confirmed = book(client, at("10:00"))["Location"]
    settings.BOOKINGS_CALENDAR = f"{__name__}.Pending"
    pending = book(client, at("12:00"))["Location"]

    assert heading(client.get(confirmed)) == "Thank you: your consultation is booked"
    assert heading(client.get(pending)) == "Thank you: we have your request"

    actions.cancel(Booking.objects.get(status="confirmed"))
    assert heading(client.get(confirmed)) == "Your consultation is cancelled"


@pytest.mark.parametrize("field", ["name", "email", "meeting_type"])
def test_what_is_missing_is_marked_and_nothing_lost(client: Client, field: str) -> None:
    form = choose(client, at("10:00"))["Location"]

    answer = client.post(form, {**TYPED, "company": "Acme & Co", field: ""})

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert 'value="Acme &amp; Co"' in answer.content.decode()
    assert Booking.objects.get().status == "held"


def test_who_wants_to_be_called_says_where(client: Client) -> None:
    form = choose(client, at("10:00"))["Location"]

    without = send(client, form, meeting_type="phone")
    with_number = send(client, form, meeting_type="phone", phone="+49 30 1234")

    assert (without.status_code, "please enter your number" in text_of(without)) == (422, True)
    assert (with_number.status_code, Booking.objects.get().phone) == (302, "+49 30 1234")


def test_way_that_the_consultant_does_not_offer_is_refused(client: Client) -> None:
    assert book(client, at("10:00"), meeting_type="in_person").status_code == 422


def test_hold_that_is_over_costs_nothing_while_the_time_is_free(client: Client) -> None:
    form = choose(client, at("10:00"))["Location"]
    let_run_out()
    over = client.get(form)
    actions.release_over(timezone.now())

    answer = send(client, form)

    assert "We do not keep this time for you any longer." in text_of(over)
    assert (answer.status_code, Booking.objects.get().status) == (302, "confirmed")


def test_time_that_somebody_else_got_meanwhile_is_told_and_others_offered(client: Client, grace: Consultant) -> None:
    form = choose(client, at("10:00"))["Location"]
    let_run_out()
    actions.book(grace, at("10:00"), 30, a_client("bob@client.example"))

    gone = send(client, form, message="Engines", zone="Europe/Berlin")
    others = re.findall(r'name="instead" value="([^"]*)"', gone.content.decode())
    again = send(client, form, message="Engines", zone="Europe/Berlin", instead=others[0])
    address = re.findall(r'method="post" action="([^"]*)"', again.content.decode())[0]
    booked = send(client, address, message="Engines")

    assert (gone.status_code, len(others), "This time is not free any more." in text_of(gone)) == (409, 6, True)
    assert (again.status_code, "Engines</textarea>" in again.content.decode()) == (200, True)
    assert 'value="ada@client.example"' in again.content.decode()
    assert booked.status_code == 302
    assert Booking.objects.get(email="ada@client.example").starts_at.isoformat() == others[0]


def test_other_time_that_is_gone_as_well_is_told(client: Client, grace: Consultant) -> None:
    form = choose(client, at("10:00"))["Location"]
    actions.book(grace, at("12:00"), 30, a_client("bob@client.example"))

    answer = send(client, form, instead=at("12:00").isoformat())

    assert (answer.status_code, Booking.objects.count()) == (409, 1)
    assert 'name="instead"' in answer.content.decode()


def test_whoever_is_not_active_any_more_costs_nobody_what_they_typed(client: Client, grace: Consultant) -> None:
    form = choose(client, at("10:00"))["Location"]
    Consultant.objects.update(active=False)

    answer = send(client, form, message="Engines")

    page = answer.content.decode()
    assert (answer.status_code, str(NotOffered()) in text_of(answer), "Engines</textarea>" in page) == (409, True, True)
    assert ('href="/en/book/"' in page, PAGE in page) == (True, False)


def test_busy_calendar_is_no_other_than_a_time_that_is_gone(client: Client, settings: Any) -> None:
    settings.BOOKINGS_CALENDAR = f"{__name__}.Busy"

    answer = book(client, at("10:00"))

    assert (answer.status_code, Booking.objects.get().status, Lead.objects.count()) == (409, "held", 0)


class BusyForGrace(NoCalendars):
    def ask(self, consultant: Consultant, *args: Any, **kwargs: Any) -> Answer:
        return Answer.BUSY if consultant.slug == "grace" else Answer.FREE


def test_whoever_is_free_is_another_one_where_a_calendar_is_busy(
    client: Client, grace: Consultant, settings: Any
) -> None:
    settings.BOOKINGS_CALENDAR = f"{__name__}.BusyForGrace"
    other = ConsultantFactory(name="Zoe")
    actions.book(other, at("16:00"), 30, a_client("bob@client.example"))
    form = choose(client, at("10:00"), path="/en/book/any/")["Location"]
    let_run_out()

    gone = send(client, form)
    others = re.findall(r'name="instead" value="([^"]*)"', gone.content.decode())
    same = send(client, form, instead=at("10:00").astimezone(UTC).isoformat())
    send(client, re.findall(r'method="post" action="([^"]*)"', same.content.decode())[0])

    assert at("10:00").astimezone(UTC).isoformat() in others
    assert Booking.objects.get(email="ada@client.example").consultant == other


def test_time_at_which_the_calendar_is_busy_is_not_offered_again(client: Client, settings: Any) -> None:
    settings.BOOKINGS_CALENDAR = f"{__name__}.Busy"
    form = choose(client, at("10:00"))["Location"]
    let_run_out()

    gone = send(client, form)
    same = send(client, form, instead=at("10:00").astimezone(UTC).isoformat())

    assert at("10:00").astimezone(UTC).isoformat() not in re.findall(
        r'"instead" value="([^"]*)"', gone.content.decode()
    )
    assert (gone.content.count(b'name="instead"'), same.status_code) == (6, 409)


def test_calendar_that_does_not_answer_is_nothing_that_the_visitor_sees(client: Client, settings: Any) -> None:
    settings.BOOKINGS_CALENDAR = f"{__name__}.Silent"

    page = client.get(book(client, at("10:00"))["Location"])

    assert Booking.objects.get().unchecked
    assert heading(page) == "Thank you: your consultation is booked"


def test_calendar_that_must_answer_keeps_what_was_typed(client: Client, settings: Any) -> None:
    settings.BOOKINGS_CALENDAR = f"{__name__}.Refusing"

    answer = book(client, at("10:00"), company="Acme")

    assert (answer.status_code, int(answer["Retry-After"])) == (503, 120)
    assert str(CalendarSilent()) in text_of(answer)
    assert 'value="Acme"' in answer.content.decode()


def test_form_that_is_sent_twice_books_once(client: Client) -> None:
    form = choose(client, at("10:00"))["Location"]

    answers = [send(client, form), send(client, form), client.get(form)]

    assert len({answer["Location"] for answer in answers}) == 1
    assert (Booking.objects.count(), Touchpoint.objects.count()) == (1, 1)


def test_old_form_of_a_meeting_that_was_cancelled_books_nothing(client: Client) -> None:
    form = choose(client, at("10:00"))["Location"]
    send(client, form)
    actions.cancel(Booking.objects.get())

    answer = send(client, form)

    assert heading(client.get(answer["Location"])) == "Your consultation is cancelled"
    assert Booking.objects.count() == 1


def test_robot_books_nothing(client: Client) -> None:
    answer = book(client, at("10:00"), nickname="me")

    assert (answer["Location"], Booking.objects.get().status) == ("/en/book/", "held")


def test_eleventh_form_within_ten_minutes_waits(client: Client) -> None:
    form = choose(client, at("10:00"))["Location"]

    answers = [send(client, form, name="") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert "it keeps what you typed" in text_of(answers[-1])


def test_campaign_and_website_that_led_here_are_kept(client: Client) -> None:
    page = client.get(f"{PAGE}?utm_source=news", headers={"referer": "https://blog.example/post?x=1"})
    told = re.findall(r'name="referrer" value="([^"]*)"', page.content.decode())[0]
    form = choose(client, at("10:00"), referrer=told)["Location"]
    typed = re.findall(r'name="referrer" value="([^"]*)"', client.get(form).content.decode())[0]

    send(client, form, referrer=typed)

    touchpoint = Touchpoint.objects.get()
    assert (touchpoint.utm_source, touchpoint.referrer) == ("news", "https://blog.example/post")


def test_form_is_for_who_holds_the_time_only(client: Client) -> None:
    answer = client.get(choose(client, at("10:00"))["Location"])

    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert "no-store" in answer["Cache-Control"]


def test_pages_take_as_many_queries_however_many_are_booked(client: Client, grace: Consultant) -> None:
    counts = []
    calendar = BusyCalendar.objects.create(consultant=grace, calendar="primary", checked_at=timezone.now())

    for days in (10, 12):
        actions.book(grace, at("16:00", days=days), 30, a_client())
        BusyInterval.objects.create(calendar=calendar, starts_at=at("13:00", days=days), ends_at=at("14:00", days=days))
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            form = choose(client, at("10:00", days=days))["Location"]
        with CaptureQueriesContext(connection) as shown:
            client.get(form)
        counts.append((len(queries), len(shown)))

    assert counts[0][1] == counts[1][1] <= 3
    assert counts[1][0] <= 25
