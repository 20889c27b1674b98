"""One trouble, from first notice to all-clear: an outage, or a single matter such as a disputed payment."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Model, Q
from django.utils.translation import gettext_lazy as _

from .integration import Connection

OUTAGE = "outage"
UNHEALTHY = "unhealthy"  # it answers, but too slowly, or too often not
LASTING = (OUTAGE, UNHEALTHY)  # over by themselves, whoever has taken note


class IncidentQuerySet(models.QuerySet["Incident"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def untold(self) -> Self:
        """Nobody was alerted, though the integration is in use, and nobody has noticed by himself."""
        in_use = self.filter(connection__integration__enabled=True, connection__removed_at=None)
        return in_use.open().filter(alerted_at=None, acknowledged_at=None)

    def about(self, subject: Model) -> Self:
        return self.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)


class Incident(models.Model):
    """At most one open per connection, kind and subject, so that an outage of a weekend is one alert and one all-clear.

    Kinds are told apart in `integrations.incidents`. Outages and illness have no subject: "" and 0.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, verbose_name=_("connection"))
    kind = models.CharField(_("kind"), max_length=40, default=OUTAGE)
    subject_type = models.CharField(_("subject"), max_length=60, blank=True, default="")
    subject_id = models.BigIntegerField(_("subject id"), default=0)
    summary = models.TextField(_("summary"))
    opened_at = models.DateTimeField(_("opened"))
    alerted_at = models.DateTimeField(_("alerted"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    escalated_at = models.DateTimeField(_("escalated"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    # Of an outage that is over, what it held up: see `integrations.waited`.
    waited = models.JSONField(_("what waited"), default=dict, blank=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-opened_at"]
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="incident_subject")]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "subject_type", "subject_id"],
                condition=Q(closed_at=None),
                name="one_open_incident_per_matter",
            )
        ]

    def __str__(self) -> str:
        return self.summary
