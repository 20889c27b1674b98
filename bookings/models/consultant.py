"""Who can be met, and when they work."""

import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

import holidays
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from leads.addresses import validate_address
from leads.clocks import default_zone, validate_zone
from leads.models import Lead

A_DAY = 24 * 60  # minutes
RESERVED_SLUGS = ("any", "embed")  # have a meaning in the addresses of the pages


class MeetingType(models.TextChoices):
    VIDEO = "video", _("Video call")
    PHONE = "phone", _("Phone call")
    IN_PERSON = "in_person", _("In person")


def default_minutes() -> list[int]:
    return [30, 60]


def default_meeting_types() -> list[str]:
    return [str(MeetingType.VIDEO), str(MeetingType.PHONE)]


def validate_country(place: str) -> None:
    """As ISO 3166 names countries, or a part of one: "DE", "DE-BE"."""
    country, _dash, part = place.partition("-")
    known = holidays.list_supported_countries()
    if country not in known or (part and part not in known[country]):
        raise ValidationError(_("Please enter a country such as DE, or a part of one such as DE-BE."), code="invalid")


class ConsultantQuerySet(models.QuerySet["Consultant"]):
    def active(self) -> "ConsultantQuerySet":
        return self.filter(active=True)


class Consultant(models.Model):
    """Somebody whose time can be booked. Days, hours and limits are those of `zone`."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=100, unique=True)
    email = models.CharField(_("e-mail address"), max_length=254, validators=[validate_address])
    title = models.CharField(_("title"), max_length=200, blank=True)
    biography = models.TextField(_("biography"), blank=True)
    photo = models.ImageField(_("photo"), upload_to="consultants/", blank=True)
    zone = models.CharField(_("time zone"), max_length=64, default=default_zone, validators=[validate_zone])
    language = models.CharField(
        _("language"),
        max_length=8,
        choices=Lead.Language,
        blank=True,
        help_text=_("Of our letters to the consultant. Empty: this site's own."),
    )
    active = models.BooleanField(_("can be booked"), default=True)

    busy_calendars = ArrayField(
        models.CharField(max_length=254),
        verbose_name=_("calendars to look into"),
        default=list,
        blank=True,
        help_text=_("Whoever is busy in one of these cannot be booked then."),
    )
    calendar = models.CharField(
        _("calendar to write to"), max_length=254, blank=True, help_text=_("Empty: the first of those.")
    )
    minutes = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(5), MaxValueValidator(A_DAY)]),
        verbose_name=_("lengths in minutes"),
        default=default_minutes,
    )
    meeting_types = ArrayField(
        models.CharField(max_length=10, choices=MeetingType),
        verbose_name=_("ways to meet"),
        default=default_meeting_types,
    )
    place = models.CharField(_("place of meetings in person"), max_length=300, blank=True)
    step_minutes = models.PositiveSmallIntegerField(
        _("meetings begin every (minutes)"), default=30, validators=[MinValueValidator(5), MaxValueValidator(A_DAY)]
    )
    before_minutes = models.PositiveSmallIntegerField(
        _("kept empty before (minutes)"), default=0, validators=[MaxValueValidator(A_DAY)]
    )
    after_minutes = models.PositiveSmallIntegerField(
        _("kept empty after (minutes)"), default=0, validators=[MaxValueValidator(A_DAY)]
    )
    notice_hours = models.PositiveSmallIntegerField(_("bookable until (hours before)"), default=24)
    horizon_days = models.PositiveSmallIntegerField(
        _("bookable from (days before)"), default=60, validators=[MinValueValidator(1), MaxValueValidator(366)]
    )
    change_hours = models.PositiveSmallIntegerField(_("clients may move and cancel until (hours before)"), default=24)
    per_day = models.PositiveSmallIntegerField(
        _("bookings a day"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: no limit.")
    )
    per_week = models.PositiveSmallIntegerField(
        _("bookings a week"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: no limit.")
    )
    holidays = models.CharField(
        _("public holidays of"),
        max_length=10,
        blank=True,
        validators=[validate_country],
        help_text=_("A country such as DE, or a part of one such as DE-BE. Empty: works on holidays."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    # modeltranslation swaps the manager's class at run time, which the type checker cannot follow.
    objects = ConsultantQuerySet.as_manager()  # type: ignore[django-manager-missing]

    class Meta:
        verbose_name = _("consultant")
        verbose_name_plural = _("consultants")
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__len__gte=1),
                name="bookings_consultant_minutes",
                violation_error_message=_("Please enter at least one length."),
            ),
            models.CheckConstraint(condition=Q(step_minutes__gte=1), name="bookings_consultant_step"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.slug in RESERVED_SLUGS:
            raise ValidationError({"slug": _("Please choose another one: our pages use this word themselves.")})

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def before(self) -> timedelta:
        """Kept empty before each meeting."""
        return timedelta(minutes=self.before_minutes)

    @property
    def after(self) -> timedelta:
        return timedelta(minutes=self.after_minutes)

    @property
    def calendars(self) -> list[str]:
        """All that we look into, each once: what we write to is one of them."""
        return list(dict.fromkeys([*self.busy_calendars, *([self.calendar] if self.calendar else [])]))


class WorkingHours(models.Model):
    """Every week, by the clock on the consultant's wall."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    consultant = models.ForeignKey(Consultant, models.CASCADE, verbose_name=_("consultant"), related_name="hours")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    start = models.TimeField(_("from"))
    end = models.TimeField(_("to"), help_text=_("0:00 is midnight, the end of the day."))

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ["weekday", "start"]
        constraints = [
            models.CheckConstraint(
                condition=Q(end__gt=F("start")) | Q(end="00:00"),
                name="bookings_workinghours_order",
                violation_error_message=_("Work must begin before it ends."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M}"


class TimeOff(models.Model):
    """A stretch of time in which nobody can book."""

    consultant = models.ForeignKey(Consultant, models.CASCADE, verbose_name=_("consultant"), related_name="time_off")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("time off")
        verbose_name_plural = _("time off")
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="bookings_timeoff_order",
                violation_error_message=_("Time off must begin before it ends."),
            ),
        ]

    def __str__(self) -> str:
        return self.note or f"{self.starts_at:%Y-%m-%d}"
