"""Whose calendars we keep, and how the connection is tested."""

from datetime import timedelta
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy

from bookings.models import Consultant
from integrations.models import Connection
from integrations.service import (
    ConnectionReport,
    IntegrationService,
    JobReport,
    Mode,
    Operation,
    Requirement,
    is_this_machine,
    job,
)

from . import accounts, probe
from .client import GoogleAuth, GoogleClient, Patience
from .settings import GoogleAccountSettings, GoogleSettings
from .sync import chosen, sync
from .tokens import KEPT, Tokens


class GoogleCalendarService(IntegrationService):
    """Consultants' calendars at Google. Consultants without an account of their own use the one of all."""

    slug, label, icon = accounts.SLUG, gettext_lazy("Google Calendar"), "calendar_month"
    settings_schema = GoogleSettings
    account_schema = GoogleAccountSettings
    settings: GoogleSettings
    patience = Patience()

    @classmethod
    def kept_on(cls, connection: Connection) -> set[str]:
        """Everybody signs in for themselves."""
        return super().kept_on(connection) | {"refresh_token"}

    @classmethod
    def _shared_secrets(cls, connection: Connection) -> dict[str, Any]:
        """The application's, not whoever signed in for all."""
        return {name: value for name, value in super()._shared_secrets(connection).items() if name not in KEPT}

    @classmethod
    def system_of(cls, settings: GoogleSettings) -> str:
        return settings.base_url

    @classmethod
    def mode_of(cls, settings: GoogleSettings) -> Mode:
        return Mode.SANDBOX if is_this_machine(settings.base_url) else Mode.LIVE

    # --- whose --------------------------------------------------------------------------------------------------------

    @classmethod
    def connection_for(cls, consultant: Consultant) -> Connection | None:
        """None where nobody has connected the consultant's calendars."""
        return accounts.connection_for(consultant)

    @classmethod
    def calendar_of(cls, consultant: Consultant) -> str:
        """The calendar that we write to."""
        return accounts.calendar_of(consultant)

    @cached_property
    def who(self) -> str:
        """Whose sign-in it is, in words."""
        if not self.connection.owner:
            return str(self.label)
        consultant = Consultant.objects.filter(slug=self.connection.owner).only("name").first()
        return consultant.name if consultant else self.connection.owner

    # --- how ----------------------------------------------------------------------------------------------------------

    @property
    def client(self) -> GoogleClient:
        return self.client_for(None)

    def client_for(self, promised: Operation[Any, Any] | None) -> GoogleClient:
        """A permission that is missing bars this operation, and no other."""
        operation = promised.name if promised else None
        return GoogleClient(
            self.settings, self.gate, self.tokens, operation=operation, patience=self.patience, who=self.who
        )

    @cached_property
    def auth(self) -> GoogleAuth:
        return GoogleAuth(self.settings, self.gate, patience=self.patience, who=self.who)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self.connection, self.auth, patience=self.patience, who=self.who)

    @job(every=timedelta(minutes=5), command="sync-calendars", label=gettext_lazy("Read calendars"))
    def sync_calendars(self, *, consultant: str | None = None) -> JobReport:
        """Read when consultants are busy, and check bookings that nobody could check; of one CONSULTANT, or of all."""
        return sync(chosen(consultant), GoogleCalendarService)

    def test_connection(self) -> ConnectionReport:
        """Who signed in, which calendars may be read and written, and which consultants lack something."""
        return probe.report(self)

    def requirements(self) -> list[Requirement]:
        return probe.requirements(self)
