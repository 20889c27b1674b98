"""Who meets whom, and when."""

import uuid
from datetime import datetime, timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.models.consultant import Consultant, MeetingType
from bookings.spans import Span
from leads.addresses import FORGOTTEN_DOMAIN, validate_address
from leads.clocks import validate_zone
from leads.models import Lead

# What clients tell about themselves.
DETAILS = ("name", "email", "company", "phone", "message", "language", "zone")


class Booking(models.Model):
    """One meeting of one client with one consultant, or a slot that is held for one. Written by actions only."""

    class Status(models.TextChoices):
        HELD = "held", _("Held")
        PENDING = "pending", _("To be confirmed")
        CONFIRMED = "confirmed", _("Confirmed")
        CANCELLED = "cancelled", _("Cancelled")
        COMPLETED = "completed", _("Completed")
        NO_SHOW = "no_show", _("Did not come")

    class Problem(models.TextChoices):
        """What somebody must decide."""

        CALENDAR_BUSY = "calendar_busy", _("The calendar has another entry at that time.")
        MOVED_OUTSIDE = "moved_outside", _("It was moved in the calendar.")
        DELETED_OUTSIDE = "deleted_outside", _("It was deleted in the calendar.")
        DECLINED = "declined", _("The client declined the invitation.")

    class Answer(models.TextChoices):
        """Of the client, to the invitation in their calendar."""

        ACCEPTED = "accepted", _("Accepted")
        TENTATIVE = "tentative", _("Maybe")
        DECLINED = "declined", _("Declined")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # "VLT-20261124-7KQX": what people say on the phone. A slot that is only held has none.
    reference = models.CharField(_("reference"), max_length=17, unique=True, null=True, editable=False)  # noqa: DJ001
    consultant = models.ForeignKey(Consultant, models.PROTECT, verbose_name=_("consultant"), related_name="bookings")
    lead = models.ForeignKey(
        Lead, models.PROTECT, verbose_name=_("lead"), null=True, blank=True, related_name="bookings"
    )
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    # With what is kept empty around it, as it was when the booking was made: nothing else may overlap it.
    blocked = DateTimeRangeField(editable=False)
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.CharField(_("e-mail address"), max_length=254, blank=True, validators=[validate_address])
    company = models.CharField(_("company"), max_length=200, blank=True)
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    message = models.TextField(_("message"), max_length=5000, blank=True)
    meeting_type = models.CharField(_("way to meet"), max_length=10, choices=MeetingType, default=MeetingType.VIDEO)
    meeting_url = models.URLField(_("meeting link"), max_length=500, blank=True)
    language = models.CharField(_("language"), max_length=8, choices=Lead.Language, blank=True)
    zone = models.CharField(_("time zone"), max_length=64, blank=True, validators=[validate_zone])
    status = models.CharField(_("status"), max_length=10, choices=Status)
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)
    # Nobody could be asked whether the consultant is busy: somebody looks again when the calendar answers.
    unchecked = models.BooleanField(_("calendar not checked"), default=False)
    problem = models.CharField(_("problem"), max_length=20, choices=Problem, blank=True)
    # {calendar, starts_at, ends_at}: of what is in the way, or of where it was moved to; ISO 8601, UTC.
    problem_details = models.JSONField(default=dict, blank=True, editable=False)
    answer = models.CharField(_("answer to the invitation"), max_length=10, choices=Answer, blank=True)
    # Counts what calendars must show, so that they can tell the newest of several entries.
    sequence = models.PositiveIntegerField(default=0, editable=False)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    moved_at = models.DateTimeField(_("moved at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        ordering = ["-starts_at", "-id"]
        indexes = [
            models.Index(fields=["consultant", "starts_at"], name="bookings_booking_start"),
            models.Index(fields=["held_until"], name="bookings_booking_held", condition=Q(status="held")),
        ]
        constraints = [
            ExclusionConstraint(
                name="bookings_booking_apart",
                expressions=[("consultant", RangeOperators.EQUAL), ("blocked", RangeOperators.OVERLAPS)],
                condition=Q(status__in=["held", "pending", "confirmed"]),
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="bookings_booking_order"),
            models.CheckConstraint(
                condition=Q(status="held", held_until__isnull=False) | Q(~Q(status="held"), held_until__isnull=True),
                name="bookings_booking_held_until",
            ),
            models.CheckConstraint(
                condition=Q(status="held") | Q(lead__isnull=False, reference__isnull=False),
                name="bookings_booking_client",
            ),
        ]

    def __str__(self) -> str:
        return self.reference or str(self.uuid)

    @property
    def span(self) -> Span:
        return Span(self.starts_at, self.ends_at)

    @property
    def length(self) -> timedelta:
        return self.ends_at - self.starts_at

    @property
    def is_forgotten(self) -> bool:
        return self.email.endswith(FORGOTTEN_DOMAIN)

    @property
    def changeable_until(self) -> datetime:
        """Until then the client may move or cancel it."""
        return self.starts_at - timedelta(hours=self.consultant.change_hours)

    def anonymise(self) -> None:
        """Take everything personal out of this object; saving is up to the caller."""
        for detail in DETAILS:
            setattr(self, detail, "")
        self.email = f"forgotten-{self.uuid}{FORGOTTEN_DOMAIN}"
        self.meeting_url = ""


Status = Booking.Status
Problem = Booking.Problem
Answer = Booking.Answer
ACTIVE = frozenset({Status.HELD, Status.PENDING, Status.CONFIRMED})  # these keep others out
OPEN = frozenset({Status.PENDING, Status.CONFIRMED})  # somebody means to come
