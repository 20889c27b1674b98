"""Which deliveries a replay took, and how they stood before."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from .delivery import Delivery
from .run import Run


class Replayed(models.Model):
    """One delivery that a run of kind "replay" promised again: as `version`, for `due_at`.

    `state` and `settled_at` are what they were, for who stops the replay before its turn comes. Goes with the log.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="replayed", verbose_name=_("replay"))
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="replays", verbose_name=_("delivery"))
    version = models.PositiveIntegerField()
    due_at = models.DateTimeField(_("due"))
    state = models.CharField(_("state"), max_length=10)
    settled_at = models.DateTimeField(_("settled"), null=True)

    class Meta:
        verbose_name = _("replayed delivery")
        verbose_name_plural = _("replayed deliveries")

    def __str__(self) -> str:
        return f"{self.run_id}: {self.delivery_id}"
