"""Do money and seats agree: what is paid at the provider, who has a seat here, and who is registered in Odoo?

Of the provider it knows what the last read said, which reconciling renews; of Odoo, what was last written there.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webinars.models import Payment, Registration, Session
from webinars.models.payment import GIVEN
from webinars.models.payment import Status as Paid
from webinars.models.registration import SEATED, Status

from .models import Connection, ExternalRecord

ODOO, THEIR_MODEL, CANCELLED = "odoo", "event.registration", "cancel"
HERE = frozenset({Paid.SUCCEEDED, Paid.PARTIALLY_REFUNDED, Paid.DISPUTED})  # the money is with us
KINDS: dict[str, Promise] = {
    "differs": _("What was paid differs from what was asked for"),
    "no_seat": _("Paid, and has no seat"),
    "twice": _("Paid twice"),
    "unpaid": _("Has a seat, and has not paid"),
    "not_in_odoo": _("Has a seat, and is not registered in Odoo"),
    "only_in_odoo": _("Registered in Odoo, and has no seat"),
}


class Difference(NamedTuple):
    kind: str
    registration: Registration
    payment: Payment | None = None


class Found(NamedTuple):
    """`paid`: payments whose money is here; `kept`: those of people who cancelled too late to get it all back;
    `confirmed`: seats; `registered`: people in Odoo, None where that is not in use."""

    paid: int
    sums: dict[str, Decimal]
    kept: int
    confirmed: int
    registered: int | None
    differences: list[Difference]


def compare() -> Found:
    """All sessions that cost something, or did; in queries whose number is fixed."""
    in_odoo, rows = registered_in_odoo(), list(paid_seats())
    payments = [payment for row in rows for payment in row.payments.all() if payment.status in HERE]
    sums: dict[str, Decimal] = {}
    for payment in payments:
        sums[payment.currency] = sums.get(payment.currency, Decimal(0)) + payment.amount - payment.refunded
    return Found(
        paid=len(payments),
        sums=sums,
        kept=sum(is_kept(payment) for payment in payments),
        confirmed=sum(row.status in SEATED for row in rows),
        registered=None if in_odoo is None else sum(row.pk in in_odoo for row in rows),
        differences=[each for row in rows for each in differences(row, in_odoo)],
    )


def paid_seats() -> QuerySet[Registration]:
    given = Coalesce(Sum("refunds__amount", filter=Q(refunds__status__in=GIVEN)), Decimal(0))
    payments = Payment.objects.annotate(given=given).order_by("pk")
    costs = Q(session__price__gt=0) | Q(pk__in=Payment.objects.values("registration"))
    rows = Registration.objects.filter(costs).exclude(session__status=Session.Status.DRAFT)
    return rows.select_related("session__topic").prefetch_related(Prefetch("payments", payments)).order_by("pk")


def registered_in_odoo() -> set[int] | None:
    """Ids of the registrations that have a place there."""
    books = Connection.objects.in_use().filter(integration__slug=ODOO, integration__enabled=True).exclude(book="")
    systems = list(books.values_list("book", flat=True))
    if not systems:
        return None
    records = ExternalRecord.objects.filter(
        remote_system__in=systems,
        remote_model=THEIR_MODEL,
        subject_type=Registration._meta.label_lower,
        gone_at=None,
    )
    return set(records.exclude(sent__state=CANCELLED).values_list("subject_id", flat=True))


def differences(row: Registration, in_odoo: set[int] | None) -> Iterator[Difference]:
    has_seat = row.status in SEATED
    payments: list[Any] = list(row.payments.all())
    for payment in payments:
        payment.registration = row
    yield from (Difference("differs", row, payment) for payment in payments if payment.problem)
    paying = [each for each in payments if each.status in HERE and each.gave_seat]
    others = [each for each in payments if each.status in HERE and is_owed(each) and each not in paying]
    if has_seat:
        yield from (Difference("twice", row, payment) for payment in others)
        if not paying and row.session.price:
            yield Difference("unpaid", row)
    else:
        stranded = [each for each in paying if is_owed(each) and not is_kept(each)]
        yield from (Difference("no_seat", row, payment) for payment in [*others, *stranded])
    if in_odoo is not None and has_seat != (row.pk in in_odoo):
        yield Difference("not_in_odoo" if has_seat else "only_in_odoo", row)


def is_owed(payment: Any) -> bool:
    """Whether some of it is neither back nor on its way back, and came for what the person has now."""
    is_of_now = payment.succeeded_at is not None and payment.succeeded_at >= payment.registration.registered_at
    return is_of_now and payment.given < payment.amount


def is_kept(payment: Payment) -> bool:
    """Whether it is ours by the rules although the seat was given up; not while a refund has failed that is due."""
    registration = payment.registration
    if payment.notice == Payment.Notice.REFUND_FAILED:
        return False
    stays = registration.status == Status.CANCELLED and payment.gave_seat
    return stays and registration.session.status != Session.Status.CANCELLED


def as_data(found: Found) -> dict[str, Any]:
    """Plain, for the command: {"paid", "sums", "kept", "confirmed", "registered", "differences": [{...}]}."""
    told = [
        {
            "kind": each.kind,
            "person": str(each.registration),
            "session": str(each.registration.session),
            "registration": str(each.registration.uuid),
            "payment": each.payment.provider_id if each.payment else "",
        }
        for each in found.differences
    ]
    sums = {currency: str(amount) for currency, amount in sorted(found.sums.items())}
    return {**found._asdict(), "sums": sums, "differences": told}
