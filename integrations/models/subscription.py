"""Who of the staff is written to, and of what."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


def firm_language() -> str:
    return str(settings.LANGUAGE_CODE)


class AlertSubscription(models.Model):
    """What one member of staff asked to be told of; without a row, nothing. The ADMINS are told in any case.

    Nobody is told of what he may not see, whatever he ticks.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="alerts", verbose_name=_("user"))
    outages = models.BooleanField(
        _("outages"), default=True, help_text=_("When an integration does not work, and when it works again.")
    )
    matters = models.BooleanField(
        _("single matters"),
        default=True,
        help_text=_("Such as a disputed payment, or a booking that was deleted in the calendar."),
    )
    escalations = models.BooleanField(
        _("what nobody took note of"),
        default=False,
        help_text=_("Once more, when an alert was left lying for too long."),
    )
    digest = models.BooleanField(
        _("morning letter"),
        default=False,
        help_text=_("Each morning what needs somebody; none when nothing does."),
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=settings.LANGUAGES,
        default=firm_language,
        help_text=_("Of these letters."),
    )

    class Meta:
        verbose_name = _("subscription to alerts")
        verbose_name_plural = _("subscriptions to alerts")

    def __str__(self) -> str:
        return str(self.user)
