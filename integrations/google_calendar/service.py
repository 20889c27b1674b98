"""Whose calendars we keep, and how the connection is tested."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Model, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext_lazy

from bookings.models import Booking, Consultant
from integrations import errors, outbox
from integrations.book import Book
from integrations.models import Connection, Delivery, Drift, ExternalRecord
from integrations.service import (
    ConnectionReport,
    IntegrationService,
    JobReport,
    Mode,
    Operation,
    Outcome,
    Part,
    Requirement,
    is_this_machine,
    job,
    operation,
)

from . import accounts, availability, changes, comparing, mapping, probe
from .client import GoogleAuth, GoogleClient, Patience
from .entries import KIND, Entries
from .oauth import GoogleSignIn
from .settings import GoogleAccountSettings, GoogleSettings
from .sync import chosen, sync
from .tokens import KEPT, Tokens

Outcomes = Iterator[tuple[Sequence[Booking], Outcome]]


class GoogleCalendarService(IntegrationService):
    """Consultants' calendars at Google. Consultants without an account of their own use the one of all."""

    slug, label, icon = accounts.SLUG, gettext_lazy("Google Calendar"), "calendar_month"
    when_repeated = gettext_lazy(
        "Google finds each event by the id that we chose: what is there is compared, and only what differs is written."
    )
    settings_schema = GoogleSettings
    account_schema = GoogleAccountSettings
    field_labels = {KIND: mapping.LABELS}
    sign_in = GoogleSignIn
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

    @classmethod
    def owners(cls) -> Mapping[str, str]:
        """Consultants, by their slugs."""
        return dict(Consultant.objects.values_list("slug", "name"))

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
        """Everybody signed in for good, and every calendar within reach, as the last tests found it."""
        return probe.requirements()

    # --- when people are free -----------------------------------------------------------------------------------------

    def check_consultant_availability(self, calendar_id: str, start: datetime, end: datetime) -> dict[str, Any]:
        """Whether a calendar is free between two aware moments; see `availability.check`."""
        return availability.check(self.client, calendar_id, start, end)

    def get_multi_week_availability(
        self, calendar_ids: Sequence[str], start: date | None = None, weeks: int = 4
    ) -> dict[str, Any]:
        """Free stretches of working time, day by day; see `availability.weeks_of`."""
        return availability.weeks_of(self.client, calendar_ids, start or timezone.localdate(), weeks)

    # --- entries ------------------------------------------------------------------------------------------------------

    @classmethod
    def owner_of(cls, booking: Booking) -> str | None:
        """Whose account the booking's entry is in, or goes to; None where nobody has connected a calendar.

        An entry stays with the account that made it, for as long as that is connected: there it is changed and deleted.
        """
        made = Delivery.objects.filter(
            integration__slug=cls.slug,
            operation=GoogleCalendarService.push_bookings.name,
            subject_type=Booking._meta.label_lower,
            subject_id=booking.pk,
            connection__removed_at=None,
        )
        for delivery in made.select_related("connection").order_by("-created_at"):
            if accounts.is_signed_in(delivery.connection):
                return delivery.connection.owner
        found = cls.connection_for(booking.consultant)
        return found.owner if found else None

    def entries_for(self, promised: Operation[Any, Any] | None) -> Entries:
        """A permission that is missing bars this operation, and no other."""
        return Entries(
            self.client_for(promised),
            self.connection.owner,
            Book(self.remote_system, KIND),
            minimal=self.settings.event_details == "minimal",
            apply=self.settings.on_google_change == "apply",
            calendar_of=self.calendar_of,
        )

    @operation(label=gettext_lazy("Bookings to Google Calendar"), batch_size=20, queue="fast", priority=5)
    def push_bookings(self, bookings: Sequence[Booking]) -> Outcomes:
        """Make an entry say what its booking says, with guests, reminders and a meeting link; safe to repeat."""
        yield from one_by_one(bookings, self.entries_for(GoogleCalendarService.push_bookings).push)

    @operation(label=gettext_lazy("Put back in Google Calendar"), batch_size=20, queue="fast", priority=5)
    def put_bookings_back(self, bookings: Sequence[Booking]) -> Outcomes:
        """Undo what somebody did to an entry: where it was moved or deleted, ours is written; safe to repeat."""
        yield from one_by_one(bookings, self.entries_for(GoogleCalendarService.put_bookings_back).put_back)

    @job(
        every=timedelta(minutes=2),
        command="pull-calendar-changes",
        label=gettext_lazy("Read changes of calendar entries"),
    )
    def pull_changes(self) -> JobReport:
        """Learn what people did to our entries in their calendars, and promise what no calendar has yet."""
        return changes.pull(GoogleCalendarService)

    # --- comparing ----------------------------------------------------------------------------------------------------

    def compare(self) -> Iterator[Part]:
        """Bookings ahead, in the calendars of this account."""
        if self.settings.refresh_token:
            yield from comparing.parts(self)

    def mend(self, drift: Drift, subject: Model) -> None:
        """Ours is written; what was cancelled here is taken away."""
        assert isinstance(subject, Booking)
        operation = GoogleCalendarService.push_bookings
        if drift.kind in ("missing", "time"):
            operation = GoogleCalendarService.put_bookings_back
        elif drift.kind == "cancelled_here":
            about = {"subject_type": subject._meta.label_lower, "subject_id": subject.pk}
            ExternalRecord.objects.filter(remote_system=self.remote_system, remote_model=KIND, **about).update(
                gone_at=None
            )
        outbox.keep_in_sync(operation, [subject], owner=self.connection.owner)


def one_by_one(bookings: Sequence[Booking], keep: Callable[[Booking], None]) -> Outcomes:
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
