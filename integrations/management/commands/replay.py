"""Promise again what was settled, with current data and settings."""

from datetime import UTC
from typing import Any

from django.core.management.base import CommandParser
from django.utils.dateparse import parse_datetime

from integrations import registry
from integrations.commands import JsonCommand, usage
from integrations.models import Delivery


class Command(JsonCommand):
    help = "Deliver again: everything dead (--dead), or everything settled since a time (--since ISO)."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--integration", metavar="NAME")
        parser.add_argument("--dead", action="store_true")
        parser.add_argument("--since", metavar="ISO", help="Time with offset; without one it means UTC.")

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        if not options["dead"] and not options["since"]:
            raise usage("Say what to replay: --dead, --since ISO, or both.")
        rows = Delivery.objects.dead() if options["dead"] else Delivery.objects.repeatable()
        if options["since"]:
            rows = rows.filter(settled_at__gte=moment(options["since"]))
        if name := options["integration"]:
            if name not in registry.services():
                raise usage(f"Unknown integration {name!r}; there are: {', '.join(registry.services())}.")
            rows = rows.filter(integration__slug=name)
        return {"replayed": rows.replay()}, True


def moment(text: str) -> Any:
    found = parse_datetime(text)
    if found is None:
        raise usage(f"{text!r} is no ISO time, such as 2026-11-20T08:00:00+01:00.")
    return found if found.tzinfo else found.replace(tzinfo=UTC)
