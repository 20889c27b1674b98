"""What operators decide about letters, and mail that waits to be sent."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.fields import EncryptedJSONField


class LetterOverride(models.Model):
    """An operator's words for one letter in one language, instead of the shipped ones.

    `subject` and `body` are plain text with `{{ placeholders }}` that the letter declares, and nothing else.
    """

    letter = models.CharField(_("letter"), max_length=60)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"), max_length=20_000)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("changed by")
    )
    updated_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        ordering = ["letter", "language"]
        constraints = [models.UniqueConstraint(fields=["letter", "language"], name="one_override_per_language")]

    def __str__(self) -> str:
        return f"{self.letter} ({self.language})"


class Suppression(models.Model):
    """An address that takes no letters, because its server said so for good. Lifting it is deleting the row."""

    email = models.CharField(_("e-mail address"), max_length=254, unique=True)
    reason = models.TextField(_("reason"))
    created_at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class StoredMail(models.Model):
    """A message of Django's own mail API (a password reset, for one), kept until a worker has sent it.

    `message` is {"sender", "recipients": [the one that this row is for], "mime": base64}, and {} once it was sent.
    """

    message = EncryptedJSONField(default=dict, blank=True)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("stored mail")
        verbose_name_plural = _("stored mails")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
