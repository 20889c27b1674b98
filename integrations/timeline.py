"""What happened to somebody or something, the latest first: read from the rows that everything leaves anyway.

One statement finds the moments of a page, whatever they are of; one more for each kind of row reads those that are on
it. So a page costs the same whether there are three moments or thirty thousand.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Page, Paginator
from django.db.models import CharField, F, Model, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast

from bookings.models import Booking
from leads.models import Consent, Lead, Touchpoint
from webinars.models import Payment, Refund, Registration

from . import person, registry
from .models import Attempt, Delivery, ExternalRecord, Incident, WebhookEvent
from .service import IntegrationService

PER_PAGE = 50
State = Delivery.State
May = Callable[[str], bool]  # whether the reader has a permission, by its full name
Kinds = list[tuple[type[Model], list[int]]]  # kinds of our own rows that a timeline tells of, and which
Place = tuple[str, int]  # a row: what `subject_type` and `subject_id` hold


@dataclass(frozen=True)
class Moment:
    """`event` is one of MOMENTS. `row` left it; `about` is our row that it happened to, None where that is gone."""

    at: datetime
    event: str
    row: Any
    about: Model | None


# {event: (whose row, the field that says when)}
MOMENTS: dict[str, tuple[type[Model], str]] = {
    "captured": (Touchpoint, "captured_at"),
    "downloaded": (Touchpoint, "downloaded_at"),
    "consent_given": (Consent, "given_at"),
    "consent_confirmed": (Consent, "confirmed_at"),
    "consent_withdrawn": (Consent, "withdrawn_at"),
    "address_confirmed": (Lead, "email_confirmed_at"),
    "registered": (Registration, "registered_at"),
    "seat_confirmed": (Registration, "confirmed_at"),
    "booked": (Booking, "created_at"),
    "booking_confirmed": (Booking, "confirmed_at"),
    "booking_moved": (Booking, "moved_at"),
    "payment_started": (Payment, "created_at"),
    "payment_succeeded": (Payment, "succeeded_at"),
    "refund_asked": (Refund, "created_at"),
    "refund_settled": (Refund, "settled_at"),
    "refund_returned": (Refund, "returned_at"),
    "promised": (Delivery, "created_at"),
    "attempted": (Attempt, "at"),
    "settled": (Delivery, "settled_at"),
    "heard": (WebhookEvent, "received_at"),
    "gone": (ExternalRecord, "gone_at"),
    "incident_opened": (Incident, "opened_at"),
    "incident_noted": (Incident, "acknowledged_at"),
    "incident_closed": (Incident, "closed_at"),
    "done": (LogEntry, "action_time"),
}
# Who may see what: of our own rows, and so of all that is about them; and of what the machinery wrote.
PERMISSIONS: dict[type[Model], str] = {
    Touchpoint: "leads.view_touchpoint",
    Consent: "leads.view_consent",
    Registration: "webinars.view_registration",
    Booking: "bookings.view_booking",
    Payment: "webinars.view_payment",
    Refund: "webinars.view_payment",
    Delivery: "integrations.view_delivery",
    Attempt: "integrations.view_delivery",
    WebhookEvent: "integrations.view_webhookevent",
    ExternalRecord: "integrations.view_externalrecord",
    Incident: "integrations.view_incident",
}
LETTERS = "integrations.view_letteroverride"
# What a moment's words need besides the row itself.
WITH: dict[type[Model], tuple[str, ...]] = {
    Touchpoint: ("whitepaper",),
    Registration: ("session__topic",),
    Booking: ("consultant",),
    Payment: ("registration__session__topic",),
    Refund: ("payment__registration__session__topic", "requested_by"),
    Delivery: ("integration",),
    Attempt: ("delivery__integration",),
    WebhookEvent: ("integration",),
    Incident: ("connection__integration", "acknowledged_by"),
    LogEntry: ("user", "content_type"),
}


def of(subject: Model, may: May, number: int | str | None = 1) -> Page[Moment]:
    """A page of what happened to `subject`, and to what belongs to it, as far as the reader may know."""
    kinds = [(model, ids) for model, ids in kinds_of(subject) if model not in PERMISSIONS or may(PERMISSIONS[model])]
    found = union(sources(kinds, may))
    page = Paginator(found, PER_PAGE).get_page(number)
    page.object_list = told(list(page.object_list))
    return page


def kinds_of(subject: Model) -> Kinds:
    """The rows whose matters are the subject's, too. Payments belong to a registration, and everything to a person."""
    rows: list[QuerySet[Any]] = [type(subject)._base_manager.filter(pk=subject.pk)]
    match subject:
        case Lead():
            rows = [*person.belongings(subject), *person.money(subject)]
        case Registration():
            rows += [Payment.objects.filter(registration=subject), Refund.objects.filter(payment__registration=subject)]
        case Payment():
            rows.append(Refund.objects.filter(payment=subject))
    return [(each.model, list(each.order_by().values_list("pk", flat=True))) for each in rows]


# --- which moments there are -----------------------------------------------------------------------------------------


def sources(kinds: Kinds, may: May) -> list[QuerySet[Any]]:
    """Of our own rows themselves, then of what the machinery and operators did about them."""
    own = {model: model._base_manager.filter(pk__in=ids) for model, ids in kinds}
    rows: dict[type[Model], QuerySet[Any]] = {**own, **about(kinds, may)}
    narrowed = {
        "settled": Q(state__in=[State.DEAD, State.EXPIRED, State.CANCELLED]) | Q(state=State.DELIVERED, attempts=0),
        "incident_closed": ~Q(closed_at=F("acknowledged_at")) | Q(acknowledged_at=None),
    }
    return [
        moments(rows[model].filter(narrowed.get(event, Q())), event, when)
        for event, (model, when) in MOMENTS.items()
        if model in rows
    ]


def about(kinds: Kinds, may: May) -> dict[type[Model], QuerySet[Any]]:
    subjects = Q(pk__in=[])
    for model, ids in kinds:
        subjects |= Q(subject_type=model._meta.label_lower, subject_id__in=ids)
    machinery: list[type[Model]] = [Delivery, WebhookEvent, ExternalRecord, Incident]
    rows: dict[type[Model], QuerySet[Any]] = {
        model: model._base_manager.filter(subjects) for model in machinery if may(PERMISSIONS[model])
    }
    entries = noted(kinds)
    if Delivery in rows:
        if not may(LETTERS):
            rows[Delivery] = rows[Delivery].exclude(integration__slug__in=who_writes_letters())
        rows[Attempt] = Attempt.objects.filter(delivery__in=rows[Delivery])
        ids = rows[Delivery].annotate(text=Cast("pk", TextField())).values("text")
        entries |= Q(content_type=ContentType.objects.get_for_model(Delivery), object_id__in=ids)
    return {**rows, LogEntry: LogEntry.objects.filter(entries)}


def noted(kinds: Kinds) -> Q:
    """What the admin wrote down about these."""
    types = ContentType.objects.get_for_models(*[model for model, _ids in kinds])
    entries = Q(pk__in=[])
    for model, ids in kinds:
        entries |= Q(content_type=types[model], object_id__in=list(map(str, ids)))
    return entries


def who_writes_letters() -> list[str]:
    """Slugs of the services that have something to read in what they promise."""
    plain = IntegrationService.page_of.__func__  # type: ignore[attr-defined] # a class method
    services = registry.services().items()
    return [slug for slug, service in services if service.page_of.__func__ is not plain]  # type: ignore[attr-defined]


def moments(rows: QuerySet[Any], event: str, when: str) -> QuerySet[Any]:
    """(when, event, id of the row)"""
    marked: QuerySet[Any] = (
        rows.exclude(**{when: None})
        .order_by()
        .annotate(moment=F(when), event=Value(event, output_field=CharField()), row=F("pk"))
        .values_list("moment", "event", "row")
    )
    return marked


def union(parts: list[QuerySet[Any]]) -> QuerySet[Any]:
    first, *others = parts
    found: QuerySet[Any] = first.union(*others, all=True).order_by("-moment", "-event", "-row")
    return found


# --- what they tell --------------------------------------------------------------------------------------------------


def told(found: list[tuple[datetime, str, int]]) -> list[Moment]:
    wanted: dict[type[Model], set[int]] = defaultdict(set)
    for _at, event, pk in found:
        wanted[MOMENTS[event][0]].add(pk)
    left = {model: read(model, ids) for model, ids in wanted.items()}
    subjects = read_subjects(place(row) for model, rows in left.items() for row in rows.values())
    return [
        Moment(at, event, row, subjects.get(place(row), None if is_machinery(row) else row))
        for at, event, pk in found
        if (row := left[MOMENTS[event][0]].get(pk))  # erased this very moment
    ]


def read(model: type[Model], ids: Iterable[int]) -> dict[Any, Any]:
    rows = model._base_manager.select_related(*WITH.get(model, ()))
    return (rows.defer("payload") if model is WebhookEvent else rows).in_bulk(list(ids))


def read_subjects(places: Iterable[Place]) -> dict[Place, Model]:
    """Our own rows that rows of the machinery name."""
    by_label: dict[str, set[int]] = defaultdict(set)
    for label, pk in places:
        by_label[label].add(pk)
    known: tuple[type[Model], ...] = (*PERMISSIONS, Lead)
    models = {model._meta.label_lower: model for model in known}
    return {
        (label, pk): row
        for label, ids in by_label.items()
        if label in models
        for pk, row in read(models[label], ids).items()
    }


def is_machinery(row: Model) -> bool:
    return hasattr(row, "subject_type") or isinstance(row, Attempt | LogEntry)


def place(row: Any) -> Place:
    """Of our row that this one is about; ("", 0) for one that is such a row itself."""
    match row:
        case Attempt():
            return place(row.delivery)
        case LogEntry():
            label = f"{row.content_type.app_label}.{row.content_type.model}" if row.content_type else ""
            number = row.object_id or ""
            return label, int(number) if number.isdecimal() else 0
        case _:
            return getattr(row, "subject_type", ""), getattr(row, "subject_id", 0)
