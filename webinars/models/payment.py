"""What was paid for a registration, and what went back. Kept when the person is forgotten: the tax office wants it."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from webinars.models.registration import Registration
from webinars.models.topic import MONEY, validate_currency


class PaymentQuerySet(models.QuerySet["Payment"]):
    def open(self) -> "PaymentQuerySet":
        """Money may still come of these."""
        return self.filter(status__in=OPEN)

    def paid(self) -> "PaymentQuerySet":
        """We have, or had, the money of these."""
        return self.filter(succeeded_at__isnull=False)


class Payment(models.Model):
    """One try to pay for a registration. Amount and currency of a row never change. Written by actions only.

    `failed`: this try was declined, and the payer may try again. What the provider says is applied by
    `actions.report` alone.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        PROCESSING = "processing", _("Processing")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        PARTIALLY_REFUNDED = "partially_refunded", _("Partially refunded")
        REFUNDED = "refunded", _("Refunded")
        DISPUTED = "disputed", _("Disputed")

    class Notice(models.TextChoices):
        """What an operator should look at, and has not yet."""

        MISMATCH = "mismatch", _("Differs from what was asked for")
        DISPUTE = "dispute", _("Disputed")
        SEAT_LOST = "seat_lost", _("Paid when the seat was gone")
        REFUND_FAILED = "refund_failed", _("A refund failed")
        ANOTHER = "another", _("Paid once more at the provider")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    registration = models.ForeignKey(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.PROTECT,
        related_name="payments",
        db_index=False,  # the unique constraint's index serves
    )
    number = models.PositiveIntegerField(_("try"), default=1, editable=False)
    amount = models.DecimalField(_("amount"), **MONEY)
    currency = models.CharField(_("currency"), max_length=3, validators=[validate_currency])
    vat_rate = models.DecimalField(
        _("VAT in percent"),
        max_digits=4,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(99)],
    )
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.PENDING)
    provider_id = models.CharField(_("payment at the provider"), max_length=255, blank=True)
    refunded = models.DecimalField(_("refunded"), **MONEY)
    failure = models.TextField(_("why it failed"), blank=True)  # in the provider's words, for the payer
    succeeded_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    receipt_number = models.CharField(_("receipt number"), max_length=20, null=True, blank=True, unique=True)
    # How the provider's payment differs from this one, in words for an operator; such money confirms nothing.
    problem = models.TextField(_("problem"), blank=True)
    notice = models.CharField(_("to be looked at"), max_length=20, choices=Notice, blank=True)
    abandoned_at = models.DateTimeField(null=True, blank=True, editable=False)  # when the provider was asked to stop it
    asked = models.BigIntegerField(default=0, editable=False)  # how many tickets `actions.ask` has given out
    reported = models.BigIntegerField(default=0, editable=False)  # that of the last report that was applied
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-created_at", "-id"]
        permissions = [("refund_payment", _("Can refund payments")), ("export_payment", _("Can export payments"))]
        indexes = [
            models.Index(fields=["notice"], name="webinars_payment_notice", condition=~Q(notice="")),
            models.Index(fields=["succeeded_at"], name="webinars_payment_succeeded"),
            models.Index(fields=["created_at"], name="webinars_payment_created"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="webinars_payment_amount"),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("amount")), name="webinars_payment_refunded"
            ),
            models.UniqueConstraint(
                fields=["provider_id"], condition=~Q(provider_id=""), name="webinars_payment_provider_id"
            ),
            models.UniqueConstraint(fields=["registration", "number"], name="webinars_payment_number"),
            models.UniqueConstraint(
                fields=["registration"],
                condition=Q(status__in=["pending", "processing", "failed"]),
                name="webinars_payment_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def has_money(self) -> bool:
        """Whether we hold something of it that nobody disputes."""
        return self.status in (Status.SUCCEEDED, Status.PARTIALLY_REFUNDED)

    @property
    def is_returned(self) -> bool:
        """Whether all of it went back."""
        return self.refunded == self.amount > 0

    @property
    def gave_seat(self) -> bool:
        """Whether it is this payment's money that the registration's seat was given for."""
        return self.succeeded_at is not None and self.succeeded_at == self.registration.confirmed_at

    @property
    def given_back(self) -> Decimal:
        """What went back, or is on its way."""
        given = self.refunds.filter(status__in=GIVEN).aggregate(sum=Sum("amount"))["sum"]
        return given or Decimal(0)

    @property
    def left(self) -> Decimal:
        """What can still go back."""
        return self.amount - self.given_back if self.has_money else Decimal(0)


Status = Payment.Status
OPEN = frozenset({Status.PENDING, Status.PROCESSING, Status.FAILED})


class Refund(models.Model):
    """Money that goes back, or went. `provider_id` is empty until the provider knows of it."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    class Reason(models.TextChoices):
        CANCELLED_BY_CLIENT = "cancelled_by_client", _("Cancelled by the client")
        SESSION_CANCELLED = "session_cancelled", _("Session cancelled")
        LOST_SEAT = "lost_seat", _("Paid when the seat was gone")
        PAID_TWICE = "paid_twice", _("Paid twice")
        BY_OPERATOR = "by_operator", _("By an operator")
        AT_PROVIDER = "at_provider", _("Made at the provider")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    payment = models.ForeignKey(Payment, verbose_name=_("payment"), on_delete=models.PROTECT, related_name="refunds")
    amount = models.DecimalField(_("amount"), **MONEY)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    provider_id = models.CharField(_("refund at the provider"), max_length=255, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("requested by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    note = models.TextField(_("note"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created at"))
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    # By a bank that had no account for it (any more): since then the money is with us again.
    returned_at = models.DateTimeField(_("sent back at"), null=True, blank=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="webinars_refund_amount"),
            models.UniqueConstraint(
                fields=["provider_id"], condition=~Q(provider_id=""), name="webinars_refund_provider_id"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.payment.currency}"


GIVEN = frozenset({Refund.Status.PENDING, Refund.Status.SUCCEEDED})  # these are taken off what can still go back


class ReceiptCounter(models.Model):
    """The last receipt number of a year; its row is locked while the next one is given out, so that none is missing."""

    year = models.PositiveIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("receipt counter")
        verbose_name_plural = _("receipt counters")

    def __str__(self) -> str:
        return f"{self.year}-{self.last:06d}"
