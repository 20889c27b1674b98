"""The link of a video meeting becomes known at the very moment at which its confirmation goes out."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bookings.actions import book, note_meeting_url
from bookings.models import Booking
from integrations import setup
from integrations.email.sandbox import MailSandbox
from integrations.models import Delivery
from tests.bookings.times import at
from tests.concurrency import at_once
from tests.factories import ConsultantFactory, a_client

from .posting import drain

MEETING = "https://meet.example/room"
ROUNDS = 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("email")
def test_client_has_the_link_in_the_end_and_no_letter_twice(peer: MailSandbox, settings: Any) -> None:
    settings.BOOKINGS_CALENDAR = "tests.integrations.email.test_booking_letters.MakesLinks"
    setup.create_rows()
    for number in range(ROUNDS):
        booking = book(ConsultantFactory(), at("10:00"), 60, a_client(f"{number}@client.example"), lenient=True)
        ago = timezone.now() - timedelta(seconds=1)
        Delivery.objects.filter(operation="booking_confirmation").update(due_at=ago)

        def learn(booking: Booking = booking) -> object:
            return note_meeting_url(Booking.objects.get(pk=booking.pk), MEETING)

        at_once(lambda work: work(), [drain, learn])
        drain()

        letters = [letter for letter in peer.letters if letter.recipients == [booking.email]]
        kinds = [letter.subject.rpartition(" - ")[0] for letter in letters]
        assert kinds in (["Consultation Confirmed"], ["Consultation Confirmed", "Meeting Link"])
        assert MEETING in str(letters[-1].message.get_body(("plain",)).get_content())
