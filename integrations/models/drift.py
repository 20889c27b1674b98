"""What differs between us and another system though nothing is on its way: found by comparing, see `reconciliation`."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .integration import Connection


class DriftQuerySet(models.QuerySet["Drift"]):
    def open(self) -> Self:
        return self.filter(mended_at=None)

    def heeded(self) -> Self:
        """Those that wait for somebody."""
        return self.filter(mended_at=None, ignored_at=None)


class Drift(models.Model):
    """One thing that is not the same on both sides; at most one open row for each.

    `part` is the stretch of comparing that finds it, and closes it when it comes by and finds it no more. Where there
    is nothing of ours, the subject is "" and 0 and `reference` is their id. `here` and `there` are {field: text}.
    An ignored one is silent until its values change.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, verbose_name=_("connection"))
    part = models.CharField(max_length=300)
    kind = models.CharField(_("what differs"), max_length=40)
    subject_type = models.CharField(_("subject"), max_length=60, blank=True, default="")
    subject_id = models.BigIntegerField(_("subject id"), default=0)
    reference = models.CharField(_("id there"), max_length=300, blank=True, default="")
    url = models.URLField(_("link"), max_length=500, blank=True, default="")
    here = models.JSONField(_("here"), default=dict)
    there = models.JSONField(_("there"), default=dict)
    by_hand = models.BooleanField(_("mended by hand only"), default=False)
    found_at = models.DateTimeField(_("found"))
    last_seen_at = models.DateTimeField(_("last seen"))
    promised_at = models.DateTimeField(_("being mended since"), null=True, blank=True)
    mended_at = models.DateTimeField(_("agrees since"), null=True, blank=True)
    ignored_at = models.DateTimeField(_("ignored since"), null=True, blank=True)
    ignored_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("ignored by")
    )
    reason = models.TextField(_("reason"), blank=True, default="")

    objects = DriftQuerySet.as_manager()

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering = ["-found_at", "-id"]
        indexes = [
            models.Index(fields=["subject_type", "subject_id"], name="drift_subject"),
            models.Index(fields=["connection", "part"], name="drift_open", condition=Q(mended_at=None)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "subject_type", "subject_id", "reference"],
                condition=Q(mended_at=None),
                name="one_open_drift_per_thing",
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
