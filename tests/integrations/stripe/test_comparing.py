"""Where Stripe and our book differ: what is planted is found by name, and nothing else; reading it again mends it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import outbox, reconciliation
from integrations.models import Drift, Integration
from integrations.stripe import comparing
from integrations.stripe.sandbox import StripeSandbox
from tests.integrations.comparing import an_hour_later, compare, found
from webinars.models import Payment, Registration

from .conftest import a_seat, a_session, paid, started


@pytest.fixture(autouse=True)
def some_time_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe's own clock cannot be turned back."""
    monkeypatch.setattr(comparing, "FRESH", timedelta(seconds=-60))


def settle() -> None:
    outbox.drain()
    an_hour_later()


def test_planted_payments_are_found_among_others_and_mended(stripe: Integration, peer: StripeSandbox) -> None:
    session = a_session(capacity=100)
    seats = [a_seat(session, f"guest{n}@client.example") for n in range(24)]
    payments = [paid(peer, seat) for seat in seats[:16]]
    open_ones = [started(seat) for seat in seats[16:]]
    settle()
    for payment in payments[:5]:
        peer.refund(payment.provider_id)
    for payment in open_ones[:5]:
        peer.pay(payment.provider_id)
    unpaid = [payment.registration for payment in open_ones[5:7]]
    Registration.objects.filter(pk__in=[row.pk for row in unpaid]).update(status="confirmed", held_until=None)
    lost = payments[5:8]
    for payment in lost:
        Payment.objects.filter(pk=payment.pk).update(provider_id=f"pi_gone{payment.pk}")
    told_paid = open_ones[7]
    Payment.objects.filter(pk=told_paid.pk).update(status="succeeded", succeeded_at=timezone.now())

    compare("stripe")

    planted = {
        *(("refunded_there", payment) for payment in payments[:5]),
        *(("paid_there", payment) for payment in open_ones[:5]),
        *(("unpaid", seat) for seat in unpaid),
        *(("missing", payment) for payment in lost),
        ("unpaid_there", told_paid),
    }
    assert found() == planted

    reconciliation.mend(Drift.objects.filter(kind__in=["refunded_there", "paid_there"]))
    outbox.drain()
    compare("stripe")

    assert {kind for kind, _subject in found()} == {"unpaid", "missing", "unpaid_there"}
    assert set(Registration.objects.filter(payments__in=open_ones[:5]).values_list("status", flat=True)) == {
        "confirmed"
    }


def test_no_answer_invents_nothing(stripe: Integration, peer: StripeSandbox) -> None:
    payment = started(a_seat())
    settle()
    peer.pay(payment.provider_id)
    peer.faults.set("status", 503)

    assert compare()["unknown"] == 1
    assert found() == set()
