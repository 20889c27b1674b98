"""What visitors see of sessions, and what becomes of what they send."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from leads.models import Consent, Lead, Touchpoint
from leads.signals import leads_captured
from tests.factories import RegistrationFactory, SessionFactory, TopicFactory, a_registrant
from webinars import actions, links
from webinars.models import Registration, Session
from webinars.terms import TERMS_VERSION

pytestmark = pytest.mark.django_db

TYPED = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@client.example", "terms_accepted": "on"}
PAGE = "/en/webinars/data/"


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """No test may be throttled for what others posted; requests leave their language behind."""
    cache.clear()
    with translation.override("en"):
        yield


def a_session(**fields: Any) -> Session:
    topic = TopicFactory(title_en="Data", title_de="Daten", description_en="In <short>.")
    session: Session = SessionFactory(**{"slug": "data", "topic": topic, **fields})
    return session


def post(client: Client, path: str = PAGE, **typed: str) -> Any:
    return client.post(path, {**TYPED, **typed})


def text_of(page: Any) -> str:
    """What somebody reads, in one line."""
    return " ".join(re.sub(r"<script.*?</script>|<[^>]+>", " ", page.content.decode(), flags=re.DOTALL).split())


def titles(client: Client, query: str = "") -> list[str]:
    return re.findall(r"<h2><a [^>]*>(.*?)</a>", client.get(f"/en/webinars/{query}").content.decode())


# --- the list --------------------------------------------------------------------------------------------------------


def test_list_shows_what_is_published_and_ahead_the_next_first(client: Client) -> None:
    now = timezone.now()
    for title, days in [("later", 9), ("next", 2), ("past", -1)]:
        SessionFactory(topic__title_en=title, starts_at=now + timedelta(days=days))
    for status in ("draft", "cancelled", "completed"):
        SessionFactory(topic__title_en=status, status=status)

    assert titles(client) == ["next", "later"]


def test_list_speaks_the_language_of_its_address(client: Client) -> None:
    a_session()

    assert "Daten" in text_of(client.get("/de/webinars/"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?category=Law", ["A"]),
        ("?language=de", ["B"]),
        ("?month=2031-03", ["A"]),
        ("?month=2031-04", ["B"]),
        ("?month=2031-13", []),
        ("?month=x", []),
        ("?category=%00", ["A", "B"]),
        ("?category=Law&language=de", []),
        ("", ["A", "B"]),
    ],
)
def test_list_is_narrowed_down_by_topic_language_and_month(client: Client, query: str, found: list[str]) -> None:
    march, april = datetime(2031, 3, 31, 21, 59, tzinfo=UTC), datetime(2031, 3, 31, 22, tzinfo=UTC)  # in Berlin
    SessionFactory(topic__title_en="A", topic__category="Law", starts_at=march, languages=["en"])
    SessionFactory(topic__title_en="B", topic__category="IT", starts_at=april, languages=["de"])

    assert titles(client, query) == found


def test_list_comes_in_pages_of_twenty_that_keep_the_choice(client: Client) -> None:
    topic = TopicFactory(category="Law")
    SessionFactory.create_batch(21, topic=topic)

    page = client.get("/en/webinars/?category=Law")

    assert 'href="?category=Law&amp;page=2"' in page.content.decode()
    assert (len(titles(client)), len(titles(client, "?page=2"))) == (20, 1)


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_three_queries(client: Client, count: int, django_assert_num_queries: Any) -> None:
    for session in SessionFactory.create_batch(count, capacity=5):
        RegistrationFactory.create_batch(count, session=session)

    with django_assert_num_queries(3):
        client.get("/en/webinars/")


# --- a session -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_session_takes_one_query(client: Client, count: int, django_assert_num_queries: Any) -> None:
    RegistrationFactory.create_batch(count, session=a_session())

    with django_assert_num_queries(1):
        client.get(PAGE)


@pytest.mark.parametrize(
    ("starts_at", "zone", "shown"),
    [
        (datetime(2031, 3, 30, 0, 30, tzinfo=UTC), "America/New_York", "01:30 Europe/Berlin (your time: Saturday, 29"),
        (datetime(2031, 3, 30, 1, 30, tzinfo=UTC), "Europe/London", "03:30 Europe/Berlin (your time: 02:30 Europe/Lon"),
        (datetime(2031, 10, 26, 0, 30, tzinfo=UTC), "UTC", "02:30 Europe/Berlin (your time: 00:30 UTC)"),
        (datetime(2031, 10, 26, 1, 30, tzinfo=UTC), "UTC", "02:30 Europe/Berlin (your time: 01:30 UTC)"),
    ],
)
def test_time_is_right_on_both_clocks_when_summer_time_changes(
    client: Client, starts_at: datetime, zone: str, shown: str
) -> None:
    a_session(starts_at=starts_at)
    client.cookies["zone"] = zone

    assert shown in text_of(client.get(PAGE))


@pytest.mark.parametrize("zone", ["", "Europe/Paris", "Mars/Olympus", "../../etc/passwd"])
def test_time_is_shown_once_where_the_visitor_has_none_of_his_own(client: Client, zone: str) -> None:
    a_session()
    client.cookies["zone"] = zone

    assert "your time" not in text_of(client.get(PAGE))


SOON = timedelta(days=1)
STATES: list[tuple[dict[str, Any], str]] = [
    ({"registration_opens_at": timezone.now() + SOON}, "Registration opens on"),
    ({"registration_closes_at": timezone.now() - SOON}, "Registration for this session has closed."),
    ({"status": "cancelled"}, "This session does not take place."),
    ({"status": "completed"}, "This session has begun or is over."),
    ({"starts_at": timezone.now() - SOON}, "This session has begun or is over."),
    ({"price": 99}, "it cannot be paid here yet"),
    ({"price": 99, "capacity": 1}, "it cannot be paid here yet"),
    ({"capacity": 1, "waiting_list": False}, "All seats of this session are taken."),
]


@pytest.mark.parametrize(("fields", "told"), STATES)
def test_session_that_takes_nobody_says_why_and_keeps_nothing(
    client: Client, fields: dict[str, Any], told: str
) -> None:
    RegistrationFactory(session=a_session(**fields))

    shown, sent = client.get(PAGE), post(client)

    assert (shown.status_code, sent.status_code) == (200, 409)
    assert told in text_of(shown)
    assert told in text_of(sent)
    assert "<form method=" not in shown.content.decode()
    assert (Registration.objects.count(), Lead.objects.filter(email="ada@client.example").count()) == (1, 0)


def test_seat_that_goes_while_the_form_is_sent_is_told_and_what_was_typed_kept(client: Client) -> None:
    session = a_session(capacity=1, waiting_list=False)

    def overtake(**kwargs: Any) -> None:
        leads_captured.disconnect(overtake)
        actions.register(session, a_registrant("other@client.example"))

    leads_captured.connect(overtake)
    answer = post(client)

    assert (answer.status_code, Registration.objects.count()) == (409, 0)  # one transaction here, two on a server
    assert "All seats of this session are taken." in text_of(answer)
    assert 'value="ada@client.example"' in answer.content.decode()


def test_draft_is_not_found(client: Client) -> None:
    a_session(status="draft")

    assert (client.get(PAGE).status_code, post(client).status_code) == (404, 404)


@pytest.mark.parametrize(("taken", "told"), [(0, "Seats available"), (18, "2 seats left"), (19, "1 seat left")])
def test_session_tells_how_many_seats_are_left(client: Client, taken: int, told: str) -> None:
    RegistrationFactory.create_batch(taken, session=a_session(capacity=20))

    assert told in text_of(client.get(PAGE))


def test_seats_that_are_kept_for_who_waits_are_not_left(client: Client) -> None:
    RegistrationFactory(session=a_session(capacity=5), status="waitlisted")

    assert "Join the waiting list" in text_of(client.get(PAGE))


def test_search_engines_read_the_session_as_an_event(client: Client) -> None:
    a_session(starts_at=datetime(2031, 7, 1, 8, tzinfo=UTC), presenter="Grace </script>", capacity=1)

    block = re.findall(r'<script type="application/ld\+json">(.*?)</script>', client.get(PAGE).content.decode())
    told = json.loads(block[0])

    assert (told["@type"], told["name"], told["description"]) == ("Event", "Data", "In <short>.")
    assert (told["startDate"], told["endDate"]) == ("2031-07-01T10:00:00+02:00", "2031-07-01T11:00:00+02:00")
    assert (told["performer"]["name"], told["offers"]["price"]) == ("Grace </script>", "0.00")
    assert told["offers"]["availability"] == "https://schema.org/InStock"


def test_pages_need_no_inline_script_or_style(client: Client) -> None:
    a_session()

    for path in ("/en/webinars/", PAGE, f"{PAGE}thanks/confirmed/", f"{PAGE}embed/"):
        page = client.get(path).content.decode()
        assert re.findall(r"<script(?! src=| type=.application/ld)|<style|\sstyle=|\son\w+=", page) == []


# --- registering -----------------------------------------------------------------------------------------------------


def test_form_makes_a_registration_and_leads_to_the_thanks(client: Client) -> None:
    session = a_session()

    answer = post(client, "/de/webinars/data/", company="Acme", phone="1", zone="Europe/London", marketing_consent="on")

    made, consent = Registration.objects.get(), Consent.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, "/de/webinars/data/thanks/confirmed/")
    assert (made.session, made.name, made.email, made.status) == (session, "Ada Lovelace", TYPED["email"], "confirmed")
    assert (made.company, made.phone, made.language, made.zone) == ("Acme", "1", "de", "Europe/London")
    assert (made.terms_version, consent.source) == (TERMS_VERSION, "webinar form: data")
    assert (Touchpoint.objects.get().kind, client.get(answer["Location"]).status_code) == ("webinar", 200)


def test_form_takes_as_many_queries_however_many_came_before(client: Client) -> None:
    counts = []

    for came_before in (1, 3):
        RegistrationFactory.create_batch(came_before, session=SessionFactory(slug=f"after-{came_before}"))
        with CaptureQueriesContext(connection) as queries:
            post(client, f"/en/webinars/after-{came_before}/", email=f"p{came_before}@client.example")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 20


def test_links_with_a_campaign_are_known_to_be_the_same_page(client: Client) -> None:
    a_session()

    page = client.get(f"{PAGE}?utm_source=news").content.decode()

    assert '<link rel="canonical" href="http://testserver/en/webinars/data/">' in page
    assert 'property="og:url" content="http://testserver/en/webinars/data/"' in page


def test_page_is_not_kept_for_visitors_of_other_zones(client: Client) -> None:
    assert "Cookie" in client.get("/en/webinars/")["Vary"]


def test_campaign_of_the_visit_is_kept(client: Client) -> None:
    a_session()

    client.get("/en/webinars/?utm_source=news")
    post(client)

    assert Touchpoint.objects.get().utm_source == "news"


def test_zone_that_is_none_is_left_out(client: Client) -> None:
    a_session()

    post(client, zone="Mars/Olympus")

    assert Registration.objects.get().zone == ""


def test_longest_names_are_kept(client: Client) -> None:
    a_session()

    post(client, first_name="A" * 100, last_name="L" * 100)

    assert (len(Registration.objects.get().name), len(Lead.objects.get().name)) == (201, 200)


@pytest.mark.parametrize("field", ["first_name", "last_name", "email", "terms_accepted"])
def test_what_is_missing_is_marked_and_nothing_kept(client: Client, field: str) -> None:
    a_session()

    answer = client.post(PAGE, {name: value for name, value in TYPED.items() if name != field})

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert Registration.objects.count() == 0


def test_full_session_leads_to_the_waiting_list_and_claims_no_seat(client: Client) -> None:
    RegistrationFactory(session=a_session(capacity=1))

    answer = post(client)

    assert answer["Location"] == f"{PAGE}thanks/waitlisted/"
    assert "does not have a seat yet." in text_of(client.get(answer["Location"]))


@pytest.mark.parametrize("first", ["confirmed", "waitlisted", "offered"])
def test_second_try_changes_nothing_and_looks_like_a_first(client: Client, first: str) -> None:
    session = a_session()
    RegistrationFactory(session=session, email="ada@client.example", lead__email="ada@client.example", status=first)
    stranger = post(client, email="new@client.example")
    cache.clear()

    known = post(client, first_name="Eve")

    assert (known.status_code, known["Location"]) == (stranger.status_code, stranger["Location"])
    assert Registration.objects.get(email="ada@client.example").first_name == "Ada"


def test_nothing_personal_is_in_the_address_or_on_the_page_of_thanks(client: Client) -> None:
    a_session()

    location = post(client)["Location"]

    assert not re.search("ada|lovelace", location + text_of(client.get(location)), re.IGNORECASE)


def test_made_up_state_is_thanked_for_by_nobody(client: Client) -> None:
    a_session()

    assert client.get(f"{PAGE}thanks/attended/").status_code == 404


def test_robot_is_thanked_and_forgotten(client: Client) -> None:
    a_session()

    answer = post(client, nickname="x")

    assert (answer.status_code, Registration.objects.count()) == (302, 0)


def test_eleventh_form_within_ten_minutes_waits(client: Client) -> None:
    a_session()

    answers = [post(client, email=f"p{number}@client.example") for number in range(11)]

    assert [answer.status_code for answer in answers] == [302] * 10 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert "p10@client.example" in answers[-1].content.decode()


def test_form_of_another_site_is_refused(client: Client) -> None:
    a_session()

    assert Client(enforce_csrf_checks=True).post(PAGE, TYPED).status_code == 403


@pytest.mark.usefixtures("payable")
def test_paid_seat_is_held_and_leads_to_the_payment(client: Client) -> None:
    a_session(price=99)

    answer = post(client)

    assert answer["Location"] == f"/en/webinars/pay/{links.token_of(Registration.objects.get())}/"
    assert Registration.objects.get().status == "pending_payment"


@pytest.mark.usefixtures("payable")
@pytest.mark.parametrize("first", ["pending_payment", "confirmed", "offered", "waitlisted"])
def test_second_try_at_a_paid_seat_leads_nobody_to_anothers_payment(client: Client, first: str) -> None:
    session = a_session(price=99)
    RegistrationFactory(session=session, email="ada@client.example", lead__email="ada@client.example", status=first)

    answer = post(client)

    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}thanks/registered/")
    told = text_of(client.get(answer["Location"]))
    assert "You are registered already" in told
    assert "we have sent you the link to pay" in told
    assert Registration.objects.get().status == first


@pytest.mark.parametrize("capacity", [1, 2], ids=["full", "seats left"])
def test_who_is_offered_a_seat_is_told_to_take_it_and_not_to_have_it_or_to_wait(client: Client, capacity: int) -> None:
    RegistrationFactory(session=a_session(capacity=capacity), lead__email="ada@client.example", status="offered")

    page = client.get(post(client)["Location"])

    assert "<h1>Thank you for registering</h1>" in page.content.decode()
    assert "A seat that we offered you becomes yours by the link in that letter." in text_of(page)


def test_paid_seat_is_kept_while_nobody_answers_for_payments(client: Client, settings: Any) -> None:
    settings.WEBINARS_PAYMENTS = "tests.webinars.conftest.PaymentsDown"
    a_session(price=99)

    answer = post(client)

    assert Registration.objects.get().status == "pending_payment"
    assert "Pay for your seat" in text_of(client.get(answer["Location"]))
