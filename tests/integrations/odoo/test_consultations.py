"""What Odoo's sales people read of consultations: when and with whom, and what became of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from bookings.actions import book, cancel, complete, confirm, move
from bookings.models import Booking
from integrations import outbox
from integrations.models import Integration
from integrations.odoo.leads import bookings_of
from integrations.odoo.sandbox import OdooSandbox
from leads.actions import capture
from leads.models import Lead, Touchpoint
from tests.factories import ConsultantFactory, LeadFactory, TouchpointFactory, a_capture, a_client

from .conftest import states

START = datetime(2027, 1, 12, 9, tzinfo=UTC)  # ten o'clock at the firm's

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def before(db: None) -> Any:
    with time_machine.travel(START - timedelta(days=10), tick=False):
        yield


def booked(*, pending: bool = False) -> Booking:
    consultant = ConsultantFactory(name="Charles & Babbage")
    return book(consultant, START, 60, a_client(message="The <engine>"), pending=pending)


def told(peer: OdooSandbox) -> Any:
    outbox.drain(integration="odoo")
    (lead,) = peer.records("crm.lead")
    return lead


def notes(peer: OdooSandbox) -> list[str]:
    return str(told(peer)["description"]).removeprefix("<p>").removesuffix("</p>").split("<br/>")


def test_booking_arrives_with_its_reference_time_consultant_and_message(odoo: Integration, peer: OdooSandbox) -> None:
    booking = booked()

    lead = told(peer)

    assert (lead["email_from"], lead["medium_id"][1]) == ("ada@client.example", "Consultation")
    about = f"{booking.reference}, 2027-01-12 10:00 with Charles &amp; Babbage"
    assert notes(peer) == [f"Lead from consultation request: {about} (2027-01-02 10:00)", "The &lt;engine&gt;"]


def test_what_becomes_of_it_is_told_there(odoo: Integration, peer: OdooSandbox) -> None:
    booking = booked(pending=True)
    lines = [notes(peer)[0]]
    for step in (confirm, lambda each: move(each, START + timedelta(days=1)), cancel):
        step(booking)
        lines.append(notes(peer)[0])

    words = [line.rpartition(" (")[0].partition("VLT-")[2].partition(", ")[2] for line in lines]
    assert words == [
        "2027-01-12 10:00 with Charles &amp; Babbage, to be confirmed",
        "2027-01-12 10:00 with Charles &amp; Babbage",
        "2027-01-13 10:00 with Charles &amp; Babbage",
        "2027-01-13 10:00 with Charles &amp; Babbage, cancelled",
    ]
    assert set(states()) >= {"delivered"}


def test_who_was_met_is_told_as_before(odoo: Integration, peer: OdooSandbox) -> None:
    booking = booked()
    before = notes(peer)

    complete(booking)
    capture([a_capture("ada@client.example", key="other", kind=Touchpoint.Kind.CONTACT, message="Thanks")])

    assert notes(peer)[:2] == before


def test_bookings_are_asked_for_once_and_only_where_there_are_some(django_assert_num_queries: Any) -> None:
    nobody = TouchpointFactory.create_batch(3)
    plain = list(Lead.objects.filter(pk__in=[each.lead_id for each in nobody]).prefetch_related("touchpoints"))
    with django_assert_num_queries(0):
        assert bookings_of(plain) == {}

    booking = booked()
    everybody = list(Lead.objects.prefetch_related("touchpoints"))
    LeadFactory()
    with django_assert_num_queries(1):
        assert bookings_of(everybody) == {str(booking.uuid): booking}
