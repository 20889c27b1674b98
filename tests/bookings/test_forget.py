"""The right to be forgotten."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

import leads.actions
from bookings.actions import Client, book, complete, forget, note_meeting_url
from bookings.models import Booking, Consultant
from bookings.signals import bookings_cancelled, bookings_forgotten
from leads.models import Lead
from tests.bookings.times import at
from tests.factories import ConsultantFactory, LeadFactory, a_client
from tests.leads.listening import listen

pytestmark = pytest.mark.django_db


def booked(consultant: Consultant | None = None, clock: str = "10:00", client: Client | None = None) -> Booking:
    return book(consultant or ConsultantFactory(), at(clock), 60, client or a_client())


def past(booking: Booking, **columns: object) -> Booking:
    ago = timedelta(days=30)
    Booking.objects.filter(pk=booking.pk).update(
        starts_at=booking.starts_at - ago, ends_at=booking.ends_at - ago, **columns
    )
    booking.refresh_from_db()
    return booking


def test_forget_leaves_nothing_personal() -> None:
    words = dict.fromkeys(("name", "company", "phone", "message"), "SECRET")
    booking = booked(client=a_client("secret@client.example", **words, language="de", zone="Europe/London"))
    note_meeting_url(booking, "https://secret.example/")

    assert forget([booking.lead]) == 1

    row = Booking.objects.values().get()
    assert "secret" not in str(row).lower()
    assert (row["language"], row["zone"], Booking.objects.get().is_forgotten) == ("", "", True)


def test_what_is_still_ahead_is_cancelled_and_its_time_free() -> None:
    consultant = ConsultantFactory()
    booking = booked(consultant)

    with listen(bookings_forgotten) as told, listen(bookings_cancelled) as cancelled:
        forget([booking.lead])

    assert Booking.objects.values_list("status", "sequence").get() == ("cancelled", 1)
    assert (told, cancelled) == ([[booking]], [])
    assert booked(consultant, client=a_client("bob@client.example")).status == "confirmed"


def test_who_was_met_counts_among_those_who_came() -> None:
    done = past(booked())
    complete(done)
    forget([done.lead])

    assert Booking.objects.values_list("status", "sequence").get() == ("completed", 0)


@pytest.mark.parametrize("actions", [(leads.actions.forget, forget), (forget, leads.actions.forget)])
def test_order_of_forgetting_lead_and_bookings_does_not_matter(
    actions: tuple[Callable[[list[Lead]], object], ...],
) -> None:
    lead = booked().lead
    assert lead

    for action in actions:
        action([lead])

    assert Lead.objects.get().is_forgotten
    assert Booking.objects.get().is_forgotten


def test_forgetting_again_or_somebody_who_never_came_tells_nothing() -> None:
    lead = booked().lead
    forget([lead])

    with listen(bookings_forgotten) as told:
        assert forget([lead, LeadFactory()]) == 0
        assert forget([]) == 0

    assert told == []


def test_forgotten_person_may_book_anew() -> None:
    consultant = ConsultantFactory()
    first = booked(consultant)
    leads.actions.forget([first.lead])
    forget([first.lead])

    assert booked(consultant).lead != first.lead


@pytest.mark.parametrize("count", [1, 7])
def test_forget_takes_few_statements_for_any_number(count: int, django_assert_max_num_queries: Any) -> None:
    one, many = ConsultantFactory(), ConsultantFactory.create_batch(count)
    people = [booked(each, client=a_client(f"{each.pk}@client.example")).lead for each in many]
    booked(one, client=a_client("other@client.example"))

    with django_assert_max_num_queries(8 + 2 * count):  # whose account keeps an entry is asked for each
        forget(people)

    assert Booking.objects.get(consultant=one).name == "Ada Lovelace"
    assert timezone.now() < Booking.objects.get(consultant=one).starts_at
