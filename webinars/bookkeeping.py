"""What was paid and what went back, for the bookkeeper: one row for each movement of money."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from heapq import merge
from operator import itemgetter
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from leads.exchange.formats import Figure
from webinars.models import Payment, Refund
from webinars.money import parts

COLUMNS = (
    "date",
    "kind",
    "receipt_number",
    "net",
    "vat_rate",
    "vat",
    "gross",
    "currency",
    "status",
    "session",
    "provider_id",
)
Movement = tuple[datetime, list[str]]


def rows(start: date | None, end: date | None) -> Iterator[list[str]]:
    """The header, then what moved on these days of the firm's own clock, both included, in order; names nobody."""
    yield list(COLUMNS)
    movements = merge(payments(start, end), refunds(start, end), returned(start, end), key=itemgetter(0))
    yield from (row for _moment, row in movements)


def payments(start: date | None, end: date | None) -> Iterator[Movement]:
    found = Payment.objects.paid().filter(**within("succeeded_at", start, end)).order_by("succeeded_at", "pk")
    for payment in found.select_related("registration__session").iterator(1000):
        assert payment.succeeded_at
        yield payment.succeeded_at, row("payment", payment.succeeded_at, payment, payment)


def refunds(start: date | None, end: date | None) -> Iterator[Movement]:
    """Those that arrived; of money that was never taken as paid, there is nothing to book."""
    arrived = Q(status=Refund.Status.SUCCEEDED) | Q(returned_at__isnull=False)
    yield from sent(Refund.objects.filter(arrived), "refund", "settled_at", start, end)


def returned(start: date | None, end: date | None) -> Iterator[Movement]:
    """Those that a bank sent back to us. What was exported before stays true: it is another movement."""
    yield from sent(Refund.objects.all(), "refund_returned", "returned_at", start, end)


def sent(rows: QuerySet[Refund], kind: str, moment: str, start: date | None, end: date | None) -> Iterator[Movement]:
    moved = rows.filter(payment__succeeded_at__isnull=False, **{f"{moment}__isnull": False})
    found = moved.filter(**within(moment, start, end)).order_by(moment, "pk")
    for refund in found.select_related("payment__registration__session").iterator(1000):
        at: datetime = getattr(refund, moment)
        yield at, row(kind, at, refund.payment, refund)


def row(kind: str, moment: datetime, payment: Payment, moved: Payment | Refund) -> list[str]:
    gross = -moved.amount if kind == "refund" else moved.amount
    shares = parts(gross, payment.vat_rate, payment.currency)
    return [
        on_our_clock(moment).isoformat(),
        kind,
        payment.receipt_number or "",
        figure(shares.net),
        figure(payment.vat_rate),
        figure(shares.vat),
        figure(shares.gross),
        payment.currency,
        moved.status,
        payment.registration.session.slug,
        moved.provider_id,
    ]


def figure(number: Decimal) -> Figure:
    return Figure(f"{number:.2f}")


def within(field: str, start: date | None, end: date | None) -> dict[str, Any]:
    """Days are those of the active time zone, which is the firm's."""
    asked = {f"{field}__date__gte": start, f"{field}__date__lte": end}
    return {lookup: day for lookup, day in asked.items() if day}


def on_our_clock(moment: datetime) -> date:
    return timezone.localdate(moment)
