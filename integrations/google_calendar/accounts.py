"""Whose account keeps whose calendars."""

from collections.abc import Sequence

from bookings.models import Consultant
from integrations.models import Connection

SLUG = "google_calendar"
PRIMARY = "primary"


def connections_for(consultants: Sequence[Consultant]) -> dict[int, Connection]:
    """{id of a consultant: the connection that keeps their calendars}, in one query; their own, or that of all."""
    owners = {"", *(consultant.slug for consultant in consultants)}
    rows = Connection.objects.in_use().filter(integration__slug=SLUG, owner__in=owners).select_related("integration")
    found = {row.owner: row for row in rows}
    shared = found.pop("", None)
    for row in found.values():
        if shared:
            row.integration.own_connection = shared  # whose secrets accounts share
    usual = shared if shared and is_signed_in(shared) else None
    picked = {consultant.pk: found.get(consultant.slug, usual) for consultant in consultants}
    return {pk: row for pk, row in picked.items() if row}


def connection_for(consultant: Consultant) -> Connection | None:
    """None where nobody has connected the consultant's calendars."""
    return connections_for([consultant]).get(consultant.pk)


def calendar_of(consultant: Consultant) -> str:
    """The calendar that we write to."""
    return consultant.calendar or next(iter(consultant.busy_calendars), PRIMARY)


def is_signed_in(connection: Connection) -> bool:
    return bool(connection.secrets.get("refresh_token"))


def is_barred(connection: Connection) -> bool:
    """A human must act first: nobody waits for a refusal that is known."""
    return connection.must_reenter_secrets or connection.is_blocked("ask_freebusy")
