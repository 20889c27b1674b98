"""When people are reminded of their meetings, and of which they were."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking
from leads.reminding import Rule


class ReminderRule(Rule):
    """How long before their meeting client and consultant are reminded of it."""

    class Meta:
        verbose_name = _("reminder of consultations")
        verbose_name_plural = _("reminders of consultations")
        ordering = ["-before", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["before"],
                name="bookings_reminderrule_once",
                violation_error_message=_("There is such a reminder already."),
            ),
            models.CheckConstraint(condition=Q(before__gt=timedelta(0)), name="bookings_reminderrule_before"),
        ]

    def is_due_for(self, booking: Booking, now: datetime) -> bool:
        """By the clock on the consultant's wall. What was due before the meeting was agreed, or moved, never is."""
        since = max(filter(None, [booking.confirmed_at, booking.moved_at]), default=None)
        return self.is_due(booking.starts_at.astimezone(booking.consultant.zone_info), now, since=since)


class Reminded(models.Model):
    """People were reminded so long before a meeting that starts then."""

    # The unique constraint's index serves look-ups by booking.
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, db_index=False, related_name="reminded")
    before = models.DurationField()
    starts_at = models.DateTimeField()
    reminded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("sent reminder")
        verbose_name_plural = _("sent reminders")
        constraints = [
            models.UniqueConstraint(fields=["booking", "starts_at", "before"], name="bookings_reminded_once"),
        ]

    def __str__(self) -> str:
        return f"{self.before} {self.booking}"
