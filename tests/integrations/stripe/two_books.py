"""Two books of the same payments: on which both sides agree, and where they differ in ten ways."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from integrations import outbox
from integrations.models import Delivery
from integrations.stripe import reading
from integrations.stripe.sandbox import StripeSandbox
from webinars.actions import cancel, request_refund
from webinars.models import Payment, Refund, Registration

from .conftest import a_seat, a_session, paid, service, started

EARLIER = timedelta(hours=1)


def aged() -> None:
    """An hour goes by here: what was promised a moment ago is no longer on its way."""
    past = timezone.now() - EARLIER
    Payment.objects.update(created_at=past)
    Refund.objects.update(created_at=past)


def forget_promises() -> None:
    Delivery.objects.filter(integration__slug="stripe").delete()


def held_no_more(registration: Registration) -> None:
    Registration.objects.filter(pk=registration.pk).update(held_until=timezone.now() - EARLIER)


def refund_of(payment: Payment, amount: str) -> Refund:
    return request_refund(payment, Decimal(amount), reason=Refund.Reason.BY_OPERATOR)


class Planted:
    """Ten payments on which the two books differ, each in its own way: {name: how it is told}."""

    def __init__(self, peer: StripeSandbox) -> None:
        self.peer = peer
        self.session = a_session(capacity=None)
        plants: list[Callable[[], tuple[str, str, dict[str, str]]]] = [
            self.event_lost,
            self.refunded_in_the_dashboard,
            self.disputed,
            self.cancelled_at_stripe,
            self.refund_failed,
            self.amount_changed,
            self.unknown,
            self.paid_twice,
            self.debit_failed,
            self.never_cancelled,
        ]
        told = [plant() for plant in plants]
        self.expected = {payment: (kind, fields) for payment, kind, fields in told}

    def seat(self, name: str) -> Registration:
        return a_seat(self.session, f"{name}@client.example")

    def event_lost(self) -> tuple[str, str, dict[str, str]]:
        payment = started(self.seat("event-lost"))
        self.peer.pay(payment.provider_id)
        return payment.provider_id, "mended", {"status": "Succeeded", "registration": "Confirmed"}

    def refunded_in_the_dashboard(self) -> tuple[str, str, dict[str, str]]:
        payment = paid(self.peer, self.seat("dashboard"))
        self.peer.refund(payment.provider_id, 1900)
        fields = {"status": "Partially refunded", "refunded": "19.00", "refunds": "19.00 Succeeded"}
        return payment.provider_id, "mended", fields

    def disputed(self) -> tuple[str, str, dict[str, str]]:
        payment = paid(self.peer, self.seat("disputed"))
        self.peer.dispute(payment.provider_id)
        return payment.provider_id, "mended", {"status": "Disputed"}

    def cancelled_at_stripe(self) -> tuple[str, str, dict[str, str]]:
        payment = started(self.seat("cancelled"))
        service().client.cancel_intent(payment.provider_id)
        return payment.provider_id, "mended", {"status": "Cancelled"}

    def refund_failed(self) -> tuple[str, str, dict[str, str]]:
        payment = paid(self.peer, self.seat("refund-failed"))
        refund_of(payment, "9.00")
        outbox.drain(integration="stripe")
        made = next(row for row in self.peer.records("refunds") if row["payment_intent"] == payment.provider_id)
        self.peer.settle(made["id"], "failed")
        return payment.provider_id, "mended", {"status": "Succeeded", "refunded": "0.00", "refunds": "9.00 Failed"}

    def amount_changed(self) -> tuple[str, str, dict[str, str]]:
        payment = started(self.seat("amount"))
        service().client.api.payment_intents.update(payment.provider_id, {"amount": 100})
        self.peer.pay(payment.provider_id)
        problem = f"{payment.provider_id} asks for 1.00 EUR instead of 119.00 EUR."
        return payment.provider_id, "mended", {"problem": problem}

    def unknown(self) -> tuple[str, str, dict[str, str]]:
        metadata = {"site": reading.site(), "payment": "00000000-0000-4000-8000-000000000000"}
        intent = self.by_hand("unknown", metadata)
        return intent, "unknown", {"status": "requires_payment_method", "amount": "11900 eur"}

    def paid_twice(self) -> tuple[str, str, dict[str, str]]:
        """Another intent for a payment that has one."""
        payment = paid(self.peer, self.seat("twice"))
        metadata = {"site": reading.site(), "payment": str(payment.uuid)}
        intent = self.by_hand("twice", metadata)
        self.peer.pay(intent)
        return intent, "unknown", {"status": "succeeded", "amount": "11900 eur"}

    def debit_failed(self) -> tuple[str, str, dict[str, str]]:
        payment = started(self.seat("debit"))
        self.peer.pay(payment.provider_id, "pm_success_de")
        service().till.read(payment)
        self.peer.settle(payment.provider_id, "failed")
        return payment.provider_id, "mended", {"status": "Failed"}

    def never_cancelled(self) -> tuple[str, str, dict[str, str]]:
        """Our row has no intent, its seat is wanted back, and the promise is gone."""
        registration = self.seat("never")
        self.peer.faults.set("refuse")
        payment = started(registration)
        self.peer.faults.clear("refuse")
        held_no_more(registration)
        return str(payment.uuid), "promised", {"cancel_payments": "promised anew"}

    def by_hand(self, key: str, metadata: dict[str, str]) -> str:
        parameters: dict[str, Any] = {"amount": 11900, "currency": "eur", "metadata": metadata}
        return str(
            service().client.create_intent(key, parameters | {"automatic_payment_methods": {"enabled": True}})["id"]
        )


def a_clean_book(peer: StripeSandbox) -> None:
    """One of each kind, on which both agree."""
    session = a_session(capacity=None)
    for name in ("paid", "partly", "all", "disputed"):
        payment = paid(peer, a_seat(session, f"{name}@clean.example"))
        if name == "partly":
            refund_of(payment, "9.00")
        if name == "all":
            refund_of(payment, "119.00")
        if name == "disputed":
            peer.dispute(payment.provider_id)
            service().till.read(payment)
    started(a_seat(session, "open@clean.example"))
    declined = started(a_seat(session, "declined@clean.example"))
    peer.pay(declined.provider_id, "pm_card_chargeDeclined")
    service().till.read(declined)
    processing = started(a_seat(session, "processing@clean.example"))
    peer.pay(processing.provider_id, "pm_success_de")
    service().till.read(processing)
    given_up = a_seat(session, "gone@clean.example")
    started(given_up)
    cancel(given_up)
    outbox.drain(integration="stripe")
    aged()
