"""Consultations over HTTP, for websites and other systems: the rules of the booking form, as JSON.

Endpoints answer plain data and raise plain exceptions; `magnetiq.api` puts both into the envelope.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt

from bookings import actions, freshness
from bookings.actions import Client
from bookings.arranging import arrange
from bookings.availability import Objection, Reason
from bookings.errors import BookingError, CalendarSilent, SlotTaken
from bookings.forms import ClientForm
from bookings.models import Booking, Consultant
from bookings.models.booking import OPEN
from bookings.offers import Offers
from leads.addresses import normalise
from leads.clocks import DAY, default_zone
from leads.throttle import PerVisitor
from leads.zones import zone_or_nothing

consultants = Router(tags=["public"])
router = Router(tags=["public"])

LOOKS = PerVisitor("slots", limit=120, window=600)
POSTS = PerVisitor("bookings", limit=10, window=600)
NOT_EMPTY: dict[str, Any] = {"minLength": 1}  # said here for who reads the document; the form says it to the visitor
ANYBODY = "any"  # instead of a slug: whoever is free
USUALLY, LONGEST = 28, 62  # days that are looked at
SAME_WITHIN = timedelta(minutes=10)  # the same said again is a repetition
FURTHEST = 400 * DAY


def iso(value: object) -> object:
    """pydantic would take a number for seconds since 1970."""
    if not isinstance(value, str | date) or (isinstance(value, str) and value.lstrip("+-").replace(".", "").isdigit()):
        raise ValueError("not ISO 8601")
    return value


class ConsultantOut(Schema):
    slug: str
    name: str
    title: str = Field(description="In the language of Accept-Language.")
    timezone: str = Field(examples=["Europe/Berlin"])
    minutes: list[int] = Field(description="The lengths of meetings that are offered.", examples=[[30, 60]])


class CalendarOut(Schema):
    """How far the consultant's own calendar is in it: whoever books is checked against it anew."""

    status: Literal["fresh", "stale", "unknown"]
    checked_at: datetime | None = Field(description="null: never, or there is no calendar to look into.")


class Wanted(Schema):
    first: Annotated[date, BeforeValidator(iso)] | None = Field(None, alias="from", description="Without it: today.")
    last: Annotated[date, BeforeValidator(iso)] | None = Field(
        None, alias="to", description="Included. Without it: four weeks in all."
    )
    tz: str = Field("", description="On whose clock days and times are told. Without it: the consultant's.")
    minutes: int | None = Field(None, description="Without it: the shortest meeting that is offered.")


class Slot(Schema):
    start: datetime
    end: datetime


class Slots(Schema):
    consultant: str
    timezone: str
    calendar: CalendarOut
    slots: list[Slot]


class NewBooking(Schema):
    """Somebody who wants to meet us. Texts are trimmed; `language` is also that of the complaints about the rest."""

    model_config = ConfigDict(extra="forbid")
    consultant: str = Field(description="A slug, or “any” for whoever is free.", json_schema_extra=NOT_EMPTY)
    start: Annotated[AwareDatetime, BeforeValidator(iso)] = Field(
        description="One of the slots.", examples=["2026-12-01T10:00:00+01:00"]
    )
    minutes: StrictInt = Field(examples=[30])
    name: str = Field(examples=["Ada Lovelace"], json_schema_extra=NOT_EMPTY)
    email: str = Field(examples=["ada@example.com"], json_schema_extra=NOT_EMPTY)
    company: str | None = None
    phone: str | None = Field(None, description="Needed for a meeting by phone.")
    message: str | None = None
    meeting_type: Literal["video", "phone", "in_person"]
    language: Literal["en", "de"] | None = Field(None, description="Without it: that of Accept-Language.")
    timezone: str | None = Field(None, examples=["Europe/London"], description="One that is unknown is left out.")
    marketing_consent: StrictBool = Field(
        False, description="That alone permits nothing: the consent counts once the person confirms it by e-mail."
    )


class Booked(Schema):
    id: UUID
    reference: str = Field(examples=["VLT-20261124-7KQX"])
    status: Literal["confirmed", "pending"] = Field(description="pending: somebody confirms it by e-mail.")
    start: datetime
    end: datetime


@consultants.get(
    "",
    response={200: list[ConsultantOut], 429: None},
    throttle=LOOKS,
    summary="Consultants who can be booked",
    operation_id="list_consultants",
)
def list_consultants(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {"slug": each.slug, "name": each.name, "title": each.title, "timezone": each.zone, "minutes": each.minutes}
        for each in Consultant.objects.active()
    ]


@consultants.get(
    "/{slug}/slots",
    response={200: Slots, 404: None, 429: None},
    throttle=LOOKS,
    summary="Times that can be booked",
    operation_id="list_slots",
)
def list_slots(request: HttpRequest, slug: str, wanted: Query[Wanted]) -> dict[str, Any]:
    """What our own database knows to be free, of one consultant, or with “any” of all of them."""
    asked = found(slug)
    zone = zone_of(wanted.tz, asked, slug)
    length = length_of(wanted.minutes, asked)
    now = timezone.now()
    start, end = window(wanted.first, wanted.last, ZoneInfo(zone), now)
    offers = Offers([each for each in asked if length in each.minutes], timedelta(minutes=length), now)
    trusted = freshness.together(freshness.freshness(offers.consultants, now).values())
    told = "fresh" if trusted.status == freshness.Status.NONE else trusted.status
    spans = [offer.span for offer in offers.between(start, end)]
    return {
        "consultant": slug,
        "timezone": zone,
        "calendar": {"status": told, "checked_at": trusted.checked_at},
        "slots": [{"start": on_clock(span.start, zone), "end": on_clock(span.end, zone)} for span in spans],
    }


@router.post(
    "",
    response={201: Booked, 404: None, 409: None, 429: None, 503: None},
    throttle=POSTS,
    summary="Book a consultation",
    operation_id="book",
)
def book(request: HttpRequest, body: NewBooking) -> Status[dict[str, Any]]:
    """A meeting, or a request for one where nobody could check the calendar.

    The same said again within ten minutes does no harm. 409: the time is not free any more. 503: nobody can say just
    now whether it is.
    """
    with translation.override(language_of(request, body) or translation.get_language()):
        asked = found(body.consultant)
        length_of(body.minutes, asked)
        able = [each for each in asked if body.minutes in each.minutes and body.meeting_type in each.meeting_types]
        client = to_client(request, body, (able or asked)[0])
        try:
            made = arrange_one(able, body, client)
        except CalendarSilent as silence:
            raise HttpError(503, str(silence)) from silence
        except BookingError as refusal:
            raise HttpError(409, str(refusal)) from refusal
    zone = made.zone or made.consultant.zone
    told = {"start": on_clock(made.starts_at, zone), "end": on_clock(made.ends_at, zone)}
    return Status(201, {"id": made.uuid, "reference": made.reference, "status": made.status, **told})


def found(slug: str) -> list[Consultant]:
    """Raises Http404."""
    active = Consultant.objects.active()
    chosen = list(active if slug == ANYBODY else active.filter(slug=slug))
    if not chosen:
        raise Http404
    return chosen


def zone_of(asked: str, consultants: Sequence[Consultant], slug: str) -> str:
    if asked and not zone_or_nothing(asked):
        raise ValidationError({"tz": [_("Please enter a time zone such as Europe/Berlin.")]})
    return asked or (default_zone() if slug == ANYBODY else consultants[0].zone)


def length_of(asked: int | None, consultants: Sequence[Consultant]) -> int:
    """In minutes."""
    offered = {minutes for each in consultants for minutes in each.minutes}
    if asked is not None and asked not in offered:
        listed = ", ".join(map(str, sorted(offered)))
        raise ValidationError({"minutes": [_("Meetings take one of: %(minutes)s.") % {"minutes": listed}]})
    return asked or min(offered)


def window(first: date | None, last: date | None, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last one, on that clock; never before `now`."""
    today = now.astimezone(zone).date()
    begin = min(max(first or today, today), today + FURTHEST)  # no date is too far to be counted with
    end = min(last, begin + LONGEST * DAY) if last else begin + (USUALLY - 1) * DAY
    if first and last and last < first:
        raise ValidationError({"to": [_("This is before the first day.")]})
    if last and (last - (first or today)).days >= LONGEST:
        raise ValidationError({"to": [_("Please ask for %(days)d days at most.") % {"days": LONGEST}]})
    return midnight(begin, zone), midnight(max(end, begin - DAY) + DAY, zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def on_clock(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone))


def to_client(request: HttpRequest, body: NewBooking, consultant: Consultant) -> Client:
    """Raises django's ValidationError with a list of complaints per field."""
    form = ClientForm({**body.model_dump(), "zone": body.timezone}, consultant=consultant)
    if not form.is_valid():
        raise ValidationError({name: [str(text) for text in texts] for name, texts in form.errors.items()})
    return form.to_client(language=language_of(request, body), source="api")


def language_of(request: HttpRequest, body: NewBooking) -> str:
    """The visitor's, as far as we are told: another system that says nothing must not make a German English."""
    told = "Accept-Language" in request.headers
    return body.language or (translation.get_language_from_request(request) if told else "")


def arrange_one(able: Sequence[Consultant], body: NewBooking, client: Client) -> Booking:
    """Of those who are free, whose turn it is; or the booking that was made when this was said before.

    Raises what `arrange` does, of the last one.
    """
    now = timezone.now()
    if not now <= body.start <= now + FURTHEST:  # some moments cannot even be counted with
        raise SlotTaken(Objection(Reason.TOO_SOON if body.start < now else Reason.TOO_FAR))
    if said_before := repetition(able, body, client, now):
        return said_before
    free = free_at(able, body, now)
    *others, last = actions.in_turn(free or able)
    for each in others:
        try:
            return arrange(each, body.start, body.minutes, client)
        except SlotTaken:
            continue
    return arrange(last, body.start, body.minutes, client)


def free_at(able: Sequence[Consultant], body: NewBooking, now: datetime) -> list[Consultant]:
    if len(able) == 1:
        return list(able)  # who is asked alone is looked at anyway
    return Offers(able, timedelta(minutes=body.minutes), now).at(body.start)


def repetition(able: Sequence[Consultant], body: NewBooking, client: Client, now: datetime) -> Booking | None:
    same = Booking.objects.filter(
        consultant__in=able,
        starts_at=body.start,
        name=client.name,
        email=normalise(client.email),
        status__in=OPEN,
        created_at__gt=now - SAME_WITHIN,
    )
    made = same.select_related("consultant").order_by("pk").first()
    return made if made and made.length == timedelta(minutes=body.minutes) else None
