from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Integrations")

    def ready(self) -> None:
        from . import setup
        from .commands import register
        from .registry import jobs

        self.connect_receivers()
        post_migrate.connect(setup.create_rows, sender=self)
        for job in jobs():
            register(job)

    def connect_receivers(self) -> None:
        """Import our own `receivers.py`, and the one beside each service: it is wired by registering the service."""
        import_module("integrations.receivers")
        for path in settings.INTEGRATIONS:
            package = path.rsplit(".", 2)[0]
            if find_spec(f"{package}.receivers"):
                import_module(f"{package}.receivers")
