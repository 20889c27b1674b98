"""Compare with other systems from the command line."""

from typing import Any

from django.core.management.base import CommandParser

from integrations import reconciliation, registry
from integrations.commands import JsonCommand, usage


class Command(JsonCommand):
    help = "Compare our rows with those of other systems and list what differs; exit 1 where one gave no answer."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--integration", metavar="NAME", default="")

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        name = options["integration"]
        if name and name not in registry.services():
            raise usage(f"Unknown integration {name!r}; there are: {', '.join(registry.services())}.")
        result = reconciliation.compare(name)
        return result, not result["unknown"]
