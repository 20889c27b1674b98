"""The letters that we promise, how they are sent, and how the server is tested."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from typing import Any, cast

from django.db.models import Model
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from integrations import errors
from integrations.models import Delivery, StoredMail
from integrations.service import (
    ConnectionReport,
    IntegrationService,
    Mode,
    Operation,
    Outcome,
    Requirement,
    is_this_machine,
    operation,
)

from . import letters, probe, stored, suppressions
from .client import OPERATION, Mail, Session, SmtpClient, on_the_wire
from .desk import Desk, Write
from .letters import Letter
from .letters.base import Current
from .settings import EmailSettings

Outcomes = Iterator[tuple[Sequence[Any], Outcome]]
AT_ONCE = 100


def posted(letter: type[Letter[Any]], *, button: Promise | str = "") -> "Operation[EmailService, Any]":
    """The promise of one kind of letter."""

    def handler(service: "EmailService", subjects: Sequence[Model]) -> Outcomes:
        current = Current(letter, subjects)
        yield from service.send(subjects, lambda subject: service.compose(letter, subject, current.of))

    handler.__doc__ = f"Send the letter “{letter.name}” about each subject."
    return operation(label=letter.label, batch_size=AT_ONCE, queue=letter.queue, button=button)(handler)


class EmailService(IntegrationService):
    """Letters to clients and staff, and Django's own mail, over an SMTP server."""

    slug, label, icon = "email", gettext_lazy("E-mail"), "mail"
    when_repeated = gettext_lazy(
        "A repeated letter has the same Message-ID, by which many mail programs show it once. Others show it twice."
    )
    settings_schema = EmailSettings
    settings: EmailSettings

    booking_requested = posted(letters.BookingRequested)
    booking_confirmation = posted(letters.BookingConfirmation)
    booking_meeting_link = posted(letters.BookingMeetingLink)
    booking_moved = posted(letters.BookingMoved)
    booking_reminder = posted(letters.BookingReminder)
    booking_cancelled = posted(letters.BookingCancelled)
    consultant_request = posted(letters.ConsultantRequest)
    consultant_booking = posted(letters.ConsultantBooking)
    consultant_moved = posted(letters.ConsultantMoved)
    consultant_reminder = posted(letters.ConsultantReminder)
    consultant_cancelled = posted(letters.ConsultantCancelled)
    webinar_registration = posted(letters.WebinarRegistration)
    webinar_moved = posted(letters.WebinarMoved)
    webinar_reminder = posted(letters.WebinarReminder)
    webinar_message = posted(letters.WebinarMessage)
    waiting_list = posted(letters.WaitingList)
    waiting_list_place = posted(letters.WaitingListPlace)
    registration_cancelled = posted(letters.RegistrationCancelled)
    payment_due = posted(letters.PaymentDue)
    payment_failed = posted(letters.PaymentFailed)
    webinar_receipt = posted(letters.Receipt)
    refund = posted(letters.Refund)
    whitepaper_delivery = posted(letters.WhitepaperDelivery)
    double_opt_in = posted(letters.DoubleOptIn)
    integration_alert = posted(letters.IntegrationAlert)
    integration_escalated = posted(letters.IntegrationEscalated)
    integration_recovered = posted(letters.IntegrationRecovered)
    morning_digest = posted(letters.MorningDigest)
    test_letter = posted(letters.TestLetter, button=gettext_lazy("Send me a test letter"))

    @operation(label=gettext_lazy("Mail of the system"), batch_size=AT_ONCE, queue="fast")
    def stored_mail(self, mails: Sequence[StoredMail]) -> Outcomes:
        """Send what was written by Django's own mail API, such as the link for a new password."""
        for rows, outcome in self.send(mails, lambda row: stored.opened(cast(StoredMail, row), self.settings)):
            if outcome is None:
                stored.empty(rows)
            yield rows, outcome

    @classmethod
    def system_of(cls, settings: EmailSettings) -> str:
        return f"{settings.host}:{settings.port}"

    @classmethod
    def mode_of(cls, settings: EmailSettings) -> Mode:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        return Mode.SANDBOX if is_this_machine(f"smtp://{host}") else Mode.LIVE

    @classmethod
    def page_of(cls, delivery: Delivery) -> str:
        """The letter as it is written today."""
        if delivery.operation not in letters.LETTERS:
            return ""
        return reverse("admin:integrations_letteroverride_read", args=[delivery.pk])

    @classmethod
    def objection(cls, operation: str, subject: Model) -> str:
        """What keeps the letter from going to whom it is about."""
        try:
            letters.LETTERS[operation].recipient(subject, "")
        except errors.IntegrationError as error:
            return error.message
        return ""

    @cached_property
    def client(self) -> SmtpClient:
        return SmtpClient(self.settings, self.gate)

    def test_connection(self) -> ConnectionReport:
        """Connects, encrypts and logs in as for a letter, and says what the server offers. Sends nothing."""
        return probe.report(self.client.offer(), self.settings)

    def requirements(self) -> list[Requirement]:
        """Encryption, and a sender whom people recognise."""
        return probe.requirements(self.settings)

    # --- sending ----------------------------------------------------------------------------------------------------

    @cached_property
    def look_up(self) -> Callable[..., tuple[str, str] | None]:
        """Operators' words, read once for a batch."""
        return cache(letters.in_use)

    def compose(self, letter: type[Letter[Any]], subject: Model, current: Callable[[Any], Model]) -> Mail:
        promise = self.promise(subject)
        message = letters.compose(
            letter,
            subject,
            occasion=promise.occasion,
            key=promise.key,
            settings=self.settings,
            look_up=self.look_up,
            current=current,
        )
        return Mail(self.settings.from_email, message.to[0], on_the_wire(message.message()))

    def send(self, subjects: Sequence[Model], write: Write) -> Outcomes:
        """Letter by letter, over one connection while it lasts; what can't be written needs none."""
        desk = Desk(subjects, suppressions.checked(write))
        while paper := desk.top:
            if isinstance(paper.mail, errors.IntegrationError):
                yield [desk.take()], paper.mail
            else:
                with self.client.session() as session:
                    yield from self.talk(session, desk)

    def talk(self, session: Session, desk: Desk) -> Outcomes:
        """What one connection takes. The letter that finds it closed stays on the desk for the next one."""
        while session.is_open and (paper := desk.top):
            outcome: Outcome = None
            if isinstance(paper.mail, errors.IntegrationError):
                outcome = paper.mail
            else:
                try:
                    outcome = self.post(paper.mail, session, desk)
                except errors.Unavailable:
                    if session.has_answered:
                        return
                    raise
            yield [desk.take()], outcome

    def post(self, mail: Mail, session: Session, desk: Desk) -> Outcome:
        """What became of one letter; the next is written while the server reads its envelope.

        Raises what is the connection's fault.
        """
        self.gate.keep_pace(OPERATION)
        try:
            session.send(mail, meanwhile=desk.prepare)
        except errors.IntegrationError as error:
            if error.blames_connection:
                raise
            suppressions.note(mail.recipient, error)
            return error
        return None
