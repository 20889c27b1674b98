"""The outbox: every promise to the outside is one row, written in the transaction that made it."""

from datetime import timedelta
from typing import Any, Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models, transaction
from django.db.models.functions import Random
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.errors import CONNECTION_KINDS

from .integration import Connection, Integration
from .log import IntegrationLog

ONCE = ":once:"  # in the key of what was promised for one occasion
RELEASE_SPREAD = timedelta(seconds=5)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def waiting(self) -> Self:
        return self.filter(state__in=[Delivery.State.PENDING, Delivery.State.IN_FLIGHT])

    @transaction.atomic
    def update_in_order(self, **columns: Any) -> int:
        """`update`, locking rows in the order in which everybody locks deliveries, so that nobody deadlocks."""
        rows = self.order_by("key").select_for_update(of=("self",)).values("pk")
        return self.filter(pk__in=rows).update(**columns)

    def dead(self) -> Self:
        return self.filter(state=Delivery.State.DEAD)

    def repeatable(self) -> Self:
        """What can be promised again: what is in flight goes out anyway, and a letter that came must not come twice."""
        wanted_once = models.Q(state=Delivery.State.DELIVERED, key__contains=ONCE)
        return self.exclude(state=Delivery.State.IN_FLIGHT).exclude(wanted_once)

    def release(self) -> int:
        """Make rows that waited for their connection due now, spread over a few seconds.

        Those to which a replay gave their turn keep it.
        """
        kinds = [*CONNECTION_KINDS, "ambiguous"]
        in_turn = Delivery.objects.filter(pk=models.OuterRef("pk"), replays__due_at=models.OuterRef("due_at"))
        held = self.filter(state=Delivery.State.PENDING, error_kind__in=kinds).exclude(models.Exists(in_turn))
        return held.update_in_order(due_at=timezone.now() + Random() * RELEASE_SPREAD)

    def replay(self) -> int:
        """Promise again, with current data and settings, what can be; waiting rows become due at once."""
        return self.repeatable().update_in_order(
            state=Delivery.State.PENDING,
            version=models.F("version") + 1,
            due_at=timezone.now(),
            failures=0,
            crashes=0,
            settled_at=None,
        )

    def cancel(self, reason: str | None = None) -> int:
        """Give up what waits or is dead; what is in flight is past recall. Without a `reason`, theirs stays."""
        open_rows = self.filter(state__in=[Delivery.State.PENDING, Delivery.State.DEAD])
        told = {} if reason is None else {"error_kind": "", "error": reason}
        return open_rows.update_in_order(state=Delivery.State.CANCELLED, settled_at=timezone.now(), **told)

    def abandon(self) -> int:
        """Give up what is promised to accounts that were removed meanwhile, or a moment before."""
        removed = list(Connection.objects.exclude(removed_at=None).values_list("pk", flat=True))
        return self.filter(connection__in=removed).cancel(str(_("The account was removed."))) if removed else 0

    def expire(self) -> int:
        """Close rows whose time is over: nobody wants a reminder after the event."""
        overdue = self.filter(state=Delivery.State.PENDING, expires_at__lte=timezone.now())
        return overdue.update_in_order(state=Delivery.State.EXPIRED, settled_at=timezone.now())


class Delivery(models.Model):
    """One promise. `key` says which: asking twice for the same thing finds the same row.

    All times come from `timezone.now()`, never from SQL, so that tests can travel in time.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        IN_FLIGHT = "in_flight", _("in flight")
        DELIVERED = "delivered", _("delivered")
        DEAD = "dead", _("dead")
        EXPIRED = "expired", _("expired")
        CANCELLED = "cancelled", _("cancelled")

    key = models.CharField(_("key"), max_length=300, unique=True)
    integration = models.ForeignKey(Integration, models.PROTECT, db_index=False, verbose_name=_("integration"))
    connection = models.ForeignKey(Connection, models.PROTECT, verbose_name=_("connection"))
    operation = models.CharField(_("operation"), max_length=60)
    subject_type = models.CharField(_("subject"), max_length=60)
    subject_id = models.BigIntegerField(_("subject id"))
    priority = models.SmallIntegerField(_("priority"), default=10)
    version = models.PositiveIntegerField(_("version"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    failures = models.PositiveSmallIntegerField(_("failures"), default=0)
    crashes = models.PositiveSmallIntegerField(_("crashes"), default=0)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    error_kind = models.CharField(_("error"), max_length=20, blank=True, default="")
    error = models.TextField(_("reason"), blank=True, default="")
    created_at = models.DateTimeField(_("promised"), default=timezone.now)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(
                fields=["connection", "operation", "priority", "due_at"],
                name="delivery_claim",
                condition=models.Q(state="pending"),
            ),
            models.Index(fields=["leased_until"], name="delivery_reap", condition=models.Q(state="in_flight")),
            models.Index(fields=["subject_type", "subject_id"], name="delivery_subject"),
            models.Index(fields=["integration", "state", "created_at"], name="delivery_list"),
            models.Index(fields=["created_at", "id"], name="delivery_oldest"),
            models.Index(
                fields=["integration", "error_kind", "created_at"],
                name="delivery_dead",
                condition=models.Q(state="dead"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def is_once(self) -> bool:
        """Promised for one occasion: what came must not come twice by itself."""
        return ONCE in self.key

    @property
    def occasion(self) -> str:
        return self.key.partition(ONCE)[2]

    @property
    def is_repeatable(self) -> bool:
        """See `DeliveryQuerySet.repeatable`."""
        delivered_once = self.state == self.State.DELIVERED and self.is_once
        return self.state != self.State.IN_FLIGHT and not delivered_once


class Attempt(models.Model):
    """What one call meant for one delivery; a batch of 200 is one log row and 200 of these."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="tries")
    number = models.PositiveIntegerField(_("number"))
    at = models.DateTimeField(_("when"))
    duration_ms = models.PositiveIntegerField(_("duration (ms)"))
    outcome = models.CharField(_("outcome"), max_length=20)  # delivered, or the kind of error
    error = models.TextField(_("reason"), blank=True, default="")
    log = models.ForeignKey(IntegrationLog, models.SET_NULL, null=True, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["number"]
        # Rows come in the order of their times: an index of a few kB finds an hour, or what is past its time.
        indexes = [BrinIndex(fields=["at"], name="attempt_by_time", autosummarize=True)]

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"
