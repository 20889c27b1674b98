"""Webinars over HTTP, for websites and other systems: the rules of the registration form, as JSON.

Endpoints answer plain data and raise plain exceptions; `magnetiq.api` puts both into the envelope.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone, translation
from ninja import Router, Schema, Status
from ninja.errors import HttpError
from pydantic import ConfigDict, Field, StrictBool

from leads.throttle import PerVisitor
from webinars import actions, availability, checkout, links
from webinars.actions import Registrant
from webinars.availability import State, counted
from webinars.errors import RegistrationClosed, SessionFull, WebinarError
from webinars.forms import RegistrantForm
from webinars.models import Registration, Session
from webinars.models.registration import Status as Standing
from webinars.ports import Checkout

router = Router(tags=["public"])

LOOKS = PerVisitor("webinar-list", limit=120, window=600)
POSTS = PerVisitor("registrations", limit=10, window=600)
NOT_EMPTY: dict[str, Any] = {"minLength": 1}  # said here for who reads the document; the form says it to the visitor
REFUSALS = {State.FULL: SessionFull}  # whatever else takes nobody is closed


class Webinar(Schema):
    slug: str
    title: str = Field(description="In the language of Accept-Language, as the description.")
    description: str
    starts_at: datetime = Field(description="With the offset of the session's own time zone.")
    duration_minutes: int
    timezone: str = Field(examples=["Europe/Berlin"])
    price: str = Field(examples=["99.00"], description="0.00: free of charge.")
    currency: str
    capacity: int | None = Field(description="null: no limit.")
    seats_left: int | None = Field(description="For a newcomer: what is free belongs to who waits. null: no limit.")
    status: Literal["open", "waiting_list", "full", "not_yet", "closed", "not_payable"]


class NewRegistration(Schema):
    """Somebody who wants to come. Texts are trimmed; `language` is also that of the complaints about the rest."""

    model_config = ConfigDict(extra="forbid")
    first_name: str = Field(examples=["Ada"], json_schema_extra=NOT_EMPTY)
    last_name: str = Field(examples=["Lovelace"], json_schema_extra=NOT_EMPTY)
    email: str = Field(examples=["ada@example.com"], json_schema_extra=NOT_EMPTY)
    company: str | None = None
    phone: str | None = None
    language: Literal["en", "de"] | None = Field(None, description="Without it: that of Accept-Language.")
    timezone: str | None = Field(None, examples=["Europe/London"], description="One that is unknown is left out.")
    terms_accepted: StrictBool = Field(description="Must be true.")
    marketing_consent: StrictBool = Field(
        False, description="That alone permits nothing: the consent counts once the person confirms it by e-mail."
    )


class PaymentDue(Schema):
    amount: str = Field(examples=["99.00"])
    currency: str
    client_secret: str | None = Field(description="null while the provider does not answer; `url` tries again.")
    url: str


class Registered(Schema):
    id: UUID
    status: Literal["pending_payment", "confirmed", "waitlisted", "offered", "attended", "no_show"]
    payment: PaymentDue | None = Field(
        description="Of a seat that is held until it is paid; null when repeated: the person then gets a letter."
    )


@router.get(
    "",
    response={200: list[Webinar], 429: None},
    throttle=LOOKS,
    summary="Published webinars that lie ahead",
    operation_id="list_webinars",
)
def list_webinars(request: HttpRequest) -> list[dict[str, Any]]:
    now = timezone.now()
    return [described(session, now) for session in counted(Session.objects.upcoming(now))]


@router.post(
    "/{slug}/registrations",
    response={201: Registered, 404: None, 409: None, 429: None},
    throttle=POSTS,
    summary="Register somebody",
    operation_id="register",
)
def register(request: HttpRequest, slug: str, body: NewRegistration) -> Status[dict[str, Any]]:
    """A seat, held until it is paid where the session costs something; or a place on the waiting list.

    Repeating it does no harm: whoever is registered already stays so, and is answered with that registration, as long
    as newcomers are taken at all. What is to be paid for it is told by a letter then: whoever knows no more than an
    address must not get somebody's payment. 409: no seat and no waiting list, or registration is not open.
    """
    with translation.override(language_of(request, body) or translation.get_language()):
        session = get_object_or_404(counted(availability.visible()), slug=slug)
        registrant = to_registrant(request, body)
        try:
            must_take_registrations(session)
            registered = actions.register(session, registrant)
        except WebinarError as refusal:
            raise HttpError(409, str(refusal)) from refusal
    made = registered.registration
    payment = payment_of(made) if registered.is_new else None
    return Status(201, {"id": made.uuid, "status": made.status, "payment": payment})


def must_take_registrations(session: Session) -> None:
    """Raises what the action would, for who is registered already, too: strangers must not learn who is."""
    offered = availability.of(session, timezone.now())
    if not (offered.takes_registrations or offered.state == State.NOT_PAYABLE):  # for which the action has the words
        raise REFUSALS.get(offered.state, RegistrationClosed)()


def to_registrant(request: HttpRequest, body: NewRegistration) -> Registrant:
    """Raises django's ValidationError with a list of complaints per field."""
    form = RegistrantForm({**body.model_dump(), "zone": body.timezone})
    if not form.is_valid():
        raise ValidationError({name: [str(text) for text in texts] for name, texts in form.errors.items()})
    return form.to_registrant(language=language_of(request, body), source="api")


def language_of(request: HttpRequest, body: NewRegistration) -> str:
    """The visitor's, as far as we are told: another system that says nothing must not make a German English."""
    told = "Accept-Language" in request.headers
    return body.language or (translation.get_language_from_request(request) if told else "")


def payment_of(registration: Registration) -> dict[str, Any] | None:
    """None where there is nothing to pay, or nobody to pay it to; without a secret, the page at `url` says why."""
    if registration.status != Standing.PENDING_PAYMENT:
        return None
    try:
        started = checkout.start(registration)
    except WebinarError:  # paid meanwhile, or too late: whoever asked has registered all the same
        session = registration.session
        started = Checkout(session.price, session.currency, None, links.pay(registration))
    if started is None:
        return None
    return {
        "amount": f"{started.amount:.2f}",
        "currency": started.currency,
        "client_secret": started.client_secret,
        "url": started.url,
    }


def described(session: Session, now: datetime) -> dict[str, Any]:
    offered = availability.of(session, now)
    return {
        "slug": session.slug,
        "title": session.topic.title,
        "description": session.topic.description,
        "starts_at": session.local_start,
        "duration_minutes": session.duration_minutes,
        "timezone": session.zone,
        "price": f"{session.price:.2f}",
        "currency": session.currency,
        "capacity": session.capacity,
        "seats_left": offered.seats_left,
        "status": offered.state,
    }
