"""Files on their way from a person to a worker."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from integrations.fields import cipher


class Upload(models.Model):
    """A file of people's data between its preview and its import; encrypted, erased once imported or after a day.

    In the database because every process can read it there, whatever machine it runs on. Who knows the id, which
    cannot be guessed, may use it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    encrypted = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()  # nobody looks at it

    def __str__(self) -> str:
        return str(self.pk)

    @classmethod
    def keep(cls, content: bytes) -> "Upload":
        return cls.objects.create(encrypted=cipher(tuple(settings.FERNET_KEYS)).encrypt(content))

    @property
    def content(self) -> bytes:
        """Raises cryptography.fernet.InvalidToken when the key is lost."""
        return cipher(tuple(settings.FERNET_KEYS)).decrypt(bytes(self.encrypted))
