"""The rows that must exist, made after every migration: integrations, connections, schedules.

`get_or_create` throughout: what an operator edited survives every deploy.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.utils.translation import gettext_noop as noop
from pydantic import ValidationError

from leads.schedules import create_daily, create_schedule

from . import load, registry, roles
from .models import Connection, Installation, Integration
from .service import IntegrationService, Job

SWEEP = timedelta(seconds=15)


def create_rows(**kwargs: Any) -> None:
    """Receiver of `post_migrate`, which is also sent when our tables were taken away."""
    if Installation._meta.db_table not in database.introspection.table_names():
        return
    Installation.objects.get_or_create(pk=1, defaults={"site_url": settings.SITE_URL})
    for service in registry.services().values():
        create_integration(service)
    for job in registry.jobs():
        create_job_schedule(job)
    roles.create()
    create_schedule(noop("Deliver what people wait for"), "integrations.tasks.drain", SWEEP, "fast", {"queue": "fast"})
    create_schedule(noop("Deliver everything else"), "integrations.tasks.drain", SWEEP, "bulk", {"queue": "bulk"})
    create_schedule(noop("Take back what dead workers held"), "integrations.tasks.reap", timedelta(minutes=1), "fast")
    create_schedule(noop("Escalate, and send the heartbeat"), "integrations.tasks.watch", timedelta(minutes=1), "fast")
    create_daily(noop("Morning letter"), "integrations.tasks.say_good_morning", 8, "bulk")
    create_schedule(noop("Write down how things stand"), "integrations.tasks.measure", load.EVERY, "bulk")
    create_schedule(noop("Compare with other systems"), "integrations.tasks.reconcile", timedelta(days=1), "bulk")
    create_schedule(
        noop("Look after the health of integrations"),
        "integrations.tasks.health_check_integrations",
        timedelta(minutes=1),
        "fast",
    )
    create_schedule(noop("Delete old log rows"), "integrations.tasks.prune", timedelta(days=1), "bulk")


def create_integration(service: type[IntegrationService]) -> None:
    """A row per service; in use from the start where the environment configures it completely."""
    integration, created = Integration.objects.get_or_create(slug=service.slug)
    connection, _ = Connection.objects.get_or_create(integration=integration, owner="")
    if created and service.settings_schema.from_environment():
        try:
            service(connection)
        except ValidationError:
            return
        Integration.objects.filter(pk=integration.pk).update(enabled=True)


def create_job_schedule(job: Job[Any]) -> None:
    arguments = {"integration": job.service.slug, "job": job.name}
    create_schedule(f"{job.service.slug}: {job.command}", "integrations.tasks.run_job", job.every, "bulk", arguments)
