"""Consultations over the API: the rules of the form, as JSON."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from bookings.actions import book, cancel
from bookings.models import Booking, BusyCalendar, BusyInterval, Consultant
from bookings.ports import Answer, NoCalendars, OnUnknown
from leads.models import Consent, Touchpoint
from tests.bookings.times import at
from tests.concurrency import at_once
from tests.factories import ConsultantFactory, a_client

pytestmark = pytest.mark.django_db

NOW = datetime(2031, 3, 24, 9, tzinfo=UTC)  # a Monday; summer time begins on the Sunday after
PERSON = {"name": "Ada Lovelace", "email": "ada@client.example", "meeting_type": "video", "minutes": 30}


class Silent(NoCalendars):
    """Nobody answers, and nobody is taken without."""

    on_unknown = OnUnknown.REFUSE

    def ask(self, *args: Any, **kwargs: Any) -> Answer:
        return Answer.UNKNOWN


class SilentAsRequest(Silent):
    on_unknown = OnUnknown.PENDING


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def a_consultant(**values: Any) -> Consultant:
    made: Consultant = ConsultantFactory(**{"slug": "babbage", "name": "Charles Babbage", **values})
    return made


def slots(client: Client, slug: str = "babbage", **query: str) -> Any:
    return client.get(f"/api/v1/consultants/{slug}/slots?{urlencode(query)}")


def told(answer: Any) -> Any:
    assert answer.status_code < 300, answer.content
    return answer.json()["data"]


def post(client: Client, body: dict[str, Any] | None = None, **headers: str) -> Any:
    said = {**PERSON, "consultant": "babbage", "start": at("10:00").isoformat(), **(body or {})}
    return client.post("/api/v1/bookings", json.dumps(said), "application/json", headers=headers)


def fields(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.content
    return sorted(answer.json()["error"]["fields"])


# --- Who, and when ----------------------------------------------------------------------------------------------------


def test_consultants_are_told_as_promised(client: Client) -> None:
    a_consultant(title_en="Engineer", title_de="Ingenieur", zone="Europe/London", minutes=[30, 60])
    ConsultantFactory(active=False)

    answer = client.get("/api/v1/consultants", headers={"accept-language": "de"})

    expected = {"slug": "babbage", "name": "Charles Babbage", "title": "Ingenieur", "timezone": "Europe/London"}
    assert answer.json() == {"success": True, "data": [{**expected, "minutes": [30, 60]}]}


@time_machine.travel(NOW, tick=False)
def test_slots_are_told_on_the_clock_that_was_asked_for(client: Client) -> None:
    a_consultant(minutes=[60, 240])

    answer = told(
        slots(client, **{"from": "2031-03-29", "to": "2031-03-30", "tz": "America/New_York", "minutes": "240"})
    )

    assert (answer["consultant"], answer["timezone"]) == ("babbage", "America/New_York")
    starts = [slot["start"] for slot in answer["slots"]]
    assert len(starts) == 2 * 9
    assert (starts[0], answer["slots"][0]["end"]) == ("2031-03-29T04:00:00-04:00", "2031-03-29T08:00:00-04:00")
    assert starts[9] == "2031-03-30T03:00:00-04:00"  # nine o'clock in Berlin, which is an hour nearer by then


@time_machine.travel(NOW, tick=False)
def test_without_a_question_four_weeks_of_the_shortest_meeting_are_told(client: Client) -> None:
    a_consultant(minutes=[60, 30])

    answer = told(slots(client))

    days = sorted({slot["start"][:10] for slot in answer["slots"]})
    assert (days[0], days[-1], answer["timezone"]) == ("2031-03-25", "2031-04-20", "Europe/Berlin")
    first = answer["slots"][0]
    assert datetime.fromisoformat(first["end"]) - datetime.fromisoformat(first["start"]) == timedelta(minutes=30)


def test_what_is_booked_or_busy_is_not_offered(client: Client) -> None:
    consultant = a_consultant()
    book(consultant, at("10:00"), 60, a_client())
    calendar = BusyCalendar.objects.create(consultant=consultant, calendar="primary", checked_at=timezone.now())
    BusyInterval.objects.create(calendar=calendar, starts_at=at("12:00"), ends_at=at("16:30"))
    day = str(at("10:00").date())

    answer = told(slots(client, **{"from": day, "to": day, "minutes": "30"}))

    assert [slot["start"][11:16] for slot in answer["slots"]] == ["09:00", "09:30", "11:00", "11:30", "16:30"]


def test_any_is_whoever_is_free(client: Client) -> None:
    busy, _free = a_consultant(), a_consultant(slug="other")
    book(busy, at("10:00"), 60, a_client())
    day = str(at("10:00").date())

    answer = told(slots(client, "any", **{"from": day, "to": day, "minutes": "60"}))

    starts = [slot["start"][11:16] for slot in answer["slots"]]
    assert (answer["consultant"], len(starts), len(set(starts))) == ("any", 15, 15)
    assert "10:00" in starts


@pytest.mark.parametrize(
    ("ages", "status", "is_known"),
    [
        ({}, "fresh", False),  # there is none to look into
        ({"one": 5}, "fresh", True),
        ({"one": 5, "two": 16}, "stale", True),
        ({"one": 5, "two": None}, "unknown", False),
    ],
)
def test_age_of_the_calendar_is_told(client: Client, ages: dict[str, int | None], status: str, is_known: bool) -> None:
    consultant = a_consultant(busy_calendars=list(ages))
    now = timezone.now().replace(microsecond=0)
    moments = {name: now - timedelta(minutes=age) for name, age in ages.items() if age is not None}
    for name, moment in moments.items():
        BusyCalendar.objects.create(consultant=consultant, calendar=name, checked_at=moment)

    calendar = told(slots(client))["calendar"]

    assert calendar["status"] == status
    expected = min(moments.values()) if is_known else None
    assert (datetime.fromisoformat(calendar["checked_at"]) if calendar["checked_at"] else None) == expected


def test_of_several_the_worst_is_told(client: Client) -> None:
    for slug, error in (("babbage", ""), ("other", "notFound")):
        consultant = a_consultant(slug=slug, busy_calendars=["one"])
        BusyCalendar.objects.create(consultant=consultant, calendar="one", checked_at=timezone.now(), error=error)
    a_consultant(slug="none")

    assert told(slots(client, "babbage"))["calendar"]["status"] == "fresh"
    assert told(slots(client, "any"))["calendar"]["status"] == "stale"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "tomorrow"}, "from"),
        ({"from": "1767225600"}, "from"),
        ({"to": "2031-02-30"}, "to"),
        ({"from": "2031-03-02", "to": "2031-03-01"}, "to"),
        ({"from": "2031-03-01", "to": "2031-05-02"}, "to"),
        ({"tz": "Mars/Olympus"}, "tz"),
        ({"minutes": "31"}, "minutes"),
        ({"minutes": "half"}, "minutes"),
    ],
)
@time_machine.travel(datetime(2031, 2, 1, tzinfo=UTC), tick=False)
def test_question_that_makes_no_sense_names_the_field(client: Client, query: dict[str, str], field: str) -> None:
    a_consultant()

    assert fields(slots(client, **query)) == [field]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_any_day_may_be_asked_for(client: Client, day: str) -> None:
    a_consultant()

    assert slots(client, **{"from": day}).status_code == 200
    assert slots(client, **{"from": day, "to": day, "tz": "Pacific/Kiritimati"}).status_code == 200


@pytest.mark.parametrize("slug", ["nobody", "gone"])
def test_unknown_consultant_is_not_found(client: Client, slug: str) -> None:
    a_consultant(slug="gone", active=False)

    assert slots(client, slug).status_code == 404
    assert slots(client, "any").status_code == 404
    assert post(client, {"consultant": slug}).status_code == 404


def test_ten_consultants_for_four_weeks_take_six_queries_and_little_time(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(10):
        consultant = a_consultant(slug=f"number-{number}", busy_calendars=["one"], minutes=[30, 60])
        calendar = BusyCalendar.objects.create(consultant=consultant, calendar="one", checked_at=timezone.now())
        BusyInterval.objects.bulk_create(
            BusyInterval(calendar=calendar, starts_at=at("09:00", days=day), ends_at=at("10:15", days=day))
            for day in range(1, 28)
        )
    told(slots(client, "any"))

    with django_assert_max_num_queries(6):
        slots(client, "any")

    times = []
    for _try in range(10):
        begin = time.process_time()  # whatever else the machine has to do does not count
        slots(client, "any")
        times.append(time.process_time() - begin)
    assert min(times) < 0.06


# --- Booking ----------------------------------------------------------------------------------------------------------


def test_least_that_may_be_said_is_a_booking(client: Client) -> None:
    a_consultant()

    answer = post(client)

    made = Booking.objects.get()
    assert answer.status_code == 201
    when = {"start": at("10:00").isoformat(), "end": at("10:30").isoformat()}
    data = {"id": str(made.uuid), "reference": made.reference, "status": "confirmed", **when}
    assert answer.json() == {"success": True, "data": data}
    assert (made.name, made.language, made.zone, made.meeting_type) == ("Ada Lovelace", "", "", "video")


def test_everything_that_may_be_said_is_kept(client: Client) -> None:
    a_consultant()
    said = {
        "company": "Acme",
        "phone": "+49 30 1",
        "language": "de",
        "message": "Hello\nthere",
        "meeting_type": "phone",
    }

    answer = told(post(client, {**said, "timezone": "Europe/London", "marketing_consent": True}))

    made = Booking.objects.get()
    assert {name: getattr(made, name) for name in said} == said
    assert (made.zone, Consent.objects.get().source, Touchpoint.objects.get().kind) == (
        "Europe/London",
        "api",
        "consultation",
    )
    assert datetime.fromisoformat(answer["start"]) == at("10:00")


@pytest.mark.parametrize(
    ("body", "complaints"),
    [
        ({"name": " "}, ["name"]),
        ({"name": "x" * 201, "email": "no"}, ["email", "name"]),
        ({"meeting_type": "phone"}, ["phone"]),
        ({"meeting_type": "in_person"}, ["meeting_type"]),
        ({"meeting_type": "pigeon"}, ["meeting_type"]),
        ({"minutes": 31}, ["minutes"]),
        ({"start": "2031-03-01T10:00:00"}, ["start"]),
        ({"start": 1767225600}, ["start"]),
        ({"status": "confirmed"}, ["status"]),
    ],
)
def test_complaints_name_the_field_and_nothing_is_kept(
    client: Client, body: dict[str, Any], complaints: list[str]
) -> None:
    a_consultant()

    assert fields(post(client, body)) == complaints
    assert Booking.objects.count() == 0


def test_complaints_come_in_the_language_of_the_body(client: Client) -> None:
    a_consultant()

    answer = post(client, {"language": "de", "minutes": 31})

    assert answer.json()["error"]["fields"]["minutes"] == ["Gespräche dauern eine von diesen Längen: 30, 60."]


@pytest.mark.parametrize(
    "start",
    [
        at("18:00"),
        at("10:10"),
        at("10:00", days=-1),
        at("10:00", days=300),
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
)
def test_what_is_not_offered_is_refused(client: Client, start: datetime | str) -> None:
    a_consultant()

    answer = post(client, {"start": start if isinstance(start, str) else start.isoformat()})

    message = "This time is not free any more. Please choose another one."
    assert (answer.status_code, answer.json()["error"]["message"]) == (409, message)
    assert Booking.objects.count() == 0


def test_slot_that_somebody_else_has_is_refused(client: Client) -> None:
    a_consultant()

    answers = [post(client), post(client, {"email": "bob@client.example"})]

    assert [answer.status_code for answer in answers] == [201, 409]


def test_saying_it_again_finds_the_same_booking_for_a_while(client: Client) -> None:
    a_consultant()

    answers = [told(post(client)), told(post(client))]

    assert answers[0] == answers[1]
    assert [post(client, other).status_code for other in ({"minutes": 60}, {"name": "Eve"})] == [409, 409]
    Booking.objects.update(created_at=timezone.now() - timedelta(minutes=10))
    assert post(client).status_code == 409


def test_cancelled_booking_can_be_made_anew(client: Client) -> None:
    a_consultant()
    first = told(post(client))
    cancel(Booking.objects.get())

    assert told(post(client))["id"] != first["id"]


def test_any_takes_whoever_is_free_and_whose_turn_it_is(client: Client) -> None:
    for slug in ("a", "b", "c"):
        a_consultant(slug=slug, name=slug)
    a_consultant(slug="other", name="0", minutes=[45])

    answers = [post(client, {"consultant": "any", "email": f"{n}@client.example"}) for n in range(4)]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 409]
    assert list(Booking.objects.order_by("pk").values_list("consultant__slug", flat=True)) == ["a", "b", "c"]


def test_silent_calendar_makes_it_a_request_or_refuses_it_as_settings_say(client: Client, settings: Any) -> None:
    a_consultant()
    settings.BOOKINGS_CALENDAR = f"{__name__}.Silent"
    assert post(client).status_code == 503

    settings.BOOKINGS_CALENDAR = f"{__name__}.SilentAsRequest"
    assert told(post(client))["status"] == "pending"


@pytest.mark.parametrize(("body", "status"), [("{", 400), ('{"name": NaN}', 400), ("[]", 422)])
def test_what_cannot_be_read_is_refused(client: Client, body: str, status: int) -> None:
    assert client.post("/api/v1/bookings", body, "application/json").status_code == status


def test_eleventh_call_within_ten_minutes_waits(client: Client) -> None:
    a_consultant()

    answers = [post(client, {"email": "no"}) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert int(answers[-1]["Retry-After"]) > 0


@time_machine.travel(datetime(2026, 11, 24, tzinfo=UTC), tick=False)
def test_slots_are_looked_at_a_hundred_and_twenty_times_in_ten_minutes(client: Client) -> None:
    a_consultant()
    answers = [client.get("/api/v1/consultants") for _ in range(60)] + [slots(client) for _ in range(61)]

    assert [answer.status_code for answer in answers] == [200] * 120 + [429]


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_for_one_slot_make_one_booking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookings.api.POSTS.limit", 1000)
    a_consultant()

    answers = at_once(lambda number: post(Client(), {"email": f"{number}@client.example"}).status_code, range(10))

    assert sorted(answers) == [201] + [409] * 9
    assert Booking.objects.count() == 1


def test_day_after_the_last_is_not_told(client: Client) -> None:
    a_consultant()
    day = at("10:00").date()

    answer = told(slots(client, **{"from": str(day), "to": str(day)}))

    assert {date.fromisoformat(slot["start"][:10]) for slot in answer["slots"]} == {day}
