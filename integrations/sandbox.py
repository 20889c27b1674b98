"""The stand-ins of all integrations, for the demo and for `manage.py sandbox`.

An integration offers one by a package or module `sandbox` in its folder with `start(folder, port=...)`, which returns
something with `url` and `close()`, and `settings_for(peer)`, which tells how to connect to it. Where the integration
has further accounts, `accounts_for(peer)` tells theirs: {owner: settings}.
"""

import socket
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Protocol

from . import configuration, registry
from .models import ExternalRecord, Integration
from .service import IntegrationService


class Peer(Protocol):
    """A running stand-in."""

    @property
    def url(self) -> str: ...

    def close(self) -> None: ...


def start_all(folder: Path) -> dict[str, Peer]:
    """{slug: stand-in} of every integration that has one, each on its usual port or, if that is taken, on another.

    Their records are kept in `folder`, so that a second start finds them.
    """
    return {slug: start(module, folder) for slug, module in modules().items()}


def modules() -> dict[str, ModuleType]:
    packages = {slug: service.__module__.rpartition(".")[0] for slug, service in registry.services().items()}
    return {slug: import_module(f"{name}.sandbox") for slug, name in packages.items() if find_spec(f"{name}.sandbox")}


def start(module: ModuleType, folder: Path) -> Peer:
    port = module.PORT if is_free(module.PORT) else 0
    peer: Peer = module.start(folder, port=port)
    return peer


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def connect(slug: str, peer: Peer) -> None:
    """Point the integration at its stand-in and switch it on. A stand-in on another port is the same one, moved."""
    integration = Integration.objects.get(slug=slug)
    connection = configuration.own_connection(integration)
    service = registry.get(slug)
    before = _system(service, service.raw_settings(connection))
    module = modules()[slug]
    configuration.configure(integration, module.settings_for(peer), new_book=True)
    after = configuration.service_of(slug).remote_system
    if before != after:
        ExternalRecord.objects.filter(remote_system=before).update(remote_system=after)
    accounts = module.accounts_for(peer) if service.account_schema else {}
    for owner, values in accounts.items():
        configuration.configure_account(integration, owner, values, new_book=True)
    configuration.set_enabled(integration, True)


def _system(service: type[IntegrationService], raw: dict[str, object]) -> str:
    try:
        return service.system_of(service.settings_schema.model_validate(raw))
    except ValueError:
        return ""
