"""What the page and the export are made of. A new app adds one function to `SECTIONS`, and is on both."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from bookings import links as booking_links
from bookings.models import Booking
from bookings.models.booking import DETAILS as TOLD_FOR_BOOKING
from integrations import person, registry, words
from integrations.models import Delivery, ExternalRecord
from leads.actions import MOST_DOWNLOADS
from leads.consents import marketing_text
from leads.models import DETAILS, FIRST_UTM_FIELDS, UTM_FIELDS, Consent, Lead, Touchpoint
from webinars import links
from webinars.models import Payment, Registration
from webinars.models.registration import DETAILS as TOLD

Row = dict[str, Any]
EMAIL = "email"  # the integration whose deliveries are letters
TO_CONSULTANT = "consultant_"  # so the names of those begin that are about the person, but to somebody else


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the page, shown by its `template` where it has `rows`, and of the export, as plain data.

    `acts`: whether its button has anything to do.
    """

    name: str
    title: str
    rows: list[Any]
    exported: Any
    acts: bool = False

    @property
    def template(self) -> str:
        return f"own_page/{self.name}.html"


@dataclass(frozen=True)
class Request:
    """Something that the person asked for; `can_be_sent`: whether its letter could come again."""

    id: int
    name: str
    at: datetime
    message: str
    can_be_sent: bool


def details(lead: Lead) -> Section:
    fields = ["email", *DETAILS]
    rows = [(label_of(lead, field), shown(lead, field)) for field in fields if getattr(lead, field)]
    when = ["email_confirmed_at", "first_seen_at", "last_seen_at", "created_at", "updated_at"]
    exported = columns(lead, *fields, "status", "marketing_consent", *when)
    return Section(name="person", title=_("About you"), rows=rows, exported=exported)


def requests(lead: Lead) -> Section:
    touchpoints = list(lead.touchpoints.select_related("whitepaper"))
    return Section(
        name="requests",
        title=_("What you asked us for"),
        rows=[request(touchpoint) for touchpoint in touchpoints],
        exported=[requested(touchpoint) for touchpoint in touchpoints],
    )


def request(touchpoint: Touchpoint) -> Request:
    whitepaper = touchpoint.whitepaper
    name = whitepaper.title if whitepaper else touchpoint.get_kind_display()
    sendable = bool(whitepaper and whitepaper.published) and touchpoint.downloads < MOST_DOWNLOADS
    return Request(touchpoint.pk, name, touchpoint.captured_at, touchpoint.message, sendable)


def requested(touchpoint: Touchpoint) -> Row:
    told = columns(touchpoint, "kind", "captured_at", "message", "referrer", "downloads", "downloaded_at")
    campaign = columns(touchpoint, *UTM_FIELDS, *FIRST_UTM_FIELDS)
    return {**told, "whitepaper": touchpoint.whitepaper.title if touchpoint.whitepaper else None, **campaign}


def registrations(lead: Lead) -> Section:
    held = lead.registrations.select_related("session__topic", "lead").prefetch_related("payments__refunds")
    found = list(held.order_by("session__starts_at", "pk"))
    return Section(
        name="registrations",
        title=_("Webinars that you registered for"),
        rows=[(registration, links.manage(registration)) for registration in found],
        exported=[registered(registration) for registration in found],
    )


def registered(registration: Registration) -> Row:
    session = registration.session
    told = columns(registration, "email", *TOLD, "status", "terms_version", "terms_accepted_at")
    when = columns(registration, "registered_at", "confirmed_at", "held_until", "created_at", "updated_at")
    paid = [payment_of(payment) for payment in registration.payments.all()]
    return {"webinar": session.topic.title, "starts_at": session.starts_at, **told, **when, "payments": paid}


def payment_of(payment: Payment) -> Row:
    told = columns(payment, "amount", "currency", "vat_rate", "status", "refunded", "created_at", "succeeded_at")
    back = [
        columns(each, "amount", "status", "reason", "created_at", "settled_at", "returned_at")
        for each in payment.refunds.all()
    ]
    return {**told, **columns(payment, "receipt_number", "provider_id"), "refunds": back}


def bookings(lead: Lead) -> Section:
    found = list(lead.bookings.select_related("consultant", "lead").order_by("starts_at", "pk"))
    return Section(
        name="bookings",
        title=_("Consultations that you booked"),
        rows=[(booking, booking_links.manage(booking)) for booking in found],
        exported=[booked(booking) for booking in found],
    )


def booked(booking: Booking) -> Row:
    told = columns(booking, "reference", "starts_at", "ends_at", *TOLD_FOR_BOOKING, "meeting_type", "meeting_url")
    when = columns(booking, "status", "answer", "confirmed_at", "moved_at", "created_at", "updated_at")
    return {"consultant": booking.consultant.name, **told, **when}


def consents(lead: Lead) -> Section:
    found = [(consent, marketing_text(consent.text_version)) for consent in lead.consents.all()]
    return Section(
        name="consents",
        title=_("What you agreed to"),
        rows=found,
        acts=any(consent.withdrawn_at is None for consent, text in found),
        exported=[agreed(consent, text) for consent, text in found],
    )


def agreed(consent: Consent, text: str) -> Row:
    told = columns(consent, "purpose", "given_at", "confirmed_at", "withdrawn_at", "text_version", "source")
    return {**told, "text": text}


def letters(lead: Lead) -> Section:
    sent = person.deliveries(lead).filter(integration__slug=EMAIL, state=Delivery.State.DELIVERED)
    sent = sent.exclude(operation__startswith=TO_CONSULTANT)
    found = sent.order_by("settled_at", "pk").values_list("operation", "settled_at")
    rows = [(words.operation(EMAIL, name), at) for name, at in found]
    return Section(
        name="letters",
        title=_("Letters that we sent you"),
        rows=rows,
        exported=[{"letter": letter, "sent_at": at} for letter, at in rows],
    )


def systems(lead: Lead) -> Section:
    """Who else knows: those that were told something, and those that have a record."""
    told = person.deliveries(lead).filter(state=Delivery.State.DELIVERED).exclude(integration__slug=EMAIL)
    slugs = set(told.values_list("integration__slug", flat=True).distinct())
    records = ExternalRecord.objects.filter(subject_type=Lead._meta.label_lower, subject_id=lead.pk, gone_at=None)
    slugs |= {whose(model) for model in records.values_list("remote_model", flat=True).distinct()}
    rows = sorted(words.service(slug) for slug in slugs)
    return Section(name="systems", title=_("Our other systems that know you"), rows=rows, exported=rows)


def whose(remote_model: str) -> str:
    """The integration that keeps such records; what none of today's calls so stays as it is."""
    services = registry.services().items()
    return next((slug for slug, service in services if remote_model in service.field_labels), remote_model)


SECTIONS: list[Callable[[Lead], Section]] = [details, requests, registrations, bookings, consents, letters, systems]


def columns(row: Model, *names: str) -> Row:
    return {name: getattr(row, name) for name in names}


def label_of(lead: Lead, field: str) -> str:
    return str(lead._meta.get_field(field).verbose_name)  # type: ignore[union-attr] # these are all columns


def shown(lead: Lead, field: str) -> str:
    return lead.get_language_display() if field == "language" else str(getattr(lead, field))
