"""What takes place soon, and its red flags, on the operators' first page."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.models import Booking
from integrations.models import Connection, Delivery
from tests.factories import ConsultantFactory, LeadFactory, PaymentFactory, RegistrationFactory, SessionFactory
from tests.integrations.admin.conftest import queries
from webinars.models import Registration

URL = "/admin/"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LINK = "https://meet.example/1"


def upcoming(client: Client) -> dict[str, list[str]]:
    """{title: flags}."""
    return {event.title: event.flags for event in client.get(URL).context["upcoming"]}


def a_session(days: float, **columns: Any) -> Any:
    return SessionFactory(starts_at=timezone.now() + days * DAY, **{"meeting_url": LINK, **columns})


def a_booking(**columns: Any) -> Booking:
    start = timezone.now() + columns.pop("days", 2) * DAY
    reference = f"B-{Booking.objects.count()}"
    usual: dict[str, Any] = {"status": "confirmed", "meeting_url": LINK, "confirmed_at": timezone.now() - DAY}
    return Booking.objects.create(
        consultant=ConsultantFactory(name="Grace"), name="Ada", lead=LeadFactory(), starts_at=start,
        ends_at=start + HOUR, blocked=(start, start + HOUR), reference=reference, **{**usual, **columns},
    )  # fmt: skip


def promised(connection: Connection, subject: Any, state: str, **columns: Any) -> None:
    Delivery.objects.create(
        key=f"{subject._meta.label_lower}:{subject.pk}:{state}:{columns}",
        integration=connection.integration,
        connection=connection,
        operation="post_letters",
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        state=state,
        **columns,
    )


def test_nothing_is_red_where_all_is_well(operator: Client, connection: Connection) -> None:
    session, booking = a_session(2), a_booking(days=1)
    person = RegistrationFactory(session=session)
    for subject in (session, booking, person):
        promised(connection, subject, "delivered")
        promised(connection, subject, "pending")
    a_session(15)
    a_booking(days=8)
    a_booking(status="cancelled")

    assert upcoming(operator) == {"Ada with Grace": [], str(session.topic): []}


def test_session_tells_what_is_wrong_with_it_and_its_people(operator: Client, connection: Connection) -> None:
    soon, later = a_session(2, meeting_url=""), a_session(4, meeting_url="")
    people = RegistrationFactory.create_batch(2, session=soon)
    PaymentFactory(registration=people[0], notice="dispute")
    PaymentFactory(registration=RegistrationFactory(session=soon, status=Registration.Status.CANCELLED))
    for person in people:
        promised(connection, person, "dead")
    promised(connection, soon, "pending", created_at=timezone.now() - 2 * HOUR)

    found = upcoming(operator)

    wrong = [
        "no meeting link",
        "one payment to look at",
        "2 deliveries are dead",
        "one delivery has waited for an hour",
    ]
    assert found == {str(soon.topic): wrong, str(later.topic): []}
    assert [event.people for event in operator.get(URL).context["upcoming"]] == ["2", "0"]


@pytest.mark.parametrize(
    ("columns", "flags"),
    [
        ({"status": "pending", "confirmed_at": None, "meeting_url": ""}, ["to be confirmed"]),
        ({"unchecked": True}, ["calendar not checked"]),
        ({"problem": "declined"}, ["The client declined the invitation"]),
        ({"meeting_url": ""}, ["no meeting link"]),
        ({"meeting_url": "", "meeting_type": "phone"}, []),
    ],
)
def test_booking_tells_what_is_wrong_with_it(
    operator: Client, connection: Connection, columns: dict[str, Any], flags: list[str]
) -> None:
    a_booking(**columns)

    assert upcoming(operator) == {"Ada with Grace": flags}


def test_link_of_a_booking_may_take_a_while(operator: Client, connection: Connection) -> None:
    a_booking(meeting_url="", confirmed_at=timezone.now() - timedelta(minutes=4))

    assert upcoming(operator) == {"Ada with Grace": []}


def test_each_sees_what_he_may(staff: Any, connection: Connection) -> None:
    a_session(2)
    a_booking()

    assert list(upcoming(staff("view_booking"))) == ["Ada with Grace"]


def test_takes_as_many_queries_for_many_as_for_one(operator: Client, connection: Connection) -> None:
    for number in (1, 7):
        for n in range(number):
            session = a_session(1 + n)
            promised(connection, RegistrationFactory(session=session), "dead")
            promised(connection, a_booking(days=n / 10 + 1), "dead")
        if number == 1:
            for_one = queries(operator, URL)

    assert queries(operator, URL) == for_one
