"""Paid at the provider, confirmed here, registered in Odoo: each difference by name, and none invented."""

import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import agreement
from integrations.models import Connection, ExternalRecord, Integration
from tests.factories import A_MOMENT, RegistrationFactory, SessionFactory
from tests.webinars.paying import hear, pay, went_back
from webinars.actions import begin_payment, cancel, cancel_session, request_refund, see
from webinars.models import Payment, Refund, Registration

pytestmark = pytest.mark.django_db
BOOK = "https://odoo.example db"


@pytest.fixture
def odoo() -> None:
    row, _ = Integration.objects.update_or_create(slug="odoo", defaults={"enabled": True})
    Connection.objects.update_or_create(integration=row, owner="", defaults={"book": BOOK})


def a_paid_seat(name: str = "Ada", **session: Any) -> Payment:
    session = {"price": 119, **session}
    person = RegistrationFactory(session=SessionFactory(**session), status="pending_payment", first_name=name)
    return pay(person)


def enter(registration: Registration, state: str = "open") -> None:
    ExternalRecord.objects.create(
        remote_system=BOOK, remote_model="event.registration", remote_id=str(registration.pk),
        subject_type="webinars.registration", subject_id=registration.pk, sent={"state": state}, synced_at=A_MOMENT,
    )  # fmt: skip


def differences() -> dict[str, str]:
    """{first name: kind}"""
    return {each.registration.first_name: each.kind for each in agreement.compare().differences}


def test_clean_book_says_zero() -> None:
    a_paid_seat()
    RegistrationFactory()  # of a session that costs nothing
    RegistrationFactory(session=SessionFactory(price=90), status="pending_payment")

    found = agreement.compare()

    assert (found.paid, found.sums, found.confirmed, found.registered) == (1, {"EUR": Decimal(119)}, 1, None)
    assert found.differences == []


@pytest.mark.usefixtures("odoo")
def test_whoever_cancelled_comes_back_or_was_refunded_is_no_difference() -> None:
    late = a_paid_seat(starts_at=timezone.now() + timedelta(days=1))
    soon, gone, part = a_paid_seat(), a_paid_seat(), a_paid_seat()
    cancel(late.registration)  # nothing back
    cancel(soon.registration)  # everything on its way back
    cancel_session(gone.registration.session)
    request_refund(part, Decimal(19), reason=Refund.Reason.BY_OPERATOR)
    for payment, state in ((late, "cancel"), (soon, "cancel"), (part, "open")):
        enter(payment.registration, state)

    found = agreement.compare()

    assert (found.differences, found.kept, found.confirmed, found.registered) == ([], 2, 1, 1)


@pytest.mark.usefixtures("odoo")
def test_each_difference_is_told_by_name_and_nobody_else_is() -> None:
    fine = a_paid_seat("Fine")
    enter(fine.registration)
    stranded = a_paid_seat("Stranded")
    Registration.objects.filter(pk=stranded.registration_id).update(status="expired")
    unpaid = RegistrationFactory(first_name="Unpaid", session=SessionFactory(price=90), confirmed_at=A_MOMENT)
    enter(unpaid)
    a_paid_seat("Unregistered")
    ghost = a_paid_seat("Ghost")
    cancel(ghost.registration)
    enter(ghost.registration)
    odd = RegistrationFactory(first_name="Odd", session=SessionFactory(price=90), status="pending_payment")
    hear(begin_payment(odd), currency="USD")
    twice = a_paid_seat("Twice")
    enter(twice.registration)
    Payment.objects.create(
        registration=twice.registration, number=2, amount=119, currency="EUR", status="succeeded",
        succeeded_at=timezone.now(),
    )  # fmt: skip

    assert differences() == {
        "Stranded": "no_seat",
        "Unpaid": "unpaid",
        "Unregistered": "not_in_odoo",
        "Ghost": "only_in_odoo",
        "Odd": "differs",
        "Twice": "twice",
    }


def test_money_whose_refund_failed_is_not_called_kept_until_somebody_has_seen_it() -> None:
    payment = a_paid_seat("Ada")
    cancel(payment.registration)
    failed = went_back(119, refund=Refund.objects.get().uuid, status=Refund.Status.FAILED)
    hear(payment, refunds=(failed,))

    assert (differences(), agreement.compare().kept) == ({"Ada": "no_seat"}, 0)
    see(payment)
    assert (differences(), agreement.compare().kept) == ({}, 1)


def test_report_asks_as_often_for_many_as_for_one(django_assert_num_queries: Any) -> None:
    for _number in range(10):
        a_paid_seat()

    with django_assert_num_queries(3):
        agreement.compare()


def test_command_states_zero_and_fails_on_a_difference() -> None:
    payment = a_paid_seat("Ada")
    out = StringIO()
    call_command("payment_report", stdout=out)
    assert "differences: 0" in out.getvalue()

    Registration.objects.update(status="expired")
    told = StringIO()
    with pytest.raises(SystemExit):
        call_command("payment_report", "--json", stdout=told)

    answer = json.loads(told.getvalue())
    assert answer["sums"] == {"EUR": "119.00"}
    assert [(each["kind"], each["payment"]) for each in answer["differences"]] == [("no_seat", payment.provider_id)]


def test_page_shows_the_same_with_a_way_to_each(client: Client) -> None:
    client.force_login(User.objects.create_superuser("ada"))
    address = reverse("admin:webinars_payment_agreement")
    payment = a_paid_seat("Augusta")
    assert "0 differences" in client.get(address).content.decode()

    Registration.objects.update(status="expired")
    page = client.get(address).content.decode()

    assert "Augusta" in page
    assert reverse("admin:webinars_payment_change", args=[payment.pk]) in page
