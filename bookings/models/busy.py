"""What outside calendars say of a consultant's time: a copy, which knows how old it is."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.models.consultant import Consultant


class BusyCalendar(models.Model):
    """One calendar of a consultant, and when it was last read."""

    consultant = models.ForeignKey(
        Consultant, models.CASCADE, verbose_name=_("consultant"), related_name="read_calendars"
    )
    calendar = models.CharField(_("calendar"), max_length=254)
    checked_at = models.DateTimeField(_("last read"), null=True, blank=True)
    until = models.DateTimeField(_("read up to"), null=True, blank=True)
    error = models.CharField(_("why it cannot be read"), max_length=200, blank=True)  # unknown is not free

    class Meta:
        verbose_name = _("calendar of a consultant")
        verbose_name_plural = _("calendars of consultants")
        ordering = ["consultant", "calendar"]
        constraints = [
            models.UniqueConstraint(fields=["consultant", "calendar"], name="bookings_busycalendar_once"),
        ]

    def __str__(self) -> str:
        return self.calendar


class BusyInterval(models.Model):
    """A stretch in which a calendar says busy; our own bookings' entries are not among them."""

    calendar = models.ForeignKey(BusyCalendar, models.CASCADE, related_name="intervals")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))

    class Meta:
        verbose_name = _("busy time")
        verbose_name_plural = _("busy times")
        ordering = ["starts_at"]
        indexes = [models.Index(fields=["calendar", "ends_at"], name="bookings_busyinterval_end")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="bookings_busyinterval_order")
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"
