from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Integrations")

    def ready(self) -> None:
        from . import setup
        from .commands import register
        from .registry import import_beside, jobs

        import_module("integrations.receivers")
        import_beside("receivers")
        post_migrate.connect(setup.create_rows, sender=self)
        for job in jobs():
            register(job)
