"""What clients correct after they booked."""

import pytest

from bookings.actions import book, cancel, change_details
from bookings.errors import ImpossibleMove
from bookings.models import Booking
from bookings.signals import bookings_changed
from tests.bookings.times import at
from tests.factories import ConsultantFactory, a_client
from tests.leads.listening import listen

pytestmark = pytest.mark.django_db


def booked() -> Booking:
    return book(ConsultantFactory(), at("10:00"), 60, a_client(company="Old"))


def test_correction_changes_the_row_and_its_calendar_entry_and_tells() -> None:
    booking = booked()

    with listen(bookings_changed) as told:
        assert change_details(booking, {"company": "New", "zone": "Asia/Tokyo"})
        assert not change_details(booking, {"company": "New"})

    assert told == [[booking]]
    assert Booking.objects.values_list("company", "zone", "sequence").get() == ("New", "Asia/Tokyo", 1)


def test_address_stays() -> None:
    with pytest.raises(ValueError, match="email"):
        change_details(booked(), {"email": "eve@client.example"})


def test_what_is_cancelled_is_not_changed() -> None:
    booking = booked()
    cancel(booking)

    with pytest.raises(ImpossibleMove):
        change_details(booking, {"company": "New"})
