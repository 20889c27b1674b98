"""Whose account a consultant's calendars are read and written by."""

from django.db.models import QuerySet

from bookings.models import Booking, Consultant
from integrations.models import Connection, Delivery

SLUG = "google_calendar"
PUSH = "push_bookings"


def calendar_of(consultant: Consultant) -> str:
    """Where new entries go, as the API names it."""
    return consultant.calendar or next(iter(consultant.busy_calendars), "primary")


def connection_for(consultant: Consultant) -> Connection | None:
    """The consultant's own account, or else the shared one; None where nobody has connected either."""
    found = connections().filter(owner__in=["", consultant.slug]).order_by("-owner")
    return next(filter(is_connected, found), None)


def is_connected(connection: Connection) -> bool:
    """Somebody has given us the permission; whether it still holds, only a call tells."""
    name = "refresh_token" if connection.owner else "shared_refresh_token"
    return connection.must_reenter_secrets or bool(connection.secrets.get(name))


def connections() -> QuerySet[Connection]:
    return Connection.objects.in_use().filter(integration__slug=SLUG).select_related("integration")


def owner_of(booking: Booking) -> str | None:
    """Whose account the booking's entry is in, or would go to; None where there is no account.

    An entry stays with the account that made it, for as long as that is connected: there it is changed and deleted.
    """
    made = Delivery.objects.filter(
        integration__slug=SLUG,
        operation=PUSH,
        subject_type=Booking._meta.label_lower,
        subject_id=booking.pk,
        connection__removed_at=None,
    ).select_related("connection")
    for delivery in made.order_by("-created_at"):
        if is_connected(delivery.connection):
            return delivery.connection.owner
    found = connection_for(booking.consultant)
    return found.owner if found else None
