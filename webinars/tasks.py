"""Thin tasks: call one function. Both are safe to run twice and at the same time."""

from celery import shared_task
from django.utils import timezone

from webinars import actions, reminders


@shared_task
def send_webinar_reminders() -> None:
    """Remind people of sessions that are near."""
    reminders.send_reminders(timezone.now())


@shared_task
def expire_unpaid() -> None:
    """Take back the seats that nobody paid or accepted in time, and offer them to the next in line."""
    actions.expire(timezone.now())
