"""What a webinar is about."""

import uuid
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from webinars.money import rounded

MONEY: dict[str, Any] = {
    "max_digits": 10,
    "decimal_places": 2,
    "default": Decimal(0),
    "validators": [MinValueValidator(0)],
}
validate_currency = RegexValidator(r"^[A-Z]{3}$", _("Please enter a currency by its three letters, such as EUR."))


def default_currency() -> str:
    return str(settings.DEFAULT_CURRENCY)


def validate_coins(field: str, price: Decimal | None, currency: str) -> None:
    """No price may have parts of the smallest coin: nobody could pay it. Raises ValidationError at that field."""
    if price is not None and price != rounded(price, currency):
        raise ValidationError({field: _("This currency has no coins for this price.")})


class TopicQuerySet(models.QuerySet["Topic"]):
    def active(self) -> "TopicQuerySet":
        return self.filter(status=Topic.Status.ACTIVE)


class Topic(models.Model):
    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        ARCHIVED = "archived", _("Archived")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(_("title"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    category = models.CharField(_("category"), max_length=100, blank=True)
    code = models.CharField(_("code"), max_length=64, blank=True)
    default_price = models.DecimalField(_("usual price"), **MONEY)
    currency = models.CharField(_("currency"), max_length=3, default=default_currency, validators=[validate_currency])
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ACTIVE)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    # modeltranslation swaps the manager's class at run time, which the type checker cannot follow.
    objects = TopicQuerySet.as_manager()  # type: ignore[django-manager-missing]

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["title", "id"]
        constraints = [models.CheckConstraint(condition=Q(default_price__gte=0), name="webinars_topic_price")]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        validate_coins("default_price", self.default_price, self.currency)
