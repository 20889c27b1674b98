"""What is connected, and as whom."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from integrations.fields import EncryptedJSONField, Unreadable

USER = settings.AUTH_USER_MODEL  # before a field called `settings` hides the module
EVERYTHING = "*"  # in `blocked`: the whole connection, not one operation


class Integration(models.Model):
    """One row per service, made by `post_migrate`. `settings` is validated by the service's schema; no secrets."""

    slug = models.SlugField(_("name"), unique=True)
    enabled = models.BooleanField(_("enabled"), default=False)
    paused_at = models.DateTimeField(_("paused by an operator since"), null=True, blank=True)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    updated_by = models.ForeignKey(USER, models.SET_NULL, null=True, blank=True, verbose_name=_("changed by"))
    updated_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        verbose_name = _("integration")
        verbose_name_plural = _("integrations")
        ordering = ["slug"]
        permissions = [
            ("operate_integration", _("Can test, sync, pause and replay")),
            ("configure_integration", _("Can change settings and secrets")),
        ]

    def __str__(self) -> str:
        return self.slug

    @cached_property
    def own_connection(self) -> "Connection":
        """The one that the integration itself acts by, as it was when it was first asked for."""
        return self.connections.get(owner="")


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def in_use(self) -> Self:
        """Without accounts that were removed."""
        return self.filter(removed_at=None)

    def accounts(self) -> Self:
        """Further accounts, without the connection that each integration has of its own."""
        return self.in_use().exclude(owner="").order_by("owner")


class Connection(models.Model):
    """An account that we act as. Breaker and status live here, so one revoked account stops only itself.

    `secrets` of an account holds all that its schema adds to the integration's settings. An account that was removed
    keeps its row, without secrets, because its deliveries are history; configuring the owner again revives it.
    Written by `update()` of single columns everywhere, because several workers write at once.
    """

    class Status(models.TextChoices):
        UNKNOWN = "unknown", _("not tried yet")
        HEALTHY = "healthy", _("healthy")
        FAILING = "failing", _("failing")
        MISCONFIGURED = "misconfigured", _("needs a human")

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="connections")
    owner = models.CharField(_("owner"), max_length=100, blank=True, default="")
    secrets = EncryptedJSONField(_("secrets"), default=dict, blank=True)
    expires_at = models.DateTimeField(_("credentials expire"), null=True, blank=True)
    rotated_at = models.DateTimeField(_("secrets changed"), null=True, blank=True)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)
    memory = models.JSONField(default=dict, blank=True)  # what the other side told us and rarely changes
    book = models.CharField(max_length=300, blank=True, default="")  # the system that our external records are in
    report = models.JSONField(_("result of the last test"), default=dict, blank=True)
    tested_at = models.DateTimeField(_("last test"), null=True, blank=True)

    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    blocked = models.JSONField(_("blocked operations"), default=list, blank=True)
    status = models.CharField(_("status"), max_length=20, choices=Status.choices, default=Status.UNKNOWN)
    status_since = models.DateTimeField(_("since"), default=timezone.now)
    last_success_at = models.DateTimeField(_("last good call"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True, default="")
    last_error_at = models.DateTimeField(_("last error at"), null=True, blank=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        constraints = [models.UniqueConstraint(fields=["integration", "owner"], name="one_connection_per_owner")]

    def __str__(self) -> str:
        return f"{self.integration_id}:{self.owner}" if self.owner else str(self.integration_id)

    @property
    def must_reenter_secrets(self) -> bool:
        """No key of FERNET_KEYS opens what is stored."""
        return isinstance(self.secrets, Unreadable)

    def is_blocked(self, operation: str) -> bool:
        return EVERYTHING in self.blocked or operation in self.blocked
