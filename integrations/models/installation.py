"""What this database knows about the installation that runs on it."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone


class Installation(models.Model):
    """A single row: the SITE_URL that this database belongs to.

    A copy (staging restored from production) wakes up under another SITE_URL; then every delivery is held until an
    operator confirms, so that no client ever hears from a copy.
    """

    site_url = models.CharField(max_length=500)
    # {role: [permission, such as "leads.view_lead"]}: what each ready-made role was ever given; see `roles`.
    given = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.site_url

    @classmethod
    def is_copy(cls) -> bool:
        """This database last ran under another SITE_URL and nobody has confirmed the new one."""
        return cls.elsewhere().exists()

    @classmethod
    def elsewhere(cls) -> models.QuerySet["Installation"]:
        """The row, if this database is a copy."""
        return cls.objects.exclude(site_url=settings.SITE_URL)

    @classmethod
    def settle_here(cls) -> None:
        """Confirm that this database belongs to the SITE_URL it now runs under."""
        cls.objects.update_or_create(pk=1, defaults={"site_url": settings.SITE_URL})


class Heartbeat(models.Model):
    """When somebody last worked on each queue, and when beat was last alive; written by themselves, every `EVERY`.

    By queue and not by process: a worker for one of them says nothing of the other.
    """

    QUEUES = ("fast", "bulk")
    EVERY = timedelta(seconds=10)
    LATE = timedelta(seconds=60)

    name = models.CharField(max_length=20, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def is_alive(cls, name: str) -> bool:
        """`name` (a queue, "beat") has been seen lately: a few heartbeats may come late on a busy machine."""
        return cls.objects.filter(name=name, seen_at__gt=timezone.now() - cls.LATE).exists()

    @classmethod
    def beat(cls, *names: str) -> None:
        for name in names:
            cls.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})
