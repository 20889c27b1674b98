"""Rules about when people are reminded of what they agreed to; each app adds what its own are about."""

from datetime import UTC, datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

SLACK = timedelta(days=1)  # a day by the clock may take an hour more


class Rule(models.Model):
    """How long before a start people are reminded of it."""

    before = models.DurationField(_("how long before"))
    active = models.BooleanField(_("active"), default=True)
    # A rule says nothing about what was before it was made, activated, or made another one.
    counts_from = models.DateTimeField(_("counts from"), default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.before)

    def ahead_of(self, start: datetime) -> datetime:
        """Whole days go by the clock on the wall, which is that of `start`: summer time moves no reminder by an hour.

        In UTC.
        """
        days = timedelta(days=self.before.days)
        return (start - days).astimezone(UTC) - (self.before - days)

    def is_due(self, start: datetime, now: datetime, *, since: datetime | None) -> bool:
        """Neither a rule that is new or another one, nor what was agreed to or moved (`since`) later, reminds of what
        was due before that.
        """
        return max(self.counts_from, since or self.counts_from) <= self.ahead_of(start) <= now < start
