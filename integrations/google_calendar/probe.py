"""The test of a connection to Google, in words that say what to do next."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrations.service import ConnectionReport, Requirement

if TYPE_CHECKING:
    from .service import GoogleCalendarService


def report(service: "GoogleCalendarService") -> ConnectionReport:
    """Raises IntegrationError when there is no answer, or the sign-in is refused."""
    found = list(service.client.calendars())
    account = next((row["id"] for row in found if row.get("primary")), "?")
    return ConnectionReport(_("Connected as %(account)s.") % {"account": account}, {_("Account"): account})


def requirements(service: "GoogleCalendarService") -> list[Requirement]:
    return []
