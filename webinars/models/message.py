"""What operators write to everybody who has a seat."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from webinars.models.session import Session


class Message(models.Model):
    """In both languages; each person gets the one that they read. Written once, never changed."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    session = models.ForeignKey(Session, verbose_name=_("session"), on_delete=models.PROTECT, related_name="messages")
    subject_en = models.CharField(_("subject (English)"), max_length=200)
    text_en = models.TextField(_("text (English)"), max_length=10_000)
    subject_de = models.CharField(_("subject (German)"), max_length=200)
    text_de = models.TextField(_("text (German)"), max_length=10_000)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("written by"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("written at"), auto_now_add=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.subject_en

    def read_in(self, language: str) -> tuple[str, str]:
        """Subject and text."""
        return (self.subject_de, self.text_de) if language == "de" else (self.subject_en, self.text_en)

    @property
    def matters_until(self) -> datetime | None:
        """What is written before a session is about it; what is written afterwards may be read at any time."""
        return self.session.ends_at if self.session.status == Session.Status.PUBLISHED else None
