"""The inbox: what the outside told us, stored before it is acted upon."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.fields import EncryptedJSONField

from .integration import Integration


class WebhookEvent(models.Model):
    """A verified event. (integration, event_id) is unique, so a repeated one is stored once. Erased after a time.

    The subject, as a delivery's, is known once a worker has looked what the event is about; "" and 0 until then.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        PROCESSED = "processed", _("processed")
        IGNORED = "ignored", _("ignored")
        FAILED = "failed", _("failed")

    integration = models.ForeignKey(Integration, models.CASCADE, db_index=False, verbose_name=_("integration"))
    event_id = models.CharField(_("event"), max_length=255)
    type = models.CharField(_("type"), max_length=100)
    payload = EncryptedJSONField(_("payload"), default=dict)
    # The database knows the defaults as well: `inbox.accept` names no column that it has nothing to say about.
    subject_type = models.CharField(_("subject"), max_length=60, blank=True, default="", db_default="")
    subject_id = models.BigIntegerField(_("subject id"), default=0, db_default=0)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RECEIVED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.TextField(_("reason"), blank=True, default="")
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        constraints = [models.UniqueConstraint(fields=["integration", "event_id"], name="one_row_per_event")]
        indexes = [
            models.Index(fields=["-received_at"], name="inbox_latest"),
            models.Index(fields=["due_at"], name="inbox_due", condition=models.Q(state="received")),
            models.Index(
                fields=["subject_type", "subject_id"], name="inbox_subject", condition=models.Q(subject_id__gt=0)
            ),
            models.Index(fields=["integration"], name="inbox_failed", condition=models.Q(state="failed")),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
