"""The right to be forgotten, and corrections before it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

import leads.actions
from leads.models import Lead
from tests.factories import LeadFactory, RegistrationFactory, SessionFactory, a_registrant
from tests.leads.listening import listen
from tests.webinars.paying import hear, pay
from tests.webinars.people import come, standing
from webinars.actions import begin_payment, forget, refuse_refund, register, update_registration
from webinars.models import Payment, Registration
from webinars.payments import State
from webinars.signals import registrations_cancelled, registrations_changed, registrations_forgotten

pytestmark = pytest.mark.django_db


def test_forget_leaves_nothing_personal_and_keeps_the_payment() -> None:
    lead = LeadFactory(email="secret@client.example")
    details = dict.fromkeys(("first_name", "last_name", "company", "phone", "zone"), "SECRET")
    registration = RegistrationFactory(lead=lead, language="de", **details)
    Payment.objects.create(registration=registration, amount=90, currency="EUR", provider_id="pay_1")

    assert forget([lead]) == 1

    row = Registration.objects.values().get()
    assert "secret" not in str(row).lower()
    assert (row["language"], Registration.objects.get().is_forgotten) == ("", True)
    assert Payment.objects.get().provider_id == "pay_1"


@pytest.mark.usefixtures("payable")
def test_words_of_the_provider_do_not_come_back() -> None:
    """They may name the person, and are told again with everything that we hear of the payment."""
    session = SessionFactory(price=90)
    owing, paying = come(session, "ada", "bob")
    open_payment, payment = begin_payment(owing), pay(paying)
    hear(open_payment, State.FAILED, failure="The card of Ada Lovelace was declined.")

    forget([owing.lead, paying.lead])
    hear(open_payment, State.FAILED, failure="The card of Ada Lovelace was declined again.")
    refund = payment.refunds.get()
    refuse_refund(refund, "The account of Bob is closed.")

    open_payment.refresh_from_db()
    refund.refresh_from_db()
    assert (open_payment.status, open_payment.failure) == ("failed", "")
    assert (refund.status, refund.note) == ("failed", "")


def test_seat_that_is_still_ahead_goes_to_the_next_in_line() -> None:
    session = SessionFactory(capacity=1)
    ada, _ = come(session, "ada", "bob")

    with listen(registrations_forgotten) as told, listen(registrations_cancelled) as cancelled:
        forget([ada.lead])

    assert list(standing(session).values()) == ["cancelled", "offered"]
    assert (told, cancelled) == ([[ada]], [])


def test_forgotten_person_counts_among_those_who_came() -> None:
    past = SessionFactory(starts_at=timezone.now() - timedelta(days=2), status="completed")
    for status in ("attended", "confirmed"):
        forget([RegistrationFactory(session=past, status=status).lead])

    assert sorted(past.registrations.values_list("status", flat=True)) == ["attended", "confirmed"]


@pytest.mark.parametrize("actions", [(leads.actions.forget, forget), (forget, leads.actions.forget)])
def test_order_of_forgetting_lead_and_registrations_does_not_matter(
    actions: tuple[Callable[[list[Lead]], object], ...],
) -> None:
    lead = come(SessionFactory(), "ada")[0].lead

    for action in actions:
        action([lead])

    assert Lead.objects.get().is_forgotten
    assert Registration.objects.get().is_forgotten


def test_forgetting_again_or_somebody_who_never_came_tells_nothing() -> None:
    lead = come(SessionFactory(), "ada")[0].lead
    forget([lead])

    with listen(registrations_forgotten) as told:
        assert forget([lead, LeadFactory()]) == 0
        assert forget([]) == 0

    assert told == []


def test_forgotten_person_may_register_anew() -> None:
    session = SessionFactory()
    ada = come(session, "ada")[0]
    leads.actions.forget([ada.lead])
    forget([ada.lead])

    again = register(session, a_registrant())

    assert again.is_new
    assert again.registration.lead != ada.lead


@pytest.mark.parametrize("count", [1, 20])
def test_forget_takes_the_same_few_statements_for_any_number(count: int, django_assert_num_queries: object) -> None:
    session = SessionFactory()
    people = [registration.lead for registration in come(session, *[f"person-{n}" for n in range(count)])]

    with django_assert_num_queries(16):  # type: ignore[operator]
        forget(people)


def test_correction_changes_the_row_and_tells() -> None:
    registration = RegistrationFactory(company="Old")

    with listen(registrations_changed) as told:
        assert update_registration(registration, {"company": "New", "zone": "Asia/Tokyo"})
        assert not update_registration(registration, {"company": "New"})

    assert told == [[registration]]
    assert Registration.objects.values_list("company", "zone").get() == ("New", "Asia/Tokyo")


def test_forgotten_person_takes_no_details() -> None:
    past = SessionFactory(starts_at=timezone.now() - timedelta(days=2), status="completed")
    stale = RegistrationFactory(session=past, status="attended")
    forget([stale.lead])

    assert not update_registration(stale, {"company": "New"})
    assert Registration.objects.get().company == ""
