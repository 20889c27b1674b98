"""Thin tasks: call one function. Each is safe to run twice and at the same time."""

from celery import shared_task
from django.utils import timezone

from bookings import actions, reminders


@shared_task
def release_holds() -> None:
    """Delete the slots that nobody came back for in time; they keep nobody out any more."""
    actions.release_over(timezone.now())


@shared_task
def send_booking_reminders() -> None:
    """Remind people of meetings that are near."""
    reminders.send_reminders(timezone.now())
