"""Where Stripe and our book of payments differ after all that reconciling mends by itself. Reads lists only."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

from django.db.models import Exists, OuterRef
from django.utils import timezone

from integrations import errors
from integrations.agreement import HERE as WITH_US
from integrations.service import Finding, Part
from webinars.models import Payment, Registration, Session
from webinars.models.payment import GIVEN
from webinars.models.registration import SEATED
from webinars.payments import State

from . import reading
from .amounts import from_stripe
from .client import Answer, StripeClient

INTENTS, SEATS = "payment_intent", "seats"
BACK = timedelta(days=30)  # so far back payments are compared
FRESH = timedelta(minutes=15)  # the time that reconciling takes to come round
AT_ONCE = 100
Status = Payment.Status
RECEIVED = frozenset({*WITH_US, Status.REFUNDED})  # the money came, whatever became of it


def parts(client: StripeClient) -> Iterator[Part]:
    yield Part(INTENTS, of_payments(client))
    yield Part(SEATS, unpaid_seats())


def of_payments(client: StripeClient) -> Iterator[Finding]:
    """Page by page, as Stripe lists them; then those of ours that were in no list."""
    since = timezone.now() - BACK
    seen: set[str] = set()
    intents = filter(reading.is_ours, client.intents(int(since.timestamp())))
    while chunk := list(islice(intents, AT_ONCE)):
        seen.update(intent["id"] for intent in chunk)
        yield from compare(chunk)
    rows = Payment.objects.filter(created_at__gt=since + FRESH).exclude(provider_id="")
    for payment in rows.select_related("registration__lead").order_by("pk").iterator(AT_ONCE):
        if payment.provider_id not in seen and is_gone(client, payment):
            yield Finding("missing", payment, standing(payment), {}, by_hand=True)


def is_gone(client: StripeClient, payment: Payment) -> bool:
    try:
        client.intent(payment.provider_id)
    except errors.Gone:
        return True
    return False


def compare(intents: Iterable[Answer]) -> Iterator[Finding]:
    by_id = {intent["id"]: intent for intent in intents}
    payments = Payment.objects.filter(provider_id__in=by_id).select_related("registration__lead")
    for payment in payments.prefetch_related("refunds").order_by("pk"):
        if found := finding(payment, by_id[payment.provider_id]):
            yield found


def finding(payment: Payment, intent: Answer) -> Finding | None:
    """None where a problem is told of already, or the money is still on its way."""
    if payment.problem or is_fresh(intent):
        return None
    came_there = reading.state_of(intent) == State.SUCCEEDED
    came_here = payment.status in RECEIVED
    if came_there != came_here:
        there = {"status": str(intent["status"])}
        return Finding("paid_there" if came_there else "unpaid_there", payment, standing(payment), there)
    given = from_stripe(reading.charge_of(intent).get("amount_refunded") or 0, payment.currency)
    refunds = payment.refunds.all()
    if came_there and given > sum(refund.amount for refund in refunds if refund.status in GIVEN):
        here = {"refunded": str(sum(r.amount for r in refunds if r.status in GIVEN))}
        return Finding("refunded_there", payment, here, {"refunded": str(given)})
    return None


def is_fresh(intent: Answer) -> bool:
    """A webhook, or reconciling, may still bring it."""
    lately = (timezone.now() - FRESH).timestamp()
    return bool(max(intent["created"], reading.charge_of(intent).get("created") or 0) > lately)


def standing(payment: Payment) -> dict[str, str]:
    return {"status": payment.status, "amount": f"{payment.amount} {payment.currency}"}


def unpaid_seats() -> Iterator[Finding]:
    """Seats that cost something, and for which no money is with us: somebody decides what becomes of them."""
    paid = Payment.objects.filter(registration=OuterRef("pk"), status__in=WITH_US)
    ahead = Session.objects.exclude(status=Session.Status.DRAFT).filter(
        starts_at__gt=timezone.now() - BACK, price__gt=0
    )
    rows = Registration.objects.filter(session__in=ahead, status__in=SEATED).exclude(Exists(paid))
    for registration in rows.select_related("lead").order_by("pk").iterator(AT_ONCE):
        yield Finding("unpaid", registration, {"status": registration.status}, {}, by_hand=True)
