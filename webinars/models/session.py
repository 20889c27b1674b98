"""When a topic is taught, for whom and for how much."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from leads.clocks import default_zone, validate_zone
from leads.models import Lead
from leads.reminding import Rule
from webinars.models.topic import MONEY, Topic, default_currency, validate_coins, validate_currency


def default_languages() -> list[str]:
    return [str(settings.LANGUAGE_CODE)]


class SessionQuerySet(models.QuerySet["Session"]):
    def upcoming(self, now: datetime) -> "SessionQuerySet":
        """Those that the public sees, the next one first."""
        return self.filter(status=Session.Status.PUBLISHED, starts_at__gt=now).order_by("starts_at", "id")


class Session(models.Model):
    """One date of a topic. All moments are UTC; `zone` tells which clock people read. Written by actions only."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        CANCELLED = "cancelled", _("Cancelled")
        COMPLETED = "completed", _("Completed")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(_("slug"), max_length=100, unique=True)
    topic = models.ForeignKey(Topic, verbose_name=_("topic"), on_delete=models.PROTECT, related_name="sessions")
    starts_at = models.DateTimeField(_("starts at"))
    duration_minutes = models.PositiveSmallIntegerField(
        _("duration in minutes"), default=60, validators=[MinValueValidator(1)]
    )
    zone = models.CharField(_("time zone"), max_length=64, default=default_zone, validators=[validate_zone])
    capacity = models.PositiveIntegerField(
        _("seats"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: no limit.")
    )
    waiting_list = models.BooleanField(_("waiting list"), default=True)
    price = models.DecimalField(_("price"), **MONEY, help_text=_("0: free of charge."))
    currency = models.CharField(_("currency"), max_length=3, default=default_currency, validators=[validate_currency])
    vat_rate = models.DecimalField(
        _("VAT in percent"),
        max_digits=4,
        decimal_places=2,
        default=Decimal(19),
        validators=[MinValueValidator(0), MaxValueValidator(99)],
        help_text=_("Contained in the price."),
    )
    full_refund_days = models.PositiveSmallIntegerField(
        _("days for a full refund"),
        default=7,
        help_text=_("Whoever cancels at least so many days before the start gets everything back."),
    )
    partial_refund_days = models.PositiveSmallIntegerField(
        _("days for a partial refund"),
        default=2,
        help_text=_("Whoever cancels later, but at least so many days before the start, gets a part back."),
    )
    partial_refund_percent = models.PositiveSmallIntegerField(
        _("partial refund in percent"), default=50, validators=[MaxValueValidator(100)]
    )
    languages = ArrayField(
        models.CharField(max_length=8, choices=Lead.Language), verbose_name=_("languages"), default=default_languages
    )
    presenter = models.CharField(_("presenter"), max_length=200, blank=True)
    meeting_url = models.URLField(_("meeting link"), max_length=500, blank=True)
    registration_opens_at = models.DateTimeField(_("registration opens"), null=True, blank=True)
    registration_closes_at = models.DateTimeField(_("registration closes"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    moved_at = models.DateTimeField(_("moved at"), null=True, blank=True, editable=False)  # when the start was changed
    # Counts the changes that a calendar must show, so that it can tell the newest of several entries.
    sequence = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["-starts_at", "-id"]
        indexes = [models.Index(fields=["status", "starts_at"], name="webinars_session_upcoming")]
        constraints = [
            models.CheckConstraint(condition=Q(duration_minutes__gte=1), name="webinars_session_duration"),
            models.CheckConstraint(condition=Q(capacity__gte=1), name="webinars_session_capacity"),
            models.CheckConstraint(condition=Q(price__gte=0), name="webinars_session_price"),
            models.CheckConstraint(
                condition=Q(full_refund_days__gte=F("partial_refund_days")),
                name="webinars_session_refund_days",
                violation_error_message=_("A full refund must end before the partial one does."),
            ),
            models.CheckConstraint(
                condition=Q(partial_refund_percent__lte=100), name="webinars_session_refund_percent"
            ),
            models.CheckConstraint(
                condition=Q(languages__contained_by=Lead.Language.values) & Q(languages__len__gte=1),
                name="webinars_session_languages",
                violation_error_message=_("Please choose at least one language."),
            ),
            models.CheckConstraint(
                condition=Q(registration_closes_at__gt=F("registration_opens_at")),
                name="webinars_session_registration",
                violation_error_message=_("Registration must open before it closes."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.local_start:%Y-%m-%d %H:%M}"

    def clean(self) -> None:
        validate_coins("price", self.price, self.currency)

    @property
    def local_start(self) -> datetime:
        return self.starts_at.astimezone(ZoneInfo(self.zone))

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.duration_minutes)

    @property
    def closes_at(self) -> datetime:
        """From then on nobody gets a seat any more: when registration closes, at the latest when the session starts."""
        return min(self.registration_closes_at or self.starts_at, self.starts_at)

    def days_before(self, days: int) -> datetime:
        """So many days before the start, by the clock on the session's wall: summer time moves it by no hour."""
        return (self.local_start - timedelta(days=days)).astimezone(UTC)

    @property
    def is_free(self) -> bool:
        return not self.price

    def is_open(self, now: datetime) -> bool:
        """Whether people may register at that moment, be it for the waiting list."""
        opens_at = self.registration_opens_at or datetime.min.replace(tzinfo=UTC)
        return self.status == self.Status.PUBLISHED and opens_at <= now < self.closes_at


class ReminderRule(Rule):
    """How long before the start people are reminded: of every session, or of one."""

    session = models.ForeignKey(
        Session,
        verbose_name=_("session"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="reminder_rules",
        help_text=_("Empty: for all sessions."),
    )

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["-before", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "before"], nulls_distinct=False, name="webinars_reminderrule_once"
            ),
            models.CheckConstraint(condition=Q(before__gt=timedelta(0)), name="webinars_reminderrule_before"),
        ]

    def due_at(self, session: Session) -> datetime:
        """By the clock on the session's wall, in UTC."""
        return self.ahead_of(session.local_start)


class Reminded(models.Model):
    """People were reminded so long before a session that starts then. Whoever gets a seat later is not.

    It does not matter by which rule: the one for all steps in where a session's own is deleted, and says nothing twice.
    """

    # The unique constraint's index serves look-ups by session.
    session = models.ForeignKey(Session, on_delete=models.CASCADE, db_index=False, related_name="reminded")
    before = models.DurationField()
    starts_at = models.DateTimeField()
    reminded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("sent reminder")
        verbose_name_plural = _("sent reminders")
        constraints = [
            models.UniqueConstraint(fields=["session", "starts_at", "before"], name="webinars_reminded_once"),
        ]

    def __str__(self) -> str:
        return f"{self.before} {self.session}"
