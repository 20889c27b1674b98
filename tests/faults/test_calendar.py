"""Google is slow, down, over its quota, has withdrawn its permission or loses answers: what visitor, consultant and
operator see, and that there is one entry for each meeting in the end."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from bookings import actions, links
from bookings.errors import BookingError
from bookings.models import Booking, Consultant
from bookings.models.booking import Status
from integrations import configuration
from integrations.google_calendar import names
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox
from integrations.models import Connection, Delivery, Integration
from tests.bookings.times import at
from tests.bookings.visiting import heading
from tests.factories import ConsultantFactory, a_client
from tests.integrations.admin.conftest import logged_in, text
from tests.integrations.google_calendar.booked import GUEST, begins, change, deliver, delivery, entry
from tests.integrations.google_calendar.conftest import connect, connection, service

from .processes import BEAT, WORKER, Process, broker, processes
from .test_chaos import HURRIED, hurry_beat, until

SLUG = "google_calendar"
AWAY = "away.anna@group.calendar.google.com"
PATIENCE = 25  # seconds of a visitor: three for Google, the rest for a busy machine
Light = Connection.Status


@pytest.fixture
def peer() -> Iterator[GoogleSandbox]:
    cache.clear()
    with GoogleSandbox() as peer:
        yield peer


@dataclass(frozen=True)
class Case:
    """What a fault looks like: whether the booking is marked, what became of its entry, and the connection's light."""

    name: str
    begin: Callable[[GoogleSandbox], None]
    unchecked: bool
    state: tuple[str, str]
    light: str
    is_resting: bool = False


LOST = ("pending", "ambiguous")
DELIVERED, HELD = ("delivered", ""), ("pending", "")  # held: nobody even asks while the connection is known to be down
CASES = [
    Case("slow", lambda peer: fault(peer, "slow", 2 * PATIENCE, call="freebusy.query"), True, DELIVERED, Light.HEALTHY),
    Case("down", lambda peer: fault(peer, "status", 503), True, ("pending", "unavailable"), Light.FAILING, True),
    Case("quota", lambda peer: fault(peer, "limit", "quotaExceeded", call="[ef]*"), True, HELD, Light.HEALTHY, True),
    Case("revoked", lambda peer: peer.revoke(), True, HELD, Light.MISCONFIGURED),
    Case(
        "calendar", lambda peer: fault(peer, "calendar_error", "internalError", call=AWAY), True, DELIVERED, "healthy"
    ),
    Case("lost", lambda peer: fault(peer, "cut_after", call="events.insert", times=1), False, LOST, Light.FAILING),
]


def fault(peer: GoogleSandbox, kind: str, value: object = True, **told: object) -> None:
    peer.faults.set(kind, value, **told)


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_everybody_sees(peer: GoogleSandbox, case: Case) -> None:
    User.objects.create_superuser("ada")
    connect(peer, breaker_failures=2)
    consultant = ConsultantFactory(email=PERSON, slug="anna", busy_calendars=[PERSON, AWAY])
    case.begin(peer)

    booking = visit(consultant)
    assert (booking.status, booking.unchecked) == (Status.CONFIRMED, case.unchecked)
    assert heading(Client().get(urlsplit(links.manage(booking)).path)) == "Your consultation"
    assert ("The calendar could not be asked." in page_of(booking)) == case.unchecked

    deliver()
    told, shown = delivery(booking), connection()
    assert (told.state, told.error_kind) == case.state
    assert (shown.status, shown.paused_until is not None) == (case.light, case.is_resting)

    mend(peer)
    deliver()
    service().sync_calendars()
    assert [event["id"] for event in peer.events()] == [names.event_id(booking)]
    assert begins(entry(peer, booking)) == at("10:00")
    assert delivery(booking).state == "delivered"
    booking.refresh_from_db()
    assert (booking.unchecked, booking.problem) == (False, "")
    assert "The calendar could not be asked." not in page_of(booking)
    assert [mail["to"] for mail in peer.mails] == [GUEST]


def visit(consultant: Consultant) -> Booking:
    """Somebody books by the site, and is told that it is agreed."""
    body = {
        "consultant": consultant.slug,
        "start": at("10:00").isoformat(),
        "minutes": 30,
        "name": "Ada Lovelace",
        "email": GUEST,
        "meeting_type": "video",
    }
    clock = time.monotonic()
    answer = Client().post("/api/v1/bookings", body, content_type="application/json")
    assert time.monotonic() - clock < PATIENCE
    assert (answer.status_code, answer.json()["data"]["status"]) == (201, "confirmed")
    return Booking.objects.get(reference=answer.json()["data"]["reference"])


def page_of(booking: Booking) -> str:
    """What an operator reads."""
    return text(logged_in(User.objects.get()).get(f"/admin/bookings/booking/{booking.pk}/change/"))


def mend(peer: GoogleSandbox) -> None:
    """Google is well again, and somebody signs in anew and presses "Resume"."""
    peer.faults.clear()
    change(refresh_token=peer.tokens()["refresh_token"])
    configuration.resume(Integration.objects.get(slug=SLUG))


@pytest.mark.django_db
def test_what_became_busy_meanwhile_is_told_with_both_sides(peer: GoogleSandbox) -> None:
    connect(peer)
    consultant = ConsultantFactory(email=PERSON, slug="anna", busy_calendars=[PERSON])
    peer.faults.set("status", 503)
    booking = visit(consultant)
    peer.add_event(at("10:15"), at("11:00"), "Dentist")

    mend(peer)
    deliver()
    service().sync_calendars()

    booking.refresh_from_db()
    assert (booking.status, booking.problem) == (Status.CONFIRMED, Booking.Problem.CALENDAR_BUSY)
    assert len(peer.events()) == 2


# --- workers that die, answers that are lost --------------------------------------------------------------------------


def a_crowd(number: int) -> list[Booking]:
    """So many bookings, of a few consultants who share an account."""
    consultants = [ConsultantFactory(email=PERSON, minutes=[30]) for _ in range(number // 10 or 1)]
    made = []
    for place in range(number):
        consultant, slot = consultants[place // 10 % len(consultants)], place % 10
        made.append(actions.book(consultant, clock_of(slot), 30, a_client(f"client-{place}@client.example")))
    return made


def clock_of(slot: int, *, days: int = 10) -> datetime:
    return at(f"{9 + slot // 2:02}:{30 * (slot % 2):02}", days=days)


def change_of_mind(booking: Booking) -> None:
    """Every third is moved, every fifth cancelled, some both."""
    try:
        with suppress(BookingError):
            if booking.pk % 3 == 0:
                actions.move(booking, clock_of(booking.pk % 10, days=20), lenient=True)
            if booking.pk % 5 == 0:
                actions.cancel(booking)
    finally:
        database.close()


def settled() -> bool:
    Delivery.objects.filter(state="pending", due_at__gt=timezone.now()).update(due_at=timezone.now())
    return not Delivery.objects.filter(integration__slug=SLUG, state__in=["pending", "in_flight"]).exists()


def kill_on_the_way(workers: list[Process], kills: int) -> None:
    for kill in range(kills):
        time_for_one = time.monotonic() + 2
        until(lambda at=time_for_one: settled() or time.monotonic() > at, 10)  # type: ignore[misc]
        workers[kill % len(workers)].kill()
        workers[kill % len(workers)].start()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("number", "kills"), [(40, 2), pytest.param(400, 12, marks=pytest.mark.soak)])
def test_one_entry_for_each_meeting_in_the_end(peer: GoogleSandbox, number: int, kills: int) -> None:
    hurry_beat()
    connect(peer, **HURRIED)
    peer.faults.set("cut_after", share=0.15, call="events.*")
    peer.faults.set("truncate", share=0.05, call="events.*")
    peer.faults.set("cut_before", share=0.05)
    booked = a_crowd(number)

    with broker() as redis_url, processes(redis_url, WORKER, WORKER, BEAT) as (first, second, _beat):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(change_of_mind, booked))
        kill_on_the_way([first, second], kills)
        until(settled, 60 + number)

    assert Counter(Delivery.objects.filter(integration__slug=SLUG).values_list("state", flat=True)).keys() == {
        "delivered"
    }
    wanted = {names.event_id(row): row.starts_at for row in Booking.objects.filter(status=Status.CONFIRMED)}
    assert {event["id"]: begins(event) for event in peer.events()} == wanted
    assert not Booking.objects.exclude(problem="").exists()
    assert peer.faults.met["cut_after"] > 0
