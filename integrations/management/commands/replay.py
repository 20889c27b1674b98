"""Promise again what was settled, with current data and settings."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils.dateparse import parse_datetime

from integrations import registry, replaying
from integrations.commands import JsonCommand, usage
from integrations.models import Delivery
from integrations.words import KINDS


class Command(JsonCommand):
    help = "Deliver again: everything dead (--dead), or everything settled in a time (--since ISO, --until ISO)."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--integration", metavar="NAME", default="")
        parser.add_argument("--operation", metavar="NAME", default="")
        parser.add_argument("--kind", choices=list(KINDS), default="", help="The kind of error.")
        parser.add_argument("--dead", action="store_true")
        parser.add_argument("--since", metavar="ISO", help="Time with offset; without one it means UTC.")
        parser.add_argument("--until", metavar="ISO", help="Just before this time.")

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        if not options["dead"] and not options["since"]:
            raise usage("Say what to replay: --dead, --since ISO, or both.")
        name = options["integration"]
        if name and name not in registry.services():
            raise usage(f"Unknown integration {name!r}; there are: {', '.join(registry.services())}.")
        chosen = replaying.settled(
            Delivery.objects.dead() if options["dead"] else Delivery.objects.all(),
            since=moment(options["since"]),
            until=moment(options["until"]),
            integration=name,
            operation=options["operation"],
            kind=options["kind"],
        )
        return {"replayed": replaying.replay(chosen)}, True


def moment(text: str | None) -> datetime | None:
    if not text:
        return None
    found = parse_datetime(text)
    if found is None:
        raise usage(f"{text!r} is no ISO time, such as 2026-11-20T08:00:00+01:00.")
    return found if found.tzinfo else found.replace(tzinfo=UTC)
