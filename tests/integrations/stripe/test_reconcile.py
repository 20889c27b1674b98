"""Our book beside Stripe's: every planted difference is found, none is invented, and a dry run changes nothing."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django_celery_beat.models import PeriodicTask

from integrations import configuration, outbox
from integrations.models import Delivery, Integration, IntegrationLog
from integrations.service import JobReport
from integrations.stripe import drift
from integrations.stripe.sandbox import StripeSandbox
from tests.integrations.admin.conftest import press, run_page, text, work
from webinars.models import Payment, Refund, Registration

from .conftest import a_seat, a_session, paid, payment_of, service, started, status
from .two_books import Planted, a_clean_book, aged, forget_promises, refund_of

pytestmark = pytest.mark.django_db(transaction=True)


def reconcile(*, dry_run: bool = False) -> JobReport:
    return service().reconcile(dry_run=dry_run)


def found(report: JobReport) -> dict[str, tuple[str, dict[str, str]]]:
    """{payment: (kind, {field: what it is now})} of all that was told."""
    return {
        change["payment"]: (change["kind"], {name: told["after"] for name, told in change["fields"].items()})
        for change in report.changes
    }


def test_ten_planted_differences_are_found_and_none_invented(stripe: Integration, peer: StripeSandbox) -> None:
    a_clean_book(peer)
    planted = Planted(peer)
    aged()
    forget_promises()

    report = reconcile()

    assert len(planted.expected) == 10
    assert found(report) == planted.expected
    assert report.promised == 1


def test_what_was_mended_is_no_difference_any_more(stripe: Integration, peer: StripeSandbox) -> None:
    planted = Planted(peer)
    aged()
    forget_promises()
    reconcile()
    outbox.drain(integration="stripe")

    again = found(reconcile())

    assert again == {name: told for name, told in planted.expected.items() if told[0] == "unknown"}


def test_dry_run_tells_the_same_and_changes_nothing(stripe: Integration, peer: StripeSandbox) -> None:
    planted = Planted(peer)
    aged()
    forget_promises()
    before = everything()

    report = reconcile(dry_run=True)

    assert found(report) == planted.expected
    assert everything() == before
    assert not IntegrationLog.objects.filter(operation="reconcile").exists()
    assert found(reconcile()) == planted.expected


def everything() -> list[Any]:
    rows = [model.objects.order_by("pk").values() for model in (Payment, Refund, Registration, Delivery)]
    return [list(each) for each in rows]


def test_clean_book_is_left_alone_with_few_calls(stripe: Integration, peer: StripeSandbox) -> None:
    a_clean_book(peer)
    before = len(peer.calls)

    report = reconcile()

    assert (report.changes, report.promised) == ([], 0)
    assert report.counts["same"] == 8
    assert len(peer.calls) - before <= 6  # three lists, and what is disputed is always read


def test_each_mend_is_logged_and_what_stays_is_logged_once(stripe: Integration, peer: StripeSandbox) -> None:
    planted = Planted(peer)
    aged()
    forget_promises()
    reconcile()
    reconcile()

    logged = list(IntegrationLog.objects.filter(operation="reconcile").values_list("metadata__payment", flat=True))

    assert sorted(logged) == sorted(planted.expected)


def test_payment_that_stripe_lost_is_told(stripe: Integration, peer: StripeSandbox) -> None:
    payment = started(a_seat())
    Payment.objects.update(provider_id="pi_nowhere")

    report = reconcile(dry_run=True)

    assert found(report) == {
        "pi_nowhere": ("gone", {"provider_id": ""}),
        payment.provider_id: ("unknown", {"status": "requires_payment_method", "amount": "11900 eur"}),
    }


def test_payment_whose_creation_was_never_answered_is_adopted(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    peer.faults.set("cut_after", times=1, call="payment_intents.create")
    started(registration)
    (intent,) = peer.records("payment_intents")
    peer.pay(intent["id"])

    assert found(reconcile(dry_run=True)).keys() == {intent["id"]}
    assert payment_of(registration).provider_id == ""
    reconcile()

    assert (status(registration), payment_of(registration).provider_id) == ("confirmed", intent["id"])


def test_refund_whose_promise_is_gone_is_promised_anew(stripe: Integration, peer: StripeSandbox) -> None:
    payment = paid(peer)
    refund_of(payment, "19.00")
    forget_promises()
    aged()

    report = reconcile()
    outbox.drain(integration="stripe")

    payment.refresh_from_db()
    assert (report.promised, payment.refunded) == (1, Decimal("19.00"))


def test_what_is_promised_or_dead_already_is_not_promised_again(stripe: Integration, peer: StripeSandbox) -> None:
    refund_of(paid(peer), "19.00")
    aged()

    assert reconcile().promised == 0
    Delivery.objects.update(state="dead")
    assert reconcile().promised == 0


def test_old_payments_under_way_are_read_though_no_list_has_them(stripe: Integration, peer: StripeSandbox) -> None:
    registration = a_seat()
    payment = started(registration)
    peer.pay(payment.provider_id)
    of_nothing = drift.Theirs()

    (looked_at,) = drift.to_compare(of_nothing)

    assert not drift.looks_the_same(looked_at, of_nothing)


def test_many_intents_are_listed_page_by_page(stripe: Integration, peer: StripeSandbox) -> None:
    session = a_session(capacity=None)
    for number in range(103):
        started(a_seat(session, f"p{number}@client.example"))
    last = Payment.objects.order_by("pk")[0]
    peer.pay(last.provider_id)

    report = reconcile()

    assert (found(report).keys(), report.counts["same"]) == ({last.provider_id}, 102)


def test_job_waits_where_it_would_ask_too_fast(stripe: Integration, peer: StripeSandbox) -> None:
    session = a_session(capacity=None)
    payments = [started(a_seat(session, f"p{number}@client.example")) for number in range(4)]
    for payment in payments:
        peer.pay(payment.provider_id)
    configuration.configure(stripe, {"rate": "2/second"})

    assert len(reconcile().changes) == 4


def test_button_has_a_worker_mend_what_differs(
    client: Client, admin_user: User, stripe: Integration, peer: StripeSandbox
) -> None:
    payment = started(a_seat())
    peer.pay(payment.provider_id)
    client.force_login(admin_user)

    press(client, stripe, "sync", job="reconcile")
    run = work()

    assert status(payment.registration) == "confirmed"
    page = text(run_page(client, run))
    for told in (payment.provider_id, "What was changed", "Before", "Pending", "Afterwards", "Succeeded"):
        assert told in page


def test_it_runs_every_quarter_of_an_hour(db: None) -> None:
    row = PeriodicTask.objects.get(kwargs__contains="reconcile")

    assert (row.enabled, row.interval.schedule.run_every) == (True, timedelta(minutes=15))


def test_command_tells_as_json(stripe: Integration, peer: StripeSandbox, capsys: pytest.CaptureFixture[str]) -> None:
    payment = started(a_seat())
    peer.pay(payment.provider_id)

    call_command("reconcile_payments", "--dry-run", "--json")

    assert payment.provider_id in capsys.readouterr().out
    assert payment_of(payment.registration).status == "pending"
