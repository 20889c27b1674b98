"""What goes back, by whose will, and never more than was paid."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from tests.factories import RegistrationFactory, SessionFactory, a_registrant
from tests.leads.listening import listen
from tests.webinars.paying import hear, pay, went_back
from tests.webinars.people import come, standing
from webinars.actions import (
    begin_payment,
    cancel,
    cancel_session,
    forget,
    refuse_refund,
    register,
    request_refund,
    see,
)
from webinars.errors import NotRefundable, RefundTooHigh
from webinars.models import Payment, Refund, Registration
from webinars.payments import State
from webinars.refunding import refund_due
from webinars.signals import payments_disputed, refunds_made, refunds_requested, registrations_cancelled

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("payable")]
PRICE = Decimal("99.99")
BY_OPERATOR = Refund.Reason.BY_OPERATOR


def a_paid_seat(**session: Any) -> Payment:
    session = {"price": PRICE, **session}
    return pay(RegistrationFactory(session=SessionFactory(**session), status="pending_payment"))


def left_of(payment: Payment) -> Decimal:
    return Payment.objects.get(pk=payment.pk).left


# --- rules ----------------------------------------------------------------------------------------------------------

# Summer time ends in Berlin on 2026-10-25, between the deadlines and the start.
START = datetime(2026, 10, 26, 8, tzinfo=UTC)  # 09:00 on the wall
DEADLINES = [
    ("2026-10-19T06:59:00Z", "99.99"),
    ("2026-10-19T07:00:00Z", "99.99"),  # 09:00 on the wall, 7 days before
    ("2026-10-19T07:00:01Z", "33.00"),  # a third, rounded
    ("2026-10-24T07:00:00Z", "33.00"),
    ("2026-10-24T07:00:01Z", "0"),
]


@pytest.mark.parametrize(("now", "due"), DEADLINES)
def test_cancelling_gives_back_what_the_days_left_on_the_wall_say(now: str, due: str) -> None:
    with time_machine.travel("2026-09-01T12:00:00Z", tick=False):
        payment = a_paid_seat(starts_at=START, zone="Europe/Berlin", partial_refund_percent=33)
    registration = payment.registration

    with time_machine.travel(now, tick=False):
        foretold = refund_due(registration, datetime.fromisoformat(now))
        cancel(registration)

    assert foretold == Decimal(due)
    assert sum(Refund.objects.values_list("amount", flat=True)) == Decimal(due)
    assert set(Refund.objects.values_list("reason", flat=True)) <= {"cancelled_by_client"}


def test_nothing_is_due_where_nothing_was_paid() -> None:
    registration = RegistrationFactory()

    assert refund_due(registration, registration.registered_at) == 0
    cancel(registration)
    assert not Refund.objects.exists()


def test_what_went_back_already_is_taken_off() -> None:
    payment = a_paid_seat(partial_refund_days=29, full_refund_days=90)
    request_refund(payment, Decimal("30.00"), reason=BY_OPERATOR)

    cancel(payment.registration)

    assert list(Refund.objects.values_list("amount", flat=True)) == [Decimal("30.00"), Decimal("20.00")]


def test_who_cancelled_and_comes_back_is_owed_for_the_new_seat_only() -> None:
    payment = a_paid_seat()
    cancel(payment.registration)
    session = payment.registration.session
    again = register(session, a_registrant(payment.registration.email)).registration
    second = pay(again)

    hear(payment, refunds=(went_back(PRICE, refund=Refund.objects.get().uuid),))
    again.refresh_from_db()

    assert again.status == "confirmed"
    assert refund_due(again, again.registered_at) == PRICE
    assert second.gave_seat


def test_cancelled_session_gives_everything_back_to_who_had_a_seat() -> None:
    payment = a_paid_seat(starts_at=datetime.now(UTC) + timedelta(hours=1))
    session = payment.registration.session
    gone = pay(RegistrationFactory(session=session, status="pending_payment"))
    cancel(gone.registration)
    begin_payment(RegistrationFactory(session=session, status="pending_payment"))

    with listen(refunds_requested) as heard:
        cancel_session(session)

    refund = Refund.objects.get()
    assert (refund.payment, refund.amount, refund.reason) == (payment, PRICE, "session_cancelled")
    assert heard == [[refund]]


def test_forgotten_person_gets_the_money_back_and_leaves_the_sums() -> None:
    payment = a_paid_seat()
    registration = payment.registration
    request_refund(payment, Decimal("1.00"), reason=BY_OPERATOR, note="Ada complained")

    forget([registration.lead])

    payment.refresh_from_db()
    assert sum(payment.refunds.values_list("amount", flat=True)) == PRICE
    assert set(payment.refunds.values_list("note", flat=True)) == {""}
    assert (payment.amount, bool(payment.receipt_number), payment.failure) == (PRICE, True, "")


# --- by an operator -------------------------------------------------------------------------------------------------


def test_money_for_a_seat_that_a_forgotten_person_had_lost_goes_back() -> None:
    """Nobody would come to it."""
    payment = begin_payment(RegistrationFactory(session=SessionFactory(price=PRICE), status="pending_payment"))
    Registration.objects.update(status="expired", held_until=None)
    forget([payment.registration.lead])

    hear(payment)

    assert (Registration.objects.get().status, Refund.objects.get().amount) == ("expired", payment.amount)


def test_operator_refunds_a_part_and_then_the_rest_and_no_more(admin_user: Any) -> None:
    payment = a_paid_seat()

    first = request_refund(payment, Decimal("40.00"), reason=BY_OPERATOR, by=admin_user, note="Goodwill")
    rest = request_refund(payment, reason=BY_OPERATOR)

    assert (first.amount, first.requested_by, first.note) == (Decimal("40.00"), admin_user, "Goodwill")
    assert (rest.amount, left_of(payment)) == (Decimal("59.99"), 0)
    with pytest.raises(NotRefundable):
        request_refund(payment, reason=BY_OPERATOR)


@pytest.mark.parametrize("amount", ["0", "-1", "50.005", "100.00"])
def test_operator_refunds_no_nonsense(amount: str) -> None:
    payment = a_paid_seat()

    with pytest.raises(RefundTooHigh, match=r"99\.99 EUR can be refunded"):
        request_refund(payment, Decimal(amount), reason=BY_OPERATOR)

    assert not Refund.objects.exists()


def test_nothing_can_be_refunded_that_was_not_paid_or_is_disputed() -> None:
    unpaid = begin_payment(RegistrationFactory(session=SessionFactory(price=90), status="pending_payment"))
    disputed = a_paid_seat()
    with listen(payments_disputed) as heard:
        hear(disputed, disputed=True)

    assert heard == [[disputed]]
    for payment in (unpaid, disputed):
        with pytest.raises(NotRefundable):
            request_refund(payment, reason=BY_OPERATOR)


def test_refused_refund_is_shown_and_may_be_tried_again() -> None:
    payment = a_paid_seat()
    refund = request_refund(payment, reason=BY_OPERATOR)

    assert refuse_refund(refund, "Insufficient funds.")
    assert not refuse_refund(refund, "Insufficient funds.")

    payment.refresh_from_db()
    assert (refund.status, refund.note, payment.notice) == ("failed", "Insufficient funds.", "refund_failed")
    assert request_refund(payment, reason=BY_OPERATOR).amount == PRICE
    assert see(payment)
    assert not see(payment)


# --- told by the provider -------------------------------------------------------------------------------------------


def test_refund_of_ours_is_known_again_and_told_once() -> None:
    payment = a_paid_seat()
    refund = request_refund(payment, Decimal("40.00"), reason=BY_OPERATOR)
    back = went_back("40.00", refund=refund.uuid)

    with listen(refunds_made) as heard:
        hear(payment, refunds=(back,))
        hear(payment, refunds=(back,))

    payment.refresh_from_db()
    assert list(Refund.objects.values_list("status", "provider_id")) == [("succeeded", "re_1")]
    assert (payment.status, payment.refunded, payment.left) == (
        "partially_refunded",
        Decimal("40.00"),
        Decimal("59.99"),
    )
    assert heard == [[refund]]


def test_full_refund_at_the_provider_gives_the_seat_to_the_next_in_line() -> None:
    payment = a_paid_seat(capacity=1)
    session = payment.registration.session
    come(session, "bob")

    with listen(registrations_cancelled) as heard:
        hear(payment, refunds=(went_back("90.00"), went_back("9.99", provider_id="re_2")))

    assert heard == [[payment.registration]]
    assert standing(session) == {"Ada": "cancelled", "bob": "offered"}
    assert set(Refund.objects.values_list("reason", flat=True)) == {"at_provider"}


def test_seat_stays_after_a_session_and_after_a_part_went_back() -> None:
    partly, over = a_paid_seat(), a_paid_seat()

    hear(partly, refunds=(went_back("50.00"),))
    with time_machine.travel(over.registration.session.ends_at):
        hear(over, refunds=(went_back(PRICE, provider_id="re_2"),))

    assert set(Registration.objects.values_list("status", flat=True)) == {"confirmed"}


def test_refund_that_fails_later_is_not_counted_and_shown() -> None:
    payment = a_paid_seat()
    hear(payment, refunds=(went_back("50.00", status=Refund.Status.PENDING),))
    assert left_of(payment) == Decimal("49.99")

    hear(payment, refunds=(went_back("50.00", status=Refund.Status.FAILED),))

    payment.refresh_from_db()
    assert (payment.status, payment.refunded, payment.left) == ("succeeded", 0, PRICE)
    assert payment.notice == "refund_failed"


def test_refund_at_the_provider_leaves_less_for_the_one_that_we_promised() -> None:
    payment = a_paid_seat()
    request_refund(payment, reason=Refund.Reason.SESSION_CANCELLED)

    hear(payment, refunds=(went_back("60.00"),))

    assert list(Refund.objects.order_by("pk").values_list("amount", "status", "reason")) == [
        (PRICE, "cancelled", "session_cancelled"),
        (Decimal("60.00"), "succeeded", "at_provider"),
        (Decimal("39.99"), "pending", "session_cancelled"),
    ]


def test_closed_dispute_leaves_no_trace_but_the_notice() -> None:
    payment = a_paid_seat()

    hear(payment, disputed=True)
    hear(payment)

    payment.refresh_from_db()
    assert (payment.status, payment.notice, payment.registration.status) == ("succeeded", "dispute", "confirmed")
    assert hear(payment, State.SUCCEEDED)
