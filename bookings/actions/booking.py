"""How a time becomes somebody's."""

import secrets
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

import leads.actions
from bookings.actions.slots import HOLD, expect, lock, must_be_free, occupy
from bookings.errors import NotOffered
from bookings.models import Booking, Consultant
from bookings.models.booking import DETAILS, Status
from bookings.models.consultant import MeetingType
from bookings.signals import bookings_confirmed, bookings_requested
from leads.addresses import normalise
from leads.captures import NO_UTM, Capture, Utm
from leads.models import Lead, Touchpoint

LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nobody confuses them on the phone


@dataclass(frozen=True, slots=True)
class Client:
    """Whoever wants to meet us. Texts come clean and short enough: whoever read them answers for that."""

    name: str
    email: str
    company: str = ""
    phone: str = ""
    message: str = ""
    meeting_type: str = MeetingType.VIDEO
    language: str = ""
    zone: str = ""
    marketing_consent: bool = False
    consent_text_version: str = ""
    source: str = ""  # where the consent was given
    utm: Utm = NO_UTM
    first_utm: Utm = NO_UTM
    referrer: str = ""


@transaction.atomic
def hold(consultant: Consultant, start: datetime, minutes: int) -> Booking:
    """Keep a time free for `HOLD`, while its form is filled in. Raises `SlotTaken`, `NotOffered`."""
    lock(consultant)
    length = offered(consultant, minutes)
    must_be_free(consultant, start, length)
    held = Booking(consultant=consultant, status=Status.HELD, held_until=timezone.now() + HOLD)
    occupy(held, start.astimezone(UTC), length)
    held.save()
    return held


@transaction.atomic
def release(held: Booking) -> None:
    """Give a time back that was only held; whatever became a booking stays one."""
    Booking.objects.filter(pk=held.pk, status=Status.HELD).delete()


@transaction.atomic
def release_over(now: datetime) -> int:
    """Delete what was held until `now`, for nobody; says how many. Such rows keep nobody out: this only tidies up."""
    over = Booking.objects.filter(status=Status.HELD, held_until__lte=now)
    rows = over.order_by("pk").select_for_update(skip_locked=True)  # somebody may be making room just now
    Booking.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


@transaction.atomic
def book(
    consultant: Consultant,
    start: datetime,
    minutes: int,
    client: Client,
    *,
    held: Booking | None = None,
    unchecked: bool = False,
    pending: bool = False,
    lenient: bool = False,
) -> Booking:
    """A meeting, agreed at once or (`pending`) to be confirmed by somebody.

    `held` is the slot that was kept for this client: the booking takes its place and its uuid, by which a form that is
    sent twice finds what became of the first. It is checked anew, so one that is over, or gone, does no harm unless
    somebody else was faster. `unchecked`: no calendar could be asked. `lenient`: see `must_be_free`.
    Raises `SlotTaken`, `NotOffered`, and `ImpossibleMove` where it became a booking before.
    """
    booking = Booking(consultant=consultant)
    if held and held.consultant_id == consultant.pk:
        booking.uuid = held.uuid
    lead = captured_lead(booking, client)
    lock(consultant)
    length = offered(consultant, minutes)
    if client.meeting_type not in consultant.meeting_types:
        raise NotOffered
    held = still_held(held, consultant) if held else None
    must_be_free(consultant, start, length, without=held, lenient=lenient)
    if held:
        held.delete()
    fill_in(booking, client, lead)
    occupy(booking, start.astimezone(UTC), length)
    booking.unchecked = unchecked
    booking.status = Status.PENDING if pending else Status.CONFIRMED
    booking.confirmed_at = None if pending else timezone.now()
    booking.save()
    told = bookings_requested if pending else bookings_confirmed
    told.send(sender=Booking, bookings=[booking])
    return booking


def still_held(held: Booking, consultant: Consultant) -> Booking | None:
    """Its row as it is now. Raises `ImpossibleMove` for one that became a booking."""
    row = Booking.objects.filter(uuid=held.uuid, consultant=consultant).first()
    if row:
        expect(row, {Status.HELD})
    return row


def offered(consultant: Consultant, minutes: int) -> timedelta:
    """The length as a duration. Raises `NotOffered`."""
    if not consultant.active or minutes not in consultant.minutes:
        raise NotOffered
    return timedelta(minutes=minutes)


def fill_in(booking: Booking, client: Client, lead: Lead) -> None:
    booking.lead = lead
    booking.reference = new_reference()
    booking.meeting_type = client.meeting_type
    for detail in DETAILS:
        setattr(booking, detail, getattr(client, detail))
    booking.email = normalise(client.email)


def captured_lead(booking: Booking, client: Client) -> Lead:
    """The client's lead, locked before the consultant: who forgets people locks leads first, too."""
    shared = {field.name for field in fields(Capture)} & {field.name for field in fields(Client)}
    capture = Capture(
        kind=Touchpoint.Kind.CONSULTATION,
        key=str(booking.uuid),
        captured_at=timezone.now(),
        expects_answer=True,
        **{name: getattr(client, name) for name in shared},
    )
    return leads.actions.capture([capture]).leads[0]


def new_reference() -> str:
    """VLT, the day on our clock, and four letters; never one that is known already."""
    while True:
        letters = "".join(secrets.choice(LETTERS) for _number in range(4))
        reference = f"VLT-{timezone.localdate():%Y%m%d}-{letters}"
        if not Booking.objects.filter(reference=reference).exists():
            return reference
