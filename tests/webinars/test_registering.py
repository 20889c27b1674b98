"""How people get into a session."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from leads.actions import Utm
from leads.models import Lead, Touchpoint
from tests.factories import LeadFactory, RegistrationFactory, SessionFactory, a_registrant
from tests.leads.listening import listen
from tests.webinars.people import come, standing
from webinars.actions import HOLD, cancel, register
from webinars.errors import PaymentsUnavailable, RegistrationClosed, SessionFull
from webinars.models import Registration
from webinars.signals import payments_awaited, registrations_confirmed, registrations_waitlisted

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_free_session_confirms_at_once_and_tells() -> None:
    session = SessionFactory()

    with listen(registrations_confirmed) as told:
        done = register(session, a_registrant())

    assert done.is_new
    assert told == [[done.registration]]
    row = Registration.objects.get()
    assert (row.status, row.number, row.held_until) == ("confirmed", 1, None)
    assert row.confirmed_at == row.registered_at


def test_registration_keeps_what_the_person_told() -> None:
    told = {"company": "Analytical Engines", "phone": "+49 30 1", "language": "de", "zone": "Asia/Tokyo"}

    register(SessionFactory(), a_registrant(" Ada@Client.Example", terms_version="2026-11", **told))

    row = Registration.objects.get()
    assert {field: getattr(row, field) for field in told} == told
    assert (row.name, row.email, row.terms_version) == ("Ada Lovelace", "ada@client.example", "2026-11")
    assert row.terms_accepted_at == row.registered_at


def test_registering_captures_the_lead_with_campaign_and_consent() -> None:
    session = SessionFactory()

    register(session, a_registrant(utm=Utm(campaign="autumn"), marketing_consent=True, company="Engines"))

    lead = Lead.objects.get()
    touchpoint = lead.touchpoints.get()
    assert (lead.name, lead.company, lead.consents.count()) == ("Ada Lovelace", "Engines", 1)
    assert (touchpoint.kind, touchpoint.key) == (Touchpoint.Kind.WEBINAR, str(session.uuid))
    assert touchpoint.utm_campaign == "autumn"


@pytest.mark.usefixtures("payable")
def test_paid_session_holds_the_seat_for_half_an_hour_and_tells_nothing() -> None:
    before = timezone.now()

    with listen(registrations_confirmed) as told:
        registration = register(SessionFactory(price=90), a_registrant()).registration

    assert told == []
    assert registration.status == "pending_payment"
    assert registration.held_until is not None
    assert before + HOLD <= registration.held_until <= timezone.now() + HOLD


@pytest.mark.usefixtures("payable")
def test_seat_is_held_no_longer_than_until_the_session_starts() -> None:
    session = SessionFactory(price=90, starts_at=timezone.now() + timedelta(minutes=5))

    assert register(session, a_registrant()).registration.held_until == session.starts_at


@pytest.mark.usefixtures("payable")
def test_paid_session_that_starts_before_anybody_can_pay_refuses_and_keeps_nothing() -> None:
    with pytest.raises(RegistrationClosed):
        register(SessionFactory(price=90, starts_at=timezone.now() + timedelta(seconds=59)), a_registrant())

    assert (Lead.objects.count(), Registration.objects.count()) == (0, 0)


def test_free_session_takes_people_until_it_starts() -> None:
    session = SessionFactory(starts_at=timezone.now() + timedelta(seconds=59))

    assert register(session, a_registrant()).registration.status == "confirmed"


def test_paid_session_without_anybody_to_take_money_refuses_and_keeps_nothing() -> None:
    with pytest.raises(PaymentsUnavailable, match="cannot be paid"):
        register(SessionFactory(price=90), a_registrant())

    assert (Lead.objects.count(), Registration.objects.count()) == (0, 0)


def test_second_try_finds_the_first_and_changes_nothing() -> None:
    session = SessionFactory()
    first = register(session, a_registrant(company="Engines")).registration

    with listen(registrations_confirmed) as told:
        second = register(session, a_registrant("ADA@client.example", company="Other"))

    assert (second.is_new, second.registration, told) == (False, first, [])
    assert Registration.objects.get().company == "Engines"


@pytest.mark.usefixtures("payable")
def test_second_try_at_a_seat_that_is_not_paid_tells_that_somebody_looks_for_the_way() -> None:
    session = SessionFactory(price=90)

    with listen(payments_awaited) as told:
        first = register(session, a_registrant()).registration
        assert told == []
        second = register(session, a_registrant())

    assert (second.is_new, second.registration, told) == (False, first, [[first]])
    assert second.registration.held_until == first.held_until


@pytest.mark.parametrize("status", ["confirmed", "waitlisted", "offered", "attended"])
def test_second_try_of_who_has_nothing_to_pay_tells_nothing(status: str) -> None:
    known = RegistrationFactory(status=status)

    with listen(payments_awaited) as told:
        register(known.session, a_registrant(known.email))

    assert told == []


def test_second_try_after_registration_closed_still_finds_the_first() -> None:
    session = SessionFactory()
    come(session, "ada")
    session.registration_closes_at = timezone.now() - HOUR
    session.save()

    assert not register(session, a_registrant()).is_new


def test_person_whose_address_changed_is_the_same_by_lead_and_by_old_address() -> None:
    session = SessionFactory()
    registration = RegistrationFactory(session=session, email="old@client.example", lead__email="new@client.example")

    for address in ("old@client.example", "new@client.example"):
        assert register(session, a_registrant(address)).registration == registration


def test_whoever_comes_back_under_two_known_addresses_gets_one_of_the_rows() -> None:
    session = SessionFactory()
    lead = LeadFactory(email="ada@client.example")
    RegistrationFactory(session=session, lead=lead, email="former@client.example", status="cancelled", number=1)
    by_address = RegistrationFactory(session=session, email="ada@client.example", status="cancelled", number=2)

    assert register(session, a_registrant()).registration == by_address
    assert list(session.registrations.values_list("status", flat=True)) == ["cancelled", "confirmed"]


def test_full_session_puts_people_on_the_waiting_list_and_tells() -> None:
    session = SessionFactory(capacity=1)

    with listen(registrations_waitlisted) as told:
        _, bob, cleo = come(session, "ada", "bob", "cleo")

    assert standing(session) == {"ada": "confirmed", "bob": "waitlisted", "cleo": "waitlisted"}
    assert told == [[bob], [cleo]]


def test_full_session_without_waiting_list_refuses_and_keeps_nothing() -> None:
    session = SessionFactory(capacity=1, waiting_list=False)
    come(session, "ada")

    with pytest.raises(SessionFull, match="taken"):
        come(session, "bob")

    assert (Lead.objects.count(), Registration.objects.count()) == (1, 1)


@pytest.mark.parametrize("status", ["confirmed", "attended", "no_show", "pending_payment", "offered"])
def test_seat_counts_as_taken_in_these_states(status: str) -> None:
    session = SessionFactory(capacity=1, waiting_list=False)
    RegistrationFactory(session=session, status=status)

    with pytest.raises(SessionFull):
        come(session, "bob")


@pytest.mark.parametrize("status", ["cancelled", "expired"])
def test_seat_is_free_again_in_these_states(status: str) -> None:
    session = SessionFactory(capacity=1)
    RegistrationFactory(session=session, status=status)

    assert come(session, "bob")[0].status == "confirmed"


def test_newcomer_queues_up_behind_those_who_wait_although_a_seat_is_free() -> None:
    session = SessionFactory(capacity=2)
    RegistrationFactory(session=session, status="waitlisted")

    assert come(session, "bob")[0].status == "waitlisted"


def test_whoever_cancelled_comes_back_as_the_last_in_the_same_row() -> None:
    session = SessionFactory(capacity=1)
    ada, _ = come(session, "ada", "bob")
    cancel(ada)

    again = register(session, a_registrant("ada@client.example", first_name="ada"))

    assert (again.is_new, again.registration, again.registration.number) == (True, ada, 3)
    assert standing(session) == {"bob": "offered", "ada": "waitlisted"}


CLOSED: dict[str, Callable[[], dict[str, object]]] = {
    "draft": lambda: {"status": "draft"},
    "cancelled": lambda: {"status": "cancelled"},
    "completed": lambda: {"status": "completed"},
    "started": lambda: {"starts_at": timezone.now() - HOUR},
    "too early": lambda: {"registration_opens_at": timezone.now() + HOUR},
    "too late": lambda: {"registration_closes_at": timezone.now() - HOUR},
}


@pytest.mark.parametrize("why", CLOSED)
def test_session_that_is_not_open_refuses_and_keeps_nothing(why: str) -> None:
    with pytest.raises(RegistrationClosed):
        register(SessionFactory(**CLOSED[why]()), a_registrant())

    assert (Lead.objects.count(), Registration.objects.count()) == (0, 0)


def test_decision_follows_the_database_and_not_the_object_at_hand() -> None:
    stale = SessionFactory(capacity=5)
    type(stale).objects.update(capacity=1)

    come(stale, "ada", "bob")

    assert standing(stale) == {"ada": "confirmed", "bob": "waitlisted"}
    assert stale.capacity == 1


def test_failing_receiver_takes_everything_back() -> None:
    with listen(registrations_confirmed, failing=True), pytest.raises(RuntimeError):
        register(SessionFactory(), a_registrant())

    assert (Lead.objects.count(), Registration.objects.count()) == (0, 0)
