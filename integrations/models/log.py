"""What was said to the outside: a row per call, and sums per hour that outlive the rows."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations import durations

from .integration import Connection, Integration


class IntegrationLog(models.Model):
    """One call, or one change by an operator. No bodies, no secrets, no e-mail addresses; pruned after KEEP_LOG_DAYS.

    Its indexes serve the admin's filters and end in the list's order. Three are met by every call, the others hold only
    the few rows that somebody looks for.
    """

    class Status(models.TextChoices):
        OK = "ok", _("ok")
        ERROR = "error", _("error")

    integration = models.ForeignKey(Integration, models.CASCADE, db_index=False, verbose_name=_("integration"))
    connection = models.ForeignKey(Connection, models.SET_NULL, null=True, db_index=False, verbose_name=_("connection"))
    operation = models.CharField(_("operation"), max_length=60)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    error_kind = models.CharField(_("error"), max_length=20, blank=True, default="")
    started_at = models.DateTimeField(_("started"), db_index=True)
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), default=0)
    trigger = models.CharField(_("set off by"), max_length=20)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, verbose_name=_("user")
    )
    size = models.PositiveIntegerField(_("records"), null=True)
    message = models.TextField(_("message"), blank=True, default="")
    metadata = models.JSONField(_("details"), default=dict, blank=True)

    class Meta:
        verbose_name = _("log entry")
        verbose_name_plural = _("log entries")
        ordering = ["-started_at", "-id"]
        indexes = [
            models.Index(fields=["integration", "-started_at"], name="log_by_integration"),
            models.Index(fields=["operation", "-started_at"], name="log_by_operation"),
            models.Index(fields=["error_kind", "-started_at"], name="log_errors", condition=~models.Q(error_kind="")),
            models.Index(
                fields=["-started_at", "duration_ms", "operation"],
                name="log_slow",
                condition=models.Q(duration_ms__gte=1000),
            ),
            models.Index(
                fields=["trigger", "-started_at"], name="log_by_trigger", condition=~models.Q(trigger="delivery")
            ),
            models.Index(fields=["actor", "-started_at"], name="log_by_actor", condition=models.Q(actor__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class HourlyStat(models.Model):
    """Calls of one operation in one hour (UTC): how many, how many failed, how long they took.

    Each call that ended is counted once, so that the sums equal the log's rows. `duration_ms` is of all together;
    `buckets` says how many took how long, in the slots of `durations`, and is all zeros in rows from before it was
    kept. What is old is one row a day, at midnight: see `retention`.
    """

    integration = models.ForeignKey(Integration, models.CASCADE)
    operation = models.CharField(max_length=60)
    hour = models.DateTimeField()
    calls = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    duration_ms = models.PositiveBigIntegerField(default=0)
    buckets = ArrayField(models.IntegerField(), default=durations.none)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "operation", "hour"], name="one_stat_per_hour")]
        indexes = [models.Index(fields=["hour"], name="stat_by_hour")]

    def __str__(self) -> str:
        return f"{self.operation} {self.hour:%Y-%m-%d %H}h"


class HourlyLoad(models.Model):
    """Deliveries of one integration in one hour (UTC), looked at every few minutes; see `load`.

    `delivered` is how many arrived in that hour; `waiting`, `dead` and `oldest_seconds` (the age of what had waited
    longest) are the worst that was seen in it.
    """

    integration = models.ForeignKey(Integration, models.CASCADE, db_index=False)
    hour = models.DateTimeField(db_index=True)
    delivered = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    dead = models.PositiveIntegerField(default=0)
    oldest_seconds = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "hour"], name="one_load_per_hour")]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.hour:%Y-%m-%d %H}h"
