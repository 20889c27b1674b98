"""Print what leads to what: fact -> operation -> integration."""

from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.dispatch import Signal
from django.utils.module_loading import module_has_submodule

from integrations import registry
from integrations.commands import JsonCommand


class Command(JsonCommand):
    help = "Print which operation of which integration each fact of the domain sets off."

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        return {fact: wired(signal) for fact, signal in sorted(facts().items())}, True

    def in_words(self, result: dict[str, Any]) -> str:
        return "\n".join(f"{fact} -> {', '.join(operations) or '-'}" for fact, operations in result.items())


def facts() -> dict[str, Signal]:
    """{"leads.leads_captured": signal} of every app of ours that declares some."""
    modules = [
        (config.label, import_module(f"{config.name}.signals"))
        for config in apps.get_app_configs()
        if Path(config.path).parent == settings.BASE_DIR and module_has_submodule(config.module, "signals")
    ]
    return {
        f"{label}.{name}": value
        for label, module in modules
        for name, value in vars(module).items()
        if isinstance(value, Signal)
    }


def wired(signal: Signal) -> list[str]:
    """The operations that the signal's receivers name: a receiver is one call to `outbox`."""
    receivers = [entry[1]() for entry in signal.receivers]
    names = [set(receiver.__code__.co_names) for receiver in receivers if receiver]
    return sorted(
        str(operation)
        for operation in registry.operations()
        for used in names
        if {operation.service.__name__, operation.name} <= used
    )
