"""The test of a connection to Google, in words that say what to do next."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import Consultant
from integrations.models import Connection
from integrations.service import ConnectionReport, Requirement
from leads.clocks import DAY

from . import freebusy, oauth
from .accounts import PRIMARY, SLUG, calendar_of, connections_for, is_signed_in

if TYPE_CHECKING:
    from .service import GoogleCalendarService

WRITERS = ("writer", "owner")


def report(service: "GoogleCalendarService") -> ConnectionReport:
    """Raises IntegrationError when there is no answer, or the sign-in is refused."""
    connection = service.connection
    if not is_signed_in(connection):
        return sum_up(connection)
    seen = {str(row["id"]): row for row in service.client.calendars()}
    own = next((calendar for calendar, row in seen.items() if row.get("primary")), "?")
    theirs = consultants_of(connection)
    unread = unreadable(service, theirs)
    unwritten = [each.name for each in theirs if not may_write(connection, each, seen)]
    lacking = oauth.lacking(connection.owner, connection.secrets.get("scopes", ""))
    writable = sum(row.get("accessRole") in WRITERS for row in seen.values())
    said = ngettext("%(n)s, %(writable)s of it writable", "%(n)s, %(writable)s of them writable", len(seen))
    facts = {
        _("Account"): own,
        _("Calendars"): said % {"n": len(seen), "writable": writable},
        _("Permissions"): ", ".join(scope.rsplit("/", 1)[-1] for scope in connection.secrets.get("scopes", "").split()),
        _("Consultants"): ", ".join(each.name for each in theirs) or _("none"),
        _("Permission ends"): told_time(connection.expires_at) if connection.expires_at else _("not by itself"),
    }
    notes = [*unread.values(), *not_writable(unwritten), *in_testing(connection), *alone(connection)]
    problems = [_("A permission is missing: connect again, and leave all boxes ticked.")] if lacking else []
    found = {"unreadable": sorted(unread), "unwritable": unwritten}
    return ConnectionReport(_("Connected as %(account)s.") % {"account": own}, facts, problems, notes, found)


def sum_up(connection: Connection) -> ConnectionReport:
    """Of a connection that nobody has signed in for: nobody is called."""
    if connection.owner:
        return ConnectionReport(_("Nobody has signed in yet."), problems=[_("Press “Connect” and sign in.")])
    accounts = Connection.objects.accounts().filter(integration=connection.integration_id)
    number = sum(is_signed_in(row) for row in accounts)
    if not number:
        return ConnectionReport(
            _("Nobody has signed in yet."),
            problems=[_("Press “Connect”, for all consultants together or for each of them.")],
        )
    said = ngettext("%(n)s consultant has an own account.", "%(n)s consultants have own accounts.", number)
    notes = [_("Nobody has signed in for all: each consultant needs an own account."), *alone(connection)]
    return ConnectionReport(said % {"n": number}, notes=notes)


def consultants_of(connection: Connection) -> list[Consultant]:
    """Whose calendars this connection keeps."""
    consultants = list(Consultant.objects.active())
    kept_by = connections_for(consultants)
    return [each for each in consultants if each.pk in kept_by and kept_by[each.pk].pk == connection.pk]


def without_connection() -> list[str]:
    consultants = list(Consultant.objects.active())
    kept_by = connections_for(consultants)
    return [each.name for each in consultants if each.calendars and each.pk not in kept_by]


def unreadable(service: "GoogleCalendarService", consultants: Iterable[Consultant]) -> dict[str, str]:
    """{name: why} of consultants with a calendar that cannot be read."""
    wanted = {calendar: each.name for each in consultants for calendar in each.calendars}
    now = timezone.now()
    found = freebusy.ask(service.client, wanted, now, now + DAY) if wanted else {}
    said = _("%(name)s: %(why)s (%(calendar)s)")
    return {
        wanted[calendar]: said % {"name": wanted[calendar], "why": busy.error, "calendar": calendar}
        for calendar, busy in found.items()
        if busy.error
    }


def may_write(connection: Connection, consultant: Consultant, seen: dict[str, Any]) -> bool:
    calendar = calendar_of(consultant)
    if calendar == PRIMARY:
        return True
    role = seen.get(calendar, {}).get("accessRole")
    narrow = not {oauth.SCOPE, f"{oauth.SCOPE}.events"} & set(connection.secrets.get("scopes", "").split())
    return role == "owner" or (role == "writer" and not narrow)


def not_writable(names: list[str]) -> Iterator[str]:
    if names:
        said = _("The account may not write bookings to the calendars of: %(names)s.")
        yield said % {"names": ", ".join(names)}


def alone(connection: Connection) -> Iterator[str]:
    """Told by the integration's own connection, for all."""
    if not connection.owner and (names := without_connection()):
        yield _("Nobody has connected the calendars of: %(names)s.") % {"names": ", ".join(names)}


def in_testing(connection: Connection) -> Iterator[str]:
    if connection.expires_at:
        yield _(
            "The application is in testing: Google ends its permissions after seven days, this one on %(at)s. "
            "Publish it in the Google Cloud console under OAuth consent screen, then connect again."
        ) % {"at": told_time(connection.expires_at)}


def requirements() -> list[Requirement]:
    """Before going live, as the last tests found it."""
    rows = Connection.objects.in_use().filter(integration__slug=SLUG)
    tested = [row for row in rows if not row.must_reenter_secrets and is_signed_in(row)]
    lonely = without_connection()
    found = [row.report.get("found") or {} for row in tested]
    return [
        Requirement(
            _("Somebody has signed in for the calendars of every consultant."),
            bool(tested) and not lonely,
            _("Press “Connect” for: %(names)s.") % {"names": ", ".join(lonely) or _("all together, or each of them")},
        ),
        Requirement(
            _("Every calendar could be read in the last test."),
            bool(found) and all(each.get("unreadable") == [] for each in found),
            _("Test each connection, and mend what its test says."),
        ),
        Requirement(
            _("Bookings can be written to the calendar of every consultant."),
            bool(found) and all(each.get("unwritable") == [] for each in found),
            _("Test each connection, and mend what its test says."),
        ),
        Requirement(
            _("No permission ends by itself."),
            all(row.expires_at is None for row in tested),
            _("Publish the application in the Google Cloud console, then connect again."),
        ),
    ]


def told_time(at: Any) -> str:
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
