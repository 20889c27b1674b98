"""Which letters which facts lead to."""

from collections.abc import Sequence
from datetime import date, datetime

from django.contrib.auth.models import User
from django.dispatch import receiver

from bookings.models import Booking
from bookings.models import ReminderRule as BookingReminderRule
from bookings.signals import (
    booking_reminders_due,
    bookings_cancelled,
    bookings_confirmed,
    bookings_moved,
    bookings_requested,
    meeting_links_known,
)
from integrations import outbox
from integrations.models import Incident
from integrations.signals import incidents_closed, incidents_escalated, incidents_opened, mornings_came
from leads.models import Consent, Touchpoint
from leads.signals import consents_requested, whitepapers_requested
from webinars.models import Message, Payment, Refund, Registration, ReminderRule, Session
from webinars.models.registration import OPEN
from webinars.signals import (
    payments_awaited,
    payments_failed,
    payments_succeeded,
    refunds_made,
    refunds_requested,
    registrations_cancelled,
    registrations_confirmed,
    registrations_messaged,
    registrations_waitlisted,
    reminders_due,
    seats_offered,
    sessions_changed,
)

from . import alerts, telling
from .letters.webinars import of_start
from .service import EmailService

Registrations = Sequence[Registration]
Bookings = Sequence[Booking]


@receiver(whitepapers_requested)
def send_whitepapers(sender: type[Touchpoint], touchpoints: Sequence[Touchpoint], **kwargs: object) -> None:
    outbox.once(EmailService.whitepaper_delivery, touchpoints)


@receiver(consents_requested)
def ask_for_confirmation(sender: type[Consent], consents: Sequence[Consent], **kwargs: object) -> None:
    outbox.once(EmailService.double_opt_in, consents)


# Whoever cancelled and registers again is told again. Registrations that come together changed at one moment.
@receiver(registrations_confirmed)
def confirm_registrations(sender: type[Registration], registrations: Registrations, **kwargs: object) -> None:
    outbox.once(EmailService.webinar_registration, registrations, occasion=str(registrations[0].confirmed_at))


@receiver(registrations_cancelled)
def tell_of_cancellations(sender: type[Registration], registrations: Registrations, **kwargs: object) -> None:
    outbox.once(EmailService.registration_cancelled, registrations, occasion=str(registrations[0].updated_at))


@receiver(registrations_messaged)
def pass_message_on(
    sender: type[Registration], registrations: Registrations, message: Message, **kwargs: object
) -> None:
    outbox.once(EmailService.webinar_message, registrations, occasion=str(message.pk), expires_at=message.matters_until)


@receiver(registrations_waitlisted)
def tell_of_the_waiting_list(sender: type[Registration], registrations: Registrations, **kwargs: object) -> None:
    outbox.once(
        EmailService.waiting_list,
        registrations,
        occasion=str(registrations[0].registered_at),
        expires_at=registrations[0].session.starts_at,
    )


@receiver(seats_offered)
def offer_seats(sender: type[Registration], registrations: Registrations, **kwargs: object) -> None:
    outbox.once(
        EmailService.waiting_list_place,
        registrations,
        occasion=str(registrations[0].updated_at),
        expires_at=registrations[0].held_until,
    )


@receiver(payments_awaited)
def send_way_to_pay(sender: type[Registration], registrations: Registrations, **kwargs: object) -> None:
    outbox.once(
        EmailService.payment_due,
        registrations,
        occasion=str(registrations[0].held_until),
        expires_at=registrations[0].held_until,
    )


@receiver(sessions_changed)
def tell_of_moves(sender: type[Session], sessions: Sequence[Session], moved: bool, **kwargs: object) -> None:
    outbox.once(
        EmailService.webinar_moved,
        Registration.objects.filter(session__in=sessions, status__in=OPEN) if moved else [],
        occasion=of_start(sessions[0].sequence, sessions[0]),
        expires_at=sessions[0].ends_at,
    )


@receiver(reminders_due)
def remind(sender: type[Registration], registrations: Registrations, rule: ReminderRule, **kwargs: object) -> None:
    outbox.once(
        EmailService.webinar_reminder,
        registrations,
        occasion=of_start(int(rule.before.total_seconds()), registrations[0].session),
        expires_at=registrations[0].session.starts_at,
    )


@receiver(payments_succeeded)
def send_receipts(sender: type[Payment], payments: Sequence[Payment], **kwargs: object) -> None:
    outbox.once(EmailService.webinar_receipt, payments)


@receiver(payments_failed)
def tell_of_failures(sender: type[Payment], payments: Sequence[Payment], **kwargs: object) -> None:
    outbox.once(
        EmailService.payment_failed,
        payments,
        occasion=str(payments[0].registration.held_until),
        expires_at=payments[0].registration.held_until,
    )


# Whose seat is lost waits for news, not for a bank; everybody else is told when the money is on its way.
@receiver(refunds_requested)
def tell_of_lost_seats(sender: type[Refund], refunds: Sequence[Refund], **kwargs: object) -> None:
    outbox.once(EmailService.refund, [refund for refund in refunds if refund.reason == Refund.Reason.LOST_SEAT])


@receiver(refunds_made)
def tell_of_refunds(sender: type[Refund], refunds: Sequence[Refund], **kwargs: object) -> None:
    outbox.once(EmailService.refund, refunds)


@receiver(incidents_opened)
def alert(sender: type[Incident], incidents: Sequence[Incident], **kwargs: object) -> None:
    alerts.alert(incidents)


@receiver(incidents_escalated)
def escalate(sender: type[Incident], incidents: Sequence[Incident], **kwargs: object) -> None:
    alerts.escalate(incidents)


@receiver(incidents_closed)
def give_the_all_clear(sender: type[Incident], incidents: Sequence[Incident], **kwargs: object) -> None:
    alerts.all_clear(incidents)


@receiver(mornings_came)
def write_in_the_morning(
    sender: type[User], users: Sequence[User], day: date, over_at: datetime, **kwargs: object
) -> None:
    outbox.once(EmailService.morning_digest, users, occasion=str(day), expires_at=over_at)


# --- bookings: to client and consultant -------------------------------------------------------------------------------


@receiver(bookings_requested)
def pass_requests_on(sender: type[Booking], bookings: Bookings, **kwargs: object) -> None:
    telling.once([EmailService.booking_requested, EmailService.consultant_request], bookings)


@receiver(bookings_confirmed)
def confirm_bookings(sender: type[Booking], bookings: Bookings, **kwargs: object) -> None:
    telling.agreed(EmailService.booking_confirmation, EmailService.consultant_booking, bookings)


@receiver(bookings_moved)
def tell_of_new_times(sender: type[Booking], bookings: Bookings, before: datetime, **kwargs: object) -> None:
    telling.moved(
        [EmailService.booking_moved, EmailService.consultant_moved],
        [EmailService.booking_requested, EmailService.consultant_request],
        bookings,
        before,
    )


@receiver(bookings_cancelled)
def tell_of_cancelled_bookings(sender: type[Booking], bookings: Bookings, **kwargs: object) -> None:
    telling.once([EmailService.booking_cancelled, EmailService.consultant_cancelled], bookings)


@receiver(meeting_links_known)
def send_meeting_links(sender: type[Booking], bookings: Bookings, **kwargs: object) -> None:
    telling.of_link(
        EmailService.booking_meeting_link, [EmailService.booking_confirmation, EmailService.booking_moved], bookings
    )


@receiver(booking_reminders_due)
def remind_of_meetings(sender: type[Booking], bookings: Bookings, rule: BookingReminderRule, **kwargs: object) -> None:
    telling.reminders([EmailService.booking_reminder, EmailService.consultant_reminder], bookings, rule)
