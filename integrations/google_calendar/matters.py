"""Bookings that somebody changed in a calendar, as incidents: whoever asked for alerts is told, and decides."""

from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.models import Booking
from bookings.models.booking import OPEN, Problem
from integrations import incidents
from integrations.models import Incident

from .accounts import connection_for
from .telling import told_span

CHANGE = "calendar_change"
CONFLICT = "calendar_conflict"
CHANGES = (Problem.MOVED_OUTSIDE, Problem.DELETED_OUTSIDE, Problem.DECLINED)
PROBLEMS = {CHANGE: CHANGES, CONFLICT: (Problem.CALENDAR_BUSY,)}


def tell(bookings: Sequence[Booking]) -> None:
    """Of those that do not agree with the calendar because of what somebody did there."""
    for booking in bookings:
        connection = connection_for(booking.consultant) if booking.problem in CHANGES else None
        if connection:
            incidents.report(connection, CHANGE, booking, summary(booking))


def summary(booking: Booking) -> str:
    """Names no client: it goes into a chat, too."""
    said = _("%(reference)s with %(consultant)s, %(booked)s: %(problem)s")
    told = {"reference": booking.reference, "consultant": booking.consultant.name, "booked": told_span(booking.span)}
    return said % {**told, "problem": Problem(booking.problem).label}


def close_settled() -> None:
    """Those that somebody settled, that were put right in the calendar, or that went away with the booking."""
    for kind, problems in PROBLEMS.items():
        opened = Incident.objects.open().filter(kind=kind, subject_type=Booking._meta.label_lower)
        about = Booking.objects.filter(pk__in=opened.values("subject_id"))
        for booking in about.exclude(problem__in=problems, status__in=OPEN, ends_at__gt=timezone.now()):
            incidents.close(kind, booking)
