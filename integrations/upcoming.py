"""What takes place soon, and what is not as it should be about it while there is still time."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import Booking
from bookings.models.consultant import MeetingType
from webinars.models import Registration, Session

from .models import Delivery
from .situation import Situation

AHEAD = {Session: timedelta(days=14), Booking: timedelta(days=7)}
SHOWN = 8  # of each
LINK_WANTED = timedelta(days=3)  # before a session starts people ask where it is
LINK_MAY_TAKE = timedelta(minutes=10)  # for a calendar to make one
LATE = timedelta(hours=1)  # what waits longer is not just on its way

SESSION, BOOKING, PERSON = (model._meta.label_lower for model in (Session, Booking, Registration))
Key = tuple[str, int]  # type and id of what a delivery is about


@dataclass
class Event:
    """`flags` are what is wrong, in words; none is how it should be."""

    at: datetime
    title: str
    people: str
    url: str
    icon: str
    flags: list[str] = field(default_factory=list)


def of(request: HttpRequest, now: Situation) -> list[Event]:
    """What this user may see, the next one first; in at most three queries."""
    may = request.user.has_perm
    sessions = list(next_sessions(now.now)) if may("webinars.view_session") else []
    bookings = list(next_bookings(now.now)) if may("bookings.view_booking") else []
    dead, late = troubles(sessions, bookings, now.now)
    events = [
        *(session_event(row, now.now, dead[key(row)], late[key(row)]) for row in sessions),
        *(booking_event(row, now.now, dead[key(row)], late[key(row)]) for row in bookings),
    ]
    return sorted(events, key=lambda event: event.at)


def next_sessions(now: datetime) -> QuerySet[Session]:
    rows = Session.objects.upcoming(now).filter(starts_at__lt=now + AHEAD[Session]).select_related("topic")
    with_seat = Count("registrations", filter=Q(registrations__status=Registration.Status.CONFIRMED), distinct=True)
    noticed = Count("registrations__payments", filter=~Q(registrations__payments__notice=""), distinct=True)
    return rows.annotate(seats=with_seat, noticed=noticed)[:SHOWN]


def next_bookings(now: datetime) -> QuerySet[Booking]:
    wanted = [Booking.Status.PENDING, Booking.Status.CONFIRMED]
    rows = Booking.objects.filter(status__in=wanted, starts_at__gt=now, starts_at__lt=now + AHEAD[Booking])
    return rows.select_related("consultant").order_by("starts_at", "pk")[:SHOWN]


def key(row: Session | Booking) -> Key:
    return row._meta.label_lower, row.pk


def troubles(sessions: list[Session], bookings: list[Booking], now: datetime) -> tuple[Counter[Key], Counter[Key]]:
    """How many deliveries about each are dead, and have waited for long; what is about people counts for theirs."""
    dead, late = Counter[Key](), Counter[Key]()
    if not sessions and not bookings:
        return dead, late
    people = Registration.objects.filter(session__in=sessions)
    about = Q(subject_type=SESSION, subject_id__in=[row.pk for row in sessions])
    about |= Q(subject_type=BOOKING, subject_id__in=[row.pk for row in bookings])
    about |= Q(subject_type=PERSON, subject_id__in=people.values("pk"))
    open_ones = Delivery.objects.dead() | Delivery.objects.waiting().filter(created_at__lt=now - LATE)
    session_of = people.filter(pk=OuterRef("subject_id")).values("session")
    rows = open_ones.filter(about).order_by().annotate(session=Subquery(session_of))
    for subject, pk, session, state in rows.values_list("subject_type", "subject_id", "session", "state"):
        whose = (SESSION, session) if subject == PERSON else (subject, pk)
        (dead if state == Delivery.State.DEAD else late)[whose] += 1
    return dead, late


def session_event(row: Session, now: datetime, dead: int, late: int) -> Event:
    seats, noticed = row.seats, row.noticed  # type: ignore[attr-defined] # annotated by next_sessions
    flags = []
    if not row.meeting_url and row.starts_at < now + LINK_WANTED:
        flags.append(_("no meeting link"))
    if noticed:
        flags.append(ngettext("one payment to look at", "%(n)s payments to look at", noticed) % {"n": noticed})
    return Event(
        at=row.starts_at,
        title=str(row.topic),
        people=f"{seats}/{row.capacity}" if row.capacity else str(seats),
        url=reverse("admin:webinars_session_change", args=[row.pk]),
        icon="event",
        flags=[*flags, *about_deliveries(dead, late)],
    )


def booking_event(row: Booking, now: datetime, dead: int, late: int) -> Event:
    agreed = row.status == Booking.Status.CONFIRMED and row.confirmed_at and row.confirmed_at < now - LINK_MAY_TAKE
    wants_link = agreed and row.meeting_type == MeetingType.VIDEO
    flags = {
        _("to be confirmed"): row.status == Booking.Status.PENDING,
        _("calendar not checked"): row.unchecked,
        row.get_problem_display().rstrip("."): bool(row.problem),
        _("no meeting link"): wants_link and not row.meeting_url,
    }
    return Event(
        at=row.starts_at,
        title=_("%(client)s with %(consultant)s") % {"client": row.name, "consultant": row.consultant.name},
        people="",
        url=reverse("admin:bookings_booking_change", args=[row.pk]),
        icon="groups",
        flags=[*(flag for flag, is_so in flags.items() if is_so), *about_deliveries(dead, late)],
    )


def about_deliveries(dead: int, late: int) -> list[str]:
    flags = []
    if dead:
        flags.append(ngettext("one delivery is dead", "%(n)s deliveries are dead", dead) % {"n": dead})
    if late:
        said = ngettext("one delivery has waited for an hour", "%(n)s deliveries have waited for an hour", late)
        flags.append(said % {"n": late})
    return flags
