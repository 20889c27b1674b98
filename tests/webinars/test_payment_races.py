"""Many pay at once, some too late, while seats are taken back: what was charged is seated or goes back, to the cent."""

import random
from contextlib import suppress
from decimal import Decimal
from threading import Lock

import pytest
from django.utils import timezone

from tests.factories import SessionFactory, a_registrant
from tests.webinars.paying import told, went_back
from tests.webinars.test_races import THREADS, at_once
from webinars.actions import ask, begin_payment, cancel, expire, register, report
from webinars.errors import WebinarError
from webinars.models import Payment, Refund, Registration, Session
from webinars.payments import State

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("payable")]
PRICE = Decimal("99.90")


class Provider:
    """Takes the money of who pays, cancels what was not paid, and sends back what it is asked to."""

    def __init__(self) -> None:
        self.lock, self.state, self.refunds = Lock(), dict[object, State](), dict[object, list[Refund]]()

    def move(self, payment: Payment, state: State) -> None:
        """Paid and cancelled are for good."""
        with self.lock:
            if self.state.get(payment.uuid) not in (State.SUCCEEDED, State.CANCELLED):
                self.state[payment.uuid] = state

    def give_back(self, refund: Refund) -> None:
        with self.lock:
            known = self.refunds.setdefault(refund.payment.uuid, [])
            if refund.pk not in {each.pk for each in known}:
                known.append(refund)

    def read(self, payment: Payment) -> bool:
        ticket = ask(payment)
        with self.lock:
            state = self.state.get(payment.uuid, State.PENDING)
            made = [
                went_back(each.amount, refund=each.uuid, provider_id=f"re_{each.pk}")
                for each in self.refunds.get(payment.uuid, [])
            ]
        return report(payment, told(payment, state, refunds=tuple(made)), ticket)

    def charged(self) -> Decimal:
        taken = PRICE * list(self.state.values()).count(State.SUCCEEDED)
        return taken - sum((each.amount for some in self.refunds.values() for each in some), Decimal(0))


def go(provider: Provider, people: int, number: int, turn: int) -> None:
    """One thread's share: people come, pay or not, cancel or not, while others' time is over and reads come twice."""
    dice = random.Random(turn * 100 + number)
    acts = [*["come"] * (people // THREADS), *["sweep"] * 8, *["carry out"] * 8]
    dice.shuffle(acts)
    for step, act in enumerate(acts):
        if act == "come":
            visit(provider, dice, f"person-{number}-{step}@client.example")
        elif act == "sweep":
            held = Registration.objects.filter(status="pending_payment")
            held.filter(pk__in=list(held.values_list("pk", flat=True)[:5])).update(held_until=timezone.now())
            expire(timezone.now())
        else:
            carry_out(provider)


def visit(provider: Provider, dice: random.Random, email: str) -> None:
    registration = register(Session.objects.get(), a_registrant(email)).registration
    with suppress(WebinarError):
        payment = begin_payment(registration)
        if dice.random() < 0.8:
            provider.move(payment, dice.choice([State.PROCESSING, State.SUCCEEDED, State.SUCCEEDED]))
            provider.read(payment)
        if dice.random() < 0.1:
            cancel(registration)


def carry_out(provider: Provider) -> None:
    """What an integration does: cancel what nobody wants, send back what was promised, and look."""
    for payment in Payment.objects.open().exclude(abandoned_at=None).select_related("registration__session"):
        provider.move(payment, State.CANCELLED)
        provider.read(payment)
    for refund in Refund.objects.filter(status="pending").select_related("payment__registration__session"):
        provider.give_back(refund)
        provider.read(refund.payment)


def settle(provider: Provider) -> None:
    """Banks make up their minds, and everything is carried out that is left."""
    for payment in Payment.objects.filter(status="processing").select_related("registration__session"):
        provider.move(payment, State.SUCCEEDED)
        provider.read(payment)
    Registration.objects.exclude(held_until=None).update(held_until=timezone.now())
    while expire(timezone.now()) or work_left():
        carry_out(provider)


def work_left() -> bool:
    return Payment.objects.open().exists() or Refund.objects.filter(status="pending").exists()


@pytest.mark.parametrize(
    ("people", "seats", "turn"),
    [(100, 20, 0), *[pytest.param(500, 100, turn, marks=pytest.mark.soak) for turn in range(1, 4)]],
)
def test_what_was_charged_is_seated_or_goes_back_to_the_cent(people: int, seats: int, turn: int) -> None:
    SessionFactory(price=PRICE, capacity=seats)
    provider = Provider()

    at_once(lambda number: go(provider, people, number, turn), range(THREADS))
    settle(provider)

    seated = Registration.objects.filter(status="confirmed").count()
    assert provider.charged() == seated * PRICE
    assert 0 < seated <= seats
    paid = Payment.objects.filter(succeeded_at__isnull=False)
    assert sum(each.amount - each.refunded for each in paid) == seated * PRICE
    numbers = sorted(each.receipt_number or "" for each in paid)
    assert [int(number[5:]) for number in numbers] == list(range(1, len(numbers) + 1))
    assert paid.count() == list(provider.state.values()).count(State.SUCCEEDED)
