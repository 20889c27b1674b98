"""What operators see and do about money."""

import csv
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from tests.factories import PaymentFactory, RegistrationFactory, SessionFactory
from tests.webinars.paying import hear, pay, went_back
from webinars.actions import request_refund
from webinars.models import Payment, Refund

pytestmark = pytest.mark.django_db
LIST = reverse("admin:webinars_payment_changelist")
EXPORT = reverse("admin:webinars_payment_export")


@pytest.fixture
def operator(client: Client) -> Client:
    user = User.objects.create_user("olga", is_staff=True)
    user.groups.set(Group.objects.filter(name="Operator"))
    client.force_login(user)
    return client


def a_paid_seat(**session: Any) -> Payment:
    return pay(RegistrationFactory(session=SessionFactory(price=119, **session), status="pending_payment"))


def page_of(payment: Payment, name: str = "change") -> str:
    return reverse(f"admin:webinars_payment_{name}", args=[payment.pk])


def send_back(operator: Client, payment: Payment, amount: str, **fields: Any) -> Any:
    return operator.post(page_of(payment, "refund"), {"uuid": uuid4(), "amount": amount, "note": "", **fields})


def test_list_shows_disputes_and_problems_at_a_glance(operator: Client) -> None:
    PaymentFactory(notice="dispute", status="disputed", registration__last_name="Lovelace")
    PaymentFactory(registration__last_name="Hopper")

    assert "Lovelace" in (page := operator.get(LIST).content.decode())
    assert "Disputed" in page
    only = operator.get(LIST, {"notice__exact": "dispute"}).content.decode()
    assert "Hopper" not in only


def test_payment_is_looked_at_and_not_written(operator: Client) -> None:
    payment = a_paid_seat()
    hear(payment, refunds=(went_back(19),))

    page = operator.get(page_of(payment)).content.decode()

    assert payment.receipt_number is not None
    for fact in (payment.receipt_number, "re_1", "Made at the provider", page_of(payment, "refund")):
        assert fact in page
    assert 'type="text" name="amount"' not in page


def test_dialog_offers_what_is_left(operator: Client) -> None:
    payment = a_paid_seat()
    request_refund(payment, Decimal(19), reason=Refund.Reason.BY_OPERATOR)

    page = operator.get(page_of(payment, "refund"))

    assert page.context["form"]["amount"].value() == Decimal(100)
    assert not Refund.objects.filter(amount=100).exists()


def test_operator_sends_a_part_back_once_however_often_it_is_pressed(operator: Client) -> None:
    payment, uuid = a_paid_seat(), uuid4()

    for _press in range(2):
        answer = send_back(operator, payment, "19.00", note="Goodwill", uuid=uuid)

    refund = Refund.objects.get()
    assert answer.headers["Location"] == page_of(payment)
    assert (refund.amount, refund.note, refund.reason) == (Decimal(19), "Goodwill", "by_operator")
    assert refund.requested_by == User.objects.get(username="olga")


@pytest.mark.parametrize("amount", ["119.01", "0", "-5", "x", ""])
def test_too_much_or_nonsense_is_said_beside_the_amount(operator: Client, amount: str) -> None:
    answer = send_back(operator, a_paid_seat(), amount)

    assert answer.context["form"].errors["amount"]
    assert not Refund.objects.exists()


def test_what_was_looked_at_needs_nobody_any_more(operator: Client) -> None:
    payment = PaymentFactory(notice="mismatch", problem="It asks for 1.00 EUR.")
    assert "It asks for 1.00 EUR." in operator.get(page_of(payment)).content.decode()

    operator.post(page_of(payment, "see"))

    payment.refresh_from_db()
    assert (payment.notice, payment.problem) == ("", "It asks for 1.00 EUR.")


def exported(operator: Client, **days: str) -> list[dict[str, str]]:
    answer = operator.post(EXPORT, {"start": "", "end": "", **days})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(StringIO(text)))


def test_bookkeeper_gets_every_movement_with_its_parts(operator: Client) -> None:
    with time_machine.travel(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)):  # July already in Berlin
        payment = a_paid_seat(slug="=data")
        pending = a_paid_seat()
        request_refund(pending, reason=Refund.Reason.BY_OPERATOR)
        PaymentFactory()
    with time_machine.travel(datetime(2026, 7, 2, tzinfo=UTC)):
        hear(payment, refunds=(went_back("59.50"),))

    rows = exported(operator, start="2026-07-01", end="2026-07-02")

    assert [list(row.values()) for row in (rows[0], rows[2])] == [
        ["2026-07-01", "payment", "2026-000001", "100.00", "19.00", "19.00", "119.00", "EUR", "partially_refunded",
         "'=data", f"pay_{payment.uuid.hex}"],
        ["2026-07-02", "refund", "2026-000001", "-50.00", "19.00", "-9.50", "-59.50", "EUR", "succeeded",
         "'=data", "re_1"],
    ]  # fmt: skip
    assert len(rows) == 3
    assert exported(operator, end="2026-06-30") == []


def test_refund_that_a_bank_sent_back_stays_in_its_month_and_comes_back_in_another(operator: Client) -> None:
    refund = went_back(19)
    with time_machine.travel(datetime(2026, 6, 10, tzinfo=UTC)):
        payment = a_paid_seat()
        hear(payment, refunds=(refund,))
    june = exported(operator, start="2026-06-01", end="2026-06-30")
    with time_machine.travel(datetime(2026, 7, 10, tzinfo=UTC)):
        hear(payment, refunds=(replace(refund, status=Refund.Status.FAILED),))

    july = exported(operator, start="2026-07-01", end="2026-07-31")

    again = exported(operator, start="2026-06-01", end="2026-06-30")
    assert [each["gross"] for each in june] == [each["gross"] for each in again] == ["119.00", "-19.00"]
    assert [(each["date"], each["kind"], each["gross"], each["vat"]) for each in july] == [
        ("2026-07-10", "refund_returned", "19.00", "3.03")
    ]
    assert Payment.objects.get().notice == "refund_failed"


def test_refund_that_never_arrived_is_no_movement(operator: Client) -> None:
    hear(a_paid_seat(), refunds=(went_back(19, status=Refund.Status.FAILED),))

    assert [each["kind"] for each in exported(operator)] == ["payment"]


def test_export_is_noted_and_takes_its_own_right(operator: Client, client: Client) -> None:
    exported(operator)
    assert LogEntry.objects.get().change_message == "Exported payments."

    auditor = User.objects.create_user("ann", is_staff=True)
    auditor.groups.set(Group.objects.filter(name="Auditor"))
    client.force_login(auditor)
    payment = a_paid_seat()
    assert client.post(EXPORT).status_code == 403
    assert send_back(client, payment, "1").status_code == 403
    assert page_of(payment, "refund") not in client.get(page_of(payment)).content.decode()


def test_sums_of_many_movements_stay_to_the_cent(operator: Client) -> None:
    for number in range(5):
        payment = a_paid_seat(vat_rate=Decimal("7.00"))
        hear(payment, refunds=(went_back(f"{10 + number}.{number}9", provider_id=f"re_{number}"),))

    rows = exported(operator)

    for row in rows:
        assert Decimal(row["net"]) + Decimal(row["vat"]) == Decimal(row["gross"])
    kept = sum(each.amount - each.refunded for each in Payment.objects.all())
    assert sum(Decimal(row["gross"]) for row in rows) == kept
