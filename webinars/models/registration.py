"""Who comes."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leads.addresses import FORGOTTEN_DOMAIN, validate_address
from leads.clocks import validate_zone
from leads.models import Lead
from webinars.models.session import Session

# What people tell about themselves. Their address is not among it: it is what a registration is known by.
DETAILS = ("first_name", "last_name", "company", "phone", "language", "zone")


class Registration(models.Model):
    """One person in one session, whatever became of it. Written by `webinars.actions` only."""

    class Status(models.TextChoices):
        PENDING_PAYMENT = "pending_payment", _("Payment pending")
        CONFIRMED = "confirmed", _("Confirmed")
        WAITLISTED = "waitlisted", _("On the waiting list")
        OFFERED = "offered", _("Seat offered")
        CANCELLED = "cancelled", _("Cancelled")
        EXPIRED = "expired", _("Expired")
        ATTENDED = "attended", _("Attended")
        NO_SHOW = "no_show", _("Did not come")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # The unique constraints' indexes serve look-ups by session.
    session = models.ForeignKey(
        Session,
        verbose_name=_("session"),
        on_delete=models.PROTECT,
        related_name="registrations",
        db_index=False,
    )
    lead = models.ForeignKey(Lead, verbose_name=_("lead"), on_delete=models.PROTECT, related_name="registrations")
    # The order in which people came, per session: who registers again after cancelling comes last.
    number = models.PositiveIntegerField(_("number"), editable=False)
    first_name = models.CharField(_("first name"), max_length=100)
    last_name = models.CharField(_("last name"), max_length=100)
    email = models.CharField(_("e-mail address"), max_length=254, validators=[validate_address])
    company = models.CharField(_("company"), max_length=200, blank=True)
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    language = models.CharField(_("language"), max_length=8, choices=Lead.Language, blank=True)
    zone = models.CharField(_("time zone"), max_length=64, blank=True, validators=[validate_zone])
    status = models.CharField(_("status"), max_length=15, choices=Status)
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)
    terms_version = models.CharField(_("version of the terms"), max_length=20, blank=True)
    terms_accepted_at = models.DateTimeField(_("terms accepted at"), null=True, blank=True)
    registered_at = models.DateTimeField(_("registered at"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        ordering = ["session", "number"]
        indexes = [
            models.Index(
                fields=["held_until"], name="webinars_registration_held", condition=Q(held_until__isnull=False)
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["session", "lead"], name="webinars_registration_lead"),
            models.UniqueConstraint(fields=["session", "email"], name="webinars_registration_email"),
            models.UniqueConstraint(fields=["session", "number"], name="webinars_registration_number"),
            models.CheckConstraint(
                condition=Q(status__in=["pending_payment", "offered"], held_until__isnull=False)
                | Q(~Q(status__in=["pending_payment", "offered"]), held_until__isnull=True),
                name="webinars_registration_held_until",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_forgotten(self) -> bool:
        return self.email.endswith(FORGOTTEN_DOMAIN)

    @property
    def is_over(self) -> bool:
        """Whether the person gave up the seat, or lost it."""
        return self.status in OVER

    def anonymise(self) -> None:
        """Take everything personal out of this object; saving is up to the caller."""
        for detail in DETAILS:
            setattr(self, detail, "")
        self.email = f"forgotten-{self.uuid}{FORGOTTEN_DOMAIN}"


Status = Registration.Status
HELD = frozenset({Status.PENDING_PAYMENT, Status.OFFERED})  # until `held_until`
SEATED = frozenset({Status.CONFIRMED, Status.ATTENDED, Status.NO_SHOW})
TAKEN = HELD | SEATED  # these take up a seat
OVER = frozenset({Status.CANCELLED, Status.EXPIRED})
OPEN = HELD | {Status.CONFIRMED, Status.WAITLISTED}  # the session is still ahead for these
