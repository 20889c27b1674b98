"""Change an integration's settings, secrets and switch from the command line."""

import os
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from pydantic import ValidationError

from integrations import configuration, registry
from integrations.commands import JsonCommand, usage
from integrations.health import complaints
from integrations.models import Integration


class Command(JsonCommand):
    help = "Change settings: key=value; --secret KEY reads $MAGNETIQ_SECRET_<KEY> or one line of standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name")
        parser.add_argument("values", nargs="*", metavar="key=value")
        parser.add_argument("--secret", action="append", default=[], metavar="KEY")
        parser.add_argument("--new-book", action="store_true", help="Yes, this is another system: start anew there.")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--enable", action="store_const", const=True, dest="enabled")
        switch.add_argument("--disable", action="store_const", const=False, dest="enabled")

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        name = options["name"]
        if name not in registry.services():
            raise usage(f"Unknown integration {name!r}; there are: {', '.join(registry.services())}.")
        integration = Integration.objects.get(slug=name)
        values = self.read(name, options["values"], options["secret"])
        changed = self.save(integration, values, new_book=options["new_book"]) if values else []
        if options["enabled"] is not None:
            configuration.set_enabled(integration, options["enabled"])
        integration.refresh_from_db()
        return {"integration": name, "enabled": integration.enabled, "changed": changed}, True

    def read(self, name: str, pairs: list[str], secrets: list[str]) -> dict[str, str]:
        """{field: text}; only known fields, and secrets never from the command line, where others could read them."""
        schema = registry.get(name).settings_schema
        if odd := [pair for pair in pairs if "=" not in pair]:
            raise usage(f"Not of the form key=value: {', '.join(odd)}.")
        values = dict(pair.split("=", 1) for pair in pairs)
        unknown = sorted((set(values) | set(secrets)) - set(schema.model_fields))
        if unknown:
            raise usage(f"Unknown settings: {', '.join(unknown)}; there are: {', '.join(schema.model_fields)}.")
        if bare := sorted(set(values) & set(schema.secret_fields())):
            raise usage(f"{', '.join(bare)} is secret: use --secret.")
        return values | {key: read_secret(key) for key in secrets}

    def save(self, integration: Integration, values: dict[str, str], *, new_book: bool) -> list[str]:
        try:
            return configuration.configure(integration, values, new_book=new_book)
        except ValidationError as error:
            raise CommandError("\n".join(complaints(error))) from error
        except configuration.AnotherSystemError as error:
            raise CommandError(f"{error} Repeat with --new-book if that is meant.") from error


def read_secret(key: str) -> str:
    return os.environ.get(f"MAGNETIQ_SECRET_{key.upper()}") or sys.stdin.readline().strip()
