"""What we promise to do in Google's calendars, and how the connections are tested."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext_lazy

from bookings.models import Booking
from integrations import errors
from integrations.book import Book
from integrations.service import (
    ConnectionReport,
    IntegrationService,
    JobReport,
    Mode,
    Operation,
    Outcome,
    is_this_machine,
    job,
    operation,
)

from . import changes, mapping
from .accounts import SLUG, calendar_of
from .client import GoogleClient
from .entries import KIND, Entries
from .settings import AccountSettings, GoogleCalendarSettings
from .tokens import Tokens

Outcomes = Iterator[tuple[Sequence[Booking], Outcome]]


class GoogleCalendarService(IntegrationService):
    """Google Calendar: when consultants are busy, and an entry for each meeting. Each may have their own account."""

    slug, label, icon = SLUG, gettext_lazy("Google Calendar"), "calendar_month"
    settings_schema = GoogleCalendarSettings
    account_schema = AccountSettings
    field_labels = {KIND: mapping.LABELS}
    settings: GoogleCalendarSettings

    @classmethod
    def system_of(cls, settings: GoogleCalendarSettings) -> str:
        return f"{settings.base_url}{settings.who}"

    @classmethod
    def mode_of(cls, settings: GoogleCalendarSettings) -> Mode:
        return Mode.SANDBOX if is_this_machine(settings.base_url) else Mode.LIVE

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self.connection, self.settings)

    @cached_property
    def client(self) -> GoogleClient:
        return GoogleClient(self.settings, self.gate, self.tokens)

    def entries(self, promised: Operation[Any, Any] | None = None) -> Entries:
        """A permission that is missing bars this operation, and no other."""
        return Entries(
            GoogleClient(self.settings, self.gate, self.tokens, operation=promised.name if promised else None),
            Book(self.remote_system, KIND),
            minimal=self.settings.event_details == "minimal",
            apply=self.settings.on_google_change == "apply",
            calendar_of=calendar_of,
        )

    def test_connection(self) -> ConnectionReport:
        """Which calendars this account has."""
        raise errors.Misconfigured("")

    # --- entries ------------------------------------------------------------------------------------------------------

    @operation(label=gettext_lazy("Bookings to Google Calendar"), batch_size=20, queue="fast", priority=5)
    def push_bookings(self, bookings: Sequence[Booking]) -> Outcomes:
        """Make an entry say what its booking says, with guests, reminders and a meeting link; safe to repeat."""
        yield from self.one_by_one(bookings, self.entries(GoogleCalendarService.push_bookings).push)

    @operation(label=gettext_lazy("Put back in Google Calendar"), batch_size=20, queue="fast", priority=5)
    def put_bookings_back(self, bookings: Sequence[Booking]) -> Outcomes:
        """Undo what somebody did to an entry: where it was moved or deleted, ours is written; safe to repeat."""
        yield from self.one_by_one(bookings, self.entries(GoogleCalendarService.put_bookings_back).put_back)

    def one_by_one(self, bookings: Sequence[Booking], keep: Callable[[Booking], None]) -> Outcomes:
        """Raises what is the connection's fault: no other booking would fare better."""
        prefetch_related_objects(bookings, "consultant")
        for booking in bookings:
            outcome: Outcome = None
            try:
                keep(booking)
            except errors.IntegrationError as error:
                if error.blames_connection:
                    raise
                outcome = error
            yield [booking], outcome

    @job(
        every=timedelta(minutes=2),
        command="pull-calendar-changes",
        label=gettext_lazy("Read changes of calendar entries"),
    )
    def pull_changes(self) -> JobReport:
        """Learn what people did to our entries in their calendars, and promise what no calendar has yet."""
        return changes.pull(GoogleCalendarService.push_bookings)
