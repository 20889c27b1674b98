"""Test connections from the command line."""

from typing import Any

from django.core.management.base import CommandParser

from integrations import health, registry
from integrations.commands import JsonCommand, usage
from integrations.models import Connection


class Command(JsonCommand):
    help = "Test the connections of one integration, or of all that are enabled (--all)."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", nargs="?")
        parser.add_argument("--all", action="store_true")

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        name = options["name"]
        if bool(name) == options["all"]:
            raise usage("Name an integration, or use --all.")
        if name and name not in registry.services():
            raise usage(f"Unknown integration {name!r}; there are: {', '.join(registry.services())}.")
        connections = Connection.objects.in_use().select_related("integration").order_by("integration", "owner")
        chosen = {"integration__slug": name} if name else {"integration__enabled": True}
        reports = {label(found): health.test(found).as_json() for found in connections.filter(**chosen)}
        return reports, all(report["ok"] for report in reports.values())

    def in_words(self, result: dict[str, Any]) -> str:
        return "\n".join(line for name, report in result.items() for line in lines(name, report))


def label(connection: Connection) -> str:
    slug = connection.integration.slug
    return f"{slug} {connection.owner}" if connection.owner else slug


def lines(name: str, report: dict[str, Any]) -> list[str]:
    facts = [f"  {key}: {value}" for key, value in report["facts"].items()]
    problems = [f"  ! {problem}" for problem in report["problems"]]
    return [f"{name}: {report['summary']}", *facts, *problems, *(f"  - {note}" for note in report["notes"])]
