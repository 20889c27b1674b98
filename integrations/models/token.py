"""Keys that other systems call our API with."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

PREFIX = "mgq_"


def in_a_year() -> datetime:
    return timezone.now() + timedelta(days=365)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self) -> Self:
        owned = self.filter(owner__is_active=True, owner__is_staff=True)
        return owned.filter(revoked_at=None, expires_at__gt=timezone.now())


class ApiToken(models.Model):
    """A bearer token: shown once when it is made, kept as a digest. It can never do more than its owner may."""

    class Scope(models.TextChoices):
        READ = "read", _("read")
        OPERATE = "operate", _("operate: test, sync, replay")
        CONFIGURE = "configure", _("configure: settings and secrets")

    name = models.CharField(_("name"), max_length=100, help_text=_("Which system uses it."))
    scope = models.CharField(_("scope"), max_length=10, choices=Scope.choices, default=Scope.READ)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens", verbose_name=_("acts as")
    )
    start = models.CharField(_("begins with"), max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"), default=in_a_year)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """One of usable, idle (its owner may not log in), expired, revoked."""
        if self.revoked_at:
            return "revoked"
        if self.expires_at <= timezone.now():
            return "expired"
        return "usable" if self.owner.is_active and self.owner.is_staff else "idle"

    def covers(self, scope: Scope) -> bool:
        """Each scope includes those before it."""
        order = list(self.Scope)
        return order.index(scope) <= order.index(self.Scope(self.scope))

    def renew(self) -> str:
        """Give this token a new value, which is returned and never to be seen again."""
        value = PREFIX + secrets.token_urlsafe(32)
        self.start, self.digest = value[:8], digest(value)
        return value


def digest(value: str) -> str:
    """Enough for a value of 256 random bits: there is nothing to guess that a slow hash would protect."""
    return sha256(value.encode()).hexdigest()
