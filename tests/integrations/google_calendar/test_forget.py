"""Whoever is forgotten is named in no calendar any more, and nobody gets a mail about it."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from bookings import actions
from bookings.models import Booking
from integrations import configuration, erasure
from integrations.google_calendar.sandbox import PERSON, GoogleSandbox
from integrations.models import Erasure, Integration
from tests.bookings.times import at
from tests.factories import ConsultantFactory, a_client

from .booked import GUEST, a_booking, an_entry, asked, deliver, entry, fresh, mails, pull, record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("google")]
PERSONAL = ("Ada", "Lovelace", GUEST, "Analytical", "030 1234", "engines")
DETAILS = {"company": "Analytical", "phone": "030 1234", "message": "About engines."}


def forget(address: str = GUEST) -> Erasure:
    done = erasure.forget(address, via=Erasure.Via.COMMAND)
    deliver()
    erasure.sweep()
    done.refresh_from_db()
    return done


def personal(peer: GoogleSandbox, booking: Booking) -> list[str]:
    """What Google still says of the person, deleted or not."""
    told = json.dumps(entry(peer, booking))
    return [word for word in PERSONAL if word in told]


def past(booking: Booking) -> None:
    """The meeting was yesterday, here and there."""
    then = timezone.now() - timedelta(days=1)
    Booking.objects.filter(pk=booking.pk).update(starts_at=then, ends_at=then + timedelta(minutes=30))


def test_what_is_ahead_is_taken_away(peer: GoogleSandbox) -> None:
    booking = an_entry(peer, **DETAILS)
    assert personal(peer, booking)
    sent = mails(peer)

    done = forget()

    assert peer.events() == []
    assert personal(peer, booking) == []
    assert mails(peer) == sent
    assert record(booking).sent == {}
    assert done.completed_at
    assert done.items.filter(system="google_calendar", done_at__isnull=False).count() == 1


def test_what_is_over_stays_without_a_name(peer: GoogleSandbox) -> None:
    booking = an_entry(peer, **DETAILS)
    past(booking)
    forget()
    shown = entry(peer, booking)
    assert (shown["status"], shown["summary"]) == ("confirmed", f"Consultation - {booking.reference}")
    assert [guest["email"] for guest in shown["attendees"]] == [PERSON]
    assert personal(peer, booking) == []
    assert len(mails(peer)) == 1


def test_the_certificate_is_open_until_google_has_forgotten(peer: GoogleSandbox) -> None:
    an_entry(peer)
    peer.faults.set("status", 503)
    assert not forget().completed_at
    peer.faults.clear()
    configuration.resume(Integration.objects.get(slug="google_calendar"))
    deliver()
    erasure.sweep()
    assert Erasure.objects.get().completed_at


def test_an_entry_whose_answer_was_lost_is_found(peer: GoogleSandbox) -> None:
    booking = a_booking(**DETAILS)
    peer.faults.set("cut_after", call="events.insert", times=1)
    deliver()
    forget()
    assert peer.events() == []
    assert personal(peer, booking) == []


def test_what_never_was_there_is_not_looked_for(peer: GoogleSandbox) -> None:
    actions.book(ConsultantFactory(email=PERSON), at("10:00"), 30, a_client(GUEST), pending=True)
    assert forget().completed_at
    assert asked(peer) == {}


def test_an_entry_that_somebody_deleted_is_left_alone(peer: GoogleSandbox) -> None:
    booking = an_entry(peer)
    peer.delete(record(booking).remote_id)
    assert forget().completed_at
    assert peer.events() == []


def test_nothing_is_heard_of_forgotten_people(peer: GoogleSandbox) -> None:
    booking, other = an_entry(peer), actions.book(ConsultantFactory(), at("10:00"), 30, a_client("bob@client.example"))
    deliver()
    forget()
    assert pull() == {}
    assert fresh(booking).is_forgotten
    assert fresh(other).status == "confirmed"
