"""settings.INTEGRATIONS -> service classes; nothing clever."""

from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from .service import IntegrationService, Job, Operation


@lru_cache
def _load(paths: tuple[str, ...]) -> dict[str, type[IntegrationService]]:
    services: list[type[IntegrationService]] = [import_string(path) for path in paths]
    return {service.slug: service for service in services}


def services() -> dict[str, type[IntegrationService]]:
    """{slug: class}, in the order of the settings."""
    return _load(tuple(settings.INTEGRATIONS))


def import_beside(name: str) -> None:
    """Import the module of this name beside each service that has one: registering the service is all it takes."""
    for path in settings.INTEGRATIONS:
        module = f"{path.rsplit('.', 2)[0]}.{name}"
        if find_spec(module):
            import_module(module)


def get(slug: str) -> type[IntegrationService]:
    """Raises KeyError for an integration that is not registered (any more)."""
    return services()[slug]


def operations(*, queue: str | None = None, integration: str | None = None) -> list[Operation[Any, Any]]:
    return [
        operation
        for service in services().values()
        for operation in service.operations()
        if queue in (None, operation.queue) and integration in (None, service.slug)
    ]


def operation(slug: str, name: str) -> Operation[Any, Any]:
    """Raises KeyError for an operation that is not declared (any more)."""
    return {operation.name: operation for operation in get(slug).operations()}[name]


def jobs() -> list[Job[Any]]:
    return [job for service in services().values() for job in service.jobs()]


def job(slug: str, name: str) -> Job[Any]:
    return {job.name: job for job in get(slug).jobs()}[name]
