"""Where calendars and bookings differ: what is planted is found by name, and nothing else; mending mends it there."""

from datetime import timedelta

from bookings.models import Booking
from integrations import outbox, reconciliation
from integrations.google_calendar import names
from integrations.google_calendar.sandbox import GoogleSandbox
from integrations.models import Delivery, Drift, Integration
from tests.integrations.comparing import an_hour_later, compare, found

from .conftest import a_booking, a_consultant, tomorrow

DAY = timedelta(days=1)


def booked(number: int) -> list[Booking]:
    """Six a day, and everything settled."""
    anna = a_consultant(horizon_days=90)
    slots = [tomorrow(8 + n % 6) + n // 6 * DAY for n in range(number)]
    made = [a_booking(anna, at, email=f"client{n}@acme.example") for n, at in enumerate(slots)]
    outbox.drain()
    an_hour_later()
    return made


def test_planted_bookings_are_found_among_many_and_mended(google: Integration, peer: GoogleSandbox) -> None:
    bookings = booked(55)
    gone, moved, cancelled = (bookings[n : n + 5] for n in range(0, 15, 5))
    never = [a_booking(bookings[0].consultant, tomorrow(8 + n) + 20 * DAY, email=f"n{n}@a.example") for n in range(5)]
    Delivery.objects.filter(subject_type="bookings.booking", subject_id__in=[row.pk for row in never]).delete()
    an_hour_later()
    for booking in gone:
        peer.delete(names.event_id(booking))
    for booking in moved:
        peer.move(names.event_id(booking), booking.starts_at + timedelta(minutes=30))
    Booking.objects.filter(pk__in=[booking.pk for booking in cancelled]).update(status="cancelled")
    unknown, alike = Booking(), names.event_id(Booking())
    stranger, ours = names.event_id(unknown), {"private": {"magnetiq": str(unknown.uuid)}}
    peer.add_event(tomorrow(16), tomorrow(17), "Of another database", id=stranger, extendedProperties=ours)
    peer.add_event(tomorrow(16), tomorrow(17), "Private, by a name that looks like ours", id=alike)

    result = compare("google_calendar")

    planted = {
        *(("missing", booking) for booking in gone),
        *(("time", booking) for booking in moved),
        *(("never_there", booking) for booking in never),
        *(("cancelled_here", booking) for booking in cancelled),
        ("unknown_here", stranger),
    }
    assert found() == planted
    assert (result["found"], result["notes"]) == (21, [])

    assert reconciliation.mend(Drift.objects.all()) == 20
    outbox.drain()
    peer.delete(stranger)  # by hand

    assert compare("google_calendar")["closed"] == 21
    assert found() == set()
    times = {event["id"]: event["start"]["dateTime"] for event in peer.events()}
    assert all(names.event_id(booking) in times for booking in [*gone, *moved, *never])
    assert not any(names.event_id(booking) in times for booking in cancelled)


def test_no_answer_invents_nothing_and_closes_nothing(google: Integration, peer: GoogleSandbox) -> None:
    first, second = booked(2)
    peer.delete(names.event_id(first))
    compare()
    peer.delete(names.event_id(second))
    peer.faults.set("status", 503)

    result = compare()

    assert (result["unknown"], result["closed"]) == (1, 0)
    assert found() == {("missing", first)}


def test_what_somebody_was_asked_about_is_no_difference(google: Integration, peer: GoogleSandbox) -> None:
    (booking,) = booked(1)
    peer.move(names.event_id(booking), booking.starts_at + timedelta(minutes=30))
    Booking.objects.update(problem="moved_outside")

    compare()

    assert found() == set()
