"""How people get into a session."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

import leads.actions
from leads.addresses import normalise
from leads.captures import NO_UTM, Capture, Utm
from leads.models import Lead, Touchpoint
from webinars.actions.seats import Room, hold_for_paying, lock, of, room_in
from webinars.errors import RegistrationClosed, SessionFull
from webinars.models import Registration, Session
from webinars.models.registration import DETAILS, Status
from webinars.ports import payments
from webinars.signals import payments_awaited, registrations_confirmed, registrations_waitlisted

NAME_LENGTH = Lead.name.field.max_length


@dataclass(frozen=True, slots=True)
class Registrant:
    """One person who wants to come. Texts come clean and short enough: whoever read them answers for that."""

    first_name: str
    last_name: str
    email: str
    company: str = ""
    phone: str = ""
    language: str = ""
    zone: str = ""
    terms_version: str = ""  # of the terms that were accepted, if any were
    marketing_consent: bool = False
    consent_text_version: str = ""
    source: str = ""  # where the consent was given
    utm: Utm = NO_UTM
    first_utm: Utm = NO_UTM
    referrer: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    registration: Registration
    is_new: bool  # otherwise the person was registered already, and nothing was changed


def register(session: Session, registrant: Registrant) -> Registered:
    """A seat, held until it is paid where the session costs something, or a place on the waiting list.

    Nobody passes those who wait: while there are any, a newcomer queues up behind them even if a seat is free. Whoever
    cancelled or let a seat expire may register again, and comes last. Whoever says it twice may be somebody else, who
    knows no more than an address: the way to pay is told to the person alone.

    Raises `RegistrationClosed`, `SessionFull`, `PaymentsUnavailable`.
    """
    if not session.is_free:
        payments().check()
    with transaction.atomic():
        lead = captured_lead(session, registrant)
        session = lock(session)
        known = known_registration(session, lead, normalise(registrant.email))
        if known and not known.is_over:
            tell_the_way(known)
            return Registered(known, is_new=False)
        registration = known or Registration(session=session, lead=lead)
        admit(registration, registrant)
        return Registered(registration, is_new=True)


def captured_lead(session: Session, registrant: Registrant) -> Lead:
    """The person's lead, locked so that nobody forgets it under our hands.

    Capturing locks only whom it writes; a lead that came to this session before is left alone, and may be forgotten
    before we hold it: then the person starts anew.
    """
    while True:
        result = leads.actions.capture([capture_of(session, registrant)])
        if result.touchpoint_ids:
            return result.leads[0]
        if known := Lead.objects.lock(result.leads).first():
            return known


def known_registration(session: Session, lead: Lead, email: str) -> Registration | None:
    """That of this person: by their lead, or by the address that they gave when their lead had another one.

    Where both exist, the one that stands; of two that are over, the address decides: no other row can take it then.
    """
    found = of(session, session.registrations.filter(Q(lead=lead) | Q(email=email)))
    return min(found, key=lambda each: (each.is_over, each.email != email), default=None)


def capture_of(session: Session, registrant: Registrant) -> Capture:
    return Capture(
        email=registrant.email,
        kind=Touchpoint.Kind.WEBINAR,
        key=str(session.uuid),
        captured_at=timezone.now(),
        name=f"{registrant.first_name} {registrant.last_name}".strip()[:NAME_LENGTH],
        phone=registrant.phone,
        company=registrant.company,
        language=registrant.language,
        marketing_consent=registrant.marketing_consent,
        consent_text_version=registrant.consent_text_version,
        source=registrant.source,
        utm=registrant.utm,
        first_utm=registrant.first_utm,
        referrer=registrant.referrer,
        expects_answer=True,
    )


def admit(registration: Registration, registrant: Registrant) -> None:
    """Fill in the row of a newcomer, or of one who comes back, and tell. The session is locked."""
    now = timezone.now()
    if not registration.session.is_open(now):
        raise RegistrationClosed
    room = room_in(registration.session)
    registration.number = room.last_number + 1
    registration.email = normalise(registrant.email)
    for detail in DETAILS:
        setattr(registration, detail, getattr(registrant, detail))
    registration.terms_version = registrant.terms_version
    registration.terms_accepted_at = now if registrant.terms_version else None
    registration.registered_at = now
    place(registration, room, now)
    registration.save()
    tell(registration)


def place(registration: Registration, room: Room, now: datetime) -> None:
    """Which state a newcomer starts in. Raises `SessionFull`, `RegistrationClosed`."""
    session = registration.session
    registration.held_until = registration.confirmed_at = None
    if room.waiting or not room.free(1):
        if not session.waiting_list:
            raise SessionFull
        registration.status = Status.WAITLISTED
    elif session.is_free:
        registration.status, registration.confirmed_at = Status.CONFIRMED, now
    elif until := hold_for_paying(session, now):
        registration.status, registration.held_until = Status.PENDING_PAYMENT, until
    else:
        raise RegistrationClosed


def tell(registration: Registration) -> None:
    """A held seat is no news yet: whoever registered sees the payment page."""
    if registration.status == Status.CONFIRMED:
        registrations_confirmed.send(sender=Registration, registrations=[registration])
    elif registration.status == Status.WAITLISTED:
        registrations_waitlisted.send(sender=Registration, registrations=[registration])


def tell_the_way(known: Registration) -> None:
    if known.status == Status.PENDING_PAYMENT:
        payments_awaited.send(sender=Registration, registrations=[known])
