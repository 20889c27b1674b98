"""One outage, from first notice to all-clear."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .integration import Connection


class Incident(models.Model):
    """At most one open per connection, so that an outage of a weekend is one alert and one all-clear."""

    connection = models.ForeignKey(Connection, models.CASCADE, verbose_name=_("connection"))
    summary = models.TextField(_("summary"))
    opened_at = models.DateTimeField(_("opened"))
    alerted_at = models.DateTimeField(_("alerted"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=models.Q(closed_at=None),
                name="one_open_incident_per_connection",
            )
        ]

    def __str__(self) -> str:
        return self.summary
