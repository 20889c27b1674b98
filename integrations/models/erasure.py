"""The proof that somebody was forgotten: where, what, and when; not who."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .delivery import Delivery

OURS = "magnetiq"  # the system of what was done right here
OWN_ROWS: dict[str, Promise] = {
    "leads": _("name, address and details"),
    "touchpoints": _("requests, messages and campaigns"),
    "consents": _("consents"),
    "registrations": _("registrations for webinars"),
    "bookings": _("consultations"),
    "payments": _("payments (sums, kept for the tax office)"),
    "promises": _("letters and messages that waited"),
    "records": _("what was sent to other systems"),
    "drifts": _("differences from other systems"),
    "log_entries": _("history in the admin"),
    "stored_mails": _("mails that waited"),
    "suppressions": _("entry among suppressed addresses"),
    "webhook_events": _("webhooks that came in"),
}


class Erasure(models.Model):
    """One wish to be forgotten. `digest` (HMAC of the address) lets us answer who asks by address, and nobody else.

    `other_digests` are those of the addresses that the person had besides.
    """

    class Via(models.TextChoices):
        COMMAND = "command", _("Command")
        ADMIN = "admin", _("Admin")
        VISITOR = "visitor", _("By the person")

    reference = models.UUIDField(_("reference"), default=uuid.uuid4, unique=True, editable=False)
    digest = models.CharField(max_length=64, db_index=True)
    other_digests = ArrayField(models.CharField(max_length=64), default=list, editable=False)
    via = models.CharField(_("asked for"), max_length=10, choices=Via)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("user"))
    requested_at = models.DateTimeField(_("asked at"), default=timezone.now)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        ordering = ["-requested_at", "-id"]

    def __str__(self) -> str:
        return str(self.reference)


class ErasureItem(models.Model):
    """One line of the certificate. `delivery` keeps the promise where it is another system's; open until `done_at`.

    `system` is OURS, and `what` one of OWN_ROWS; or an integration's slug and the operation.
    """

    erasure = models.ForeignKey(Erasure, models.CASCADE, related_name="items")
    system = models.CharField(_("system"), max_length=100)
    what = models.CharField(_("what"), max_length=200)
    number = models.PositiveIntegerField(_("how many"), default=1)
    delivery = models.ForeignKey(Delivery, models.SET_NULL, null=True, blank=True, verbose_name=_("delivery"))
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.system}: {self.what}"

    @property
    def is_given_up(self) -> bool:
        """Somebody cancelled the promise, or its time was over: nobody has told the other system."""
        promise = self.delivery
        return promise is not None and (
            promise.state == Delivery.State.EXPIRED
            or (promise.state == Delivery.State.CANCELLED and promise.error_kind != "obsolete")
        )
