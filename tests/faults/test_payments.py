"""A crowd pays for few seats over a bad line: whatever was charged has its seat or went back, to the cent."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from pytest_django.live_server_helper import LiveServer

from integrations.models import Delivery, WebhookEvent
from integrations.stripe.port import StripePayments
from integrations.stripe.sandbox import StripeSandbox
from integrations.stripe.sandbox.errors import ApiError
from tests.factories import a_registrant
from tests.integrations.stripe.conftest import a_session, connect
from webinars import actions
from webinars.errors import WebinarError
from webinars.models import Payment, Refund, Registration, Session
from webinars.models.registration import SEATED

from .processes import BEAT, WORKER, Process, broker, processes
from .test_chaos import HURRIED, hurry_beat, until

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, ROUNDS = 8, 60
PRICE = Decimal(119)
# What the crowd does, dealt out by number: most pay, some too late, some never, some pay and give the seat up.
KINDS = ("pays", "pays", "late", "pays", "never", "leaves", "pays", "late", "pays", "pays")


@pytest.fixture
def peer(live_server: LiveServer) -> Iterator[StripeSandbox]:
    cache.clear()
    with StripeSandbox(settle_after=0.2) as peer:
        peer.add_endpoint(f"{live_server.url}/webhooks/stripe/")
        connect(peer, **HURRIED)
        yield peer


def make_the_line_bad(peer: StripeSandbox) -> None:
    peer.faults.set("cut_after", share=0.2)
    peer.faults.set("webhook_double", share=0.3)
    peer.faults.set("webhook_delay", 2)


def hurry() -> None:
    hurry_beat()
    every_second = PeriodicTask.objects.filter(task="integrations.tasks.drain").first()
    assert every_second
    PeriodicTask.objects.filter(task="webinars.tasks.expire_unpaid").update(interval=every_second.interval)


def kind_of(registration: Registration) -> str:
    return KINDS[int(registration.email.partition("@")[0].rpartition("-")[2]) % len(KINDS)]


def crowd(session: Session, number: int) -> None:
    def come(n: int) -> None:
        actions.register(Session.objects.get(pk=session.pk), a_registrant(f"buyer-{n}@client.example"))

    at_once(come, range(number))


def at_once(work: Callable[[int], None], given: Iterable[int]) -> None:
    def run(part: int) -> None:
        try:
            work(part)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, given))


def run_out(registration: Registration) -> None:
    held = Registration.objects.filter(pk=registration.pk, held_until__isnull=False)
    held.update(held_until=timezone.now() - timedelta(seconds=1))


def secret_of(registration: Registration) -> bool:
    """The page asks until it has one, as people press "Try again"."""
    return any(StripePayments().start(registration).client_secret for _ in range(20))


def act(peer: StripeSandbox, pk: int) -> None:
    """What this person does next in the browser."""
    registration = Registration.objects.select_related("session", "lead").get(pk=pk)
    kind = kind_of(registration)
    with suppress(WebinarError):  # too late, which the page says
        if registration.status == "offered":
            actions.accept_offer(registration)
        if registration.status == "confirmed" and kind == "leaves":
            actions.cancel(registration)
        if registration.status != "pending_payment" or not secret_of(registration):
            return
        intent = registration.payments.latest("number").provider_id
        if kind in ("late", "never"):
            run_out(registration)
        if kind != "never" and peer.get("payment_intents", intent)["status"] == "requires_payment_method":
            with suppress(ApiError):  # cancelled in the same moment, which the provider's form says
                peer.pay(intent)


def busy(session: Session) -> list[int]:
    """Who has something to do: a seat to take, to pay or to give up."""
    people = session.registrations.order_by("number")
    wanted = people.filter(status__in=["offered", "pending_payment"])
    leaving = [each.pk for each in people.filter(status="confirmed") if kind_of(each) == "leaves"]
    return [*wanted.values_list("pk", flat=True), *leaving]


def let_time_pass() -> None:
    """What waits for a later try, or for the end of a killed worker's hold, has waited long enough."""
    now = timezone.now()
    WebhookEvent.objects.filter(state="received", due_at__gt=now).update(due_at=now)


def is_quiet(peer: StripeSandbox) -> bool:
    let_time_pass()
    waiting = WebhookEvent.objects.filter(state="received").exists()
    open_rows = Delivery.objects.filter(integration__slug="stripe").exclude(state__in=["delivered", "expired"])
    on_the_way = Refund.objects.filter(status="pending").exists()
    return peer.webhooks.wait_idle(5) and not (waiting or on_the_way or open_rows.exists())


def sell(session: Session, peer: StripeSandbox, workers: list[Process], kills: int) -> None:
    for turn in range(ROUNDS):
        people = busy(session)
        if not people and is_quiet(peer) and not busy(session):
            return
        at_once(lambda pk: act(peer, pk), people)
        let_time_pass()
        if turn < kills:
            workers[turn % len(workers)].kill()
            workers[turn % len(workers)].start()
        else:
            until(lambda: busy(session) != people or is_quiet(peer), 60)  # noqa: B023 - asked within this turn
    raise AssertionError(f"still something to do after {ROUNDS} rounds: {busy(session)}")


def cents(peer: StripeSandbox) -> tuple[int, int]:
    """What the provider took in, and what of it went back."""
    taken = sum(each["amount_captured"] for each in peer.records("charges") if each["paid"])
    back = sum(each["amount"] for each in peer.records("refunds") if each["status"] == "succeeded")
    return taken, back


def net_by_registration(peer: StripeSandbox) -> dict[str, int]:
    """By the provider's own books: what of each registration's money is still there."""
    net: Counter[str] = Counter()
    intents = {each["id"]: each for each in peer.records("payment_intents")}
    for intent in intents.values():
        net[intent["metadata"]["registration"]] += intent["amount_received"]
    for refund in peer.records("refunds"):
        if refund["status"] == "succeeded":
            net[intents[refund["payment_intent"]]["metadata"]["registration"]] -= refund["amount"]
    return {registration: amount for registration, amount in net.items() if amount}


def table(session: Session, peer: StripeSandbox, kills: int) -> str:
    taken, back = cents(peer)
    seated = session.registrations.filter(status__in=SEATED).count()
    lines = [
        ("people", session.registrations.count()),
        ("seats", session.capacity),
        ("seated", seated),
        ("charged, EUR", f"{Decimal(taken) / 100:.2f}"),
        ("went back, EUR", f"{Decimal(back) / 100:.2f}"),
        ("kept, EUR", f"{Decimal(taken - back) / 100:.2f}"),
        ("seats' price, EUR", f"{seated * PRICE:.2f}"),
        ("payments", dict(Counter(Payment.objects.values_list("status", flat=True)))),
        ("refunds", dict(Counter(Refund.objects.values_list("reason", flat=True)))),
        ("events", WebhookEvent.objects.count()),
        ("faults met", dict(peer.faults.met)),
        ("workers killed", kills),
    ]
    return "\n".join(f"{name:>20}  {value}" for name, value in lines)


@pytest.mark.parametrize(
    ("people", "seats", "kills"), [(100, 20, 3), pytest.param(500, 100, 12, marks=pytest.mark.soak)]
)
def test_everything_charged_has_its_seat_or_went_back(peer: StripeSandbox, people: int, seats: int, kills: int) -> None:
    hurry()
    session = a_session(capacity=seats, price=PRICE)
    crowd(session, people)
    make_the_line_bad(peer)

    with broker() as redis_url, processes(redis_url, WORKER, WORKER, BEAT) as (first, second, _beat):
        sell(session, peer, [first, second], kills)

    print(f"\n{table(session, peer, kills)}")  # noqa: T201
    seated = session.registrations.filter(status__in=SEATED)
    assert seated.count() == seats
    assert net_by_registration(peer) == {str(each.uuid): 11900 for each in seated}
    taken, back = cents(peer)
    assert taken - back == seats * 11900
    ours = sum(each.amount - each.refunded for each in Payment.objects.paid())
    assert ours * 100 == taken - back
    assert not Payment.objects.exclude(problem="").exists()
    assert min(peer.faults.met[kind] for kind in ("cut_after", "webhook_double", "webhook_delay")) > 0
    assert back > 0
