"""Change an integration's settings, secrets and switch from the command line."""

import os
import sys
from typing import Any, get_origin

from django.core.management.base import CommandError, CommandParser
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from integrations import configuration, registry
from integrations.commands import JsonCommand, usage
from integrations.complaints import sentences
from integrations.models import Connection, Integration
from integrations.service import is_secret


class Command(JsonCommand):
    help = (
        "Change settings: key=value, of lists key=one,two; --secret KEY reads $MAGNETIQ_SECRET_<KEY> or one line of "
        "standard input."
    )

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        """Options may stand between the values, too."""
        parser = super().create_parser(*args, **kwargs)
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name")
        parser.add_argument("values", nargs="*", metavar="key=value")
        parser.add_argument("--secret", action="append", default=[], metavar="KEY")
        parser.add_argument("--account", default="", metavar="NAME", help="A further account, added if it is new.")
        parser.add_argument("--new-book", action="store_true", help="Yes, this is another system: start anew there.")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--enable", action="store_const", const=True, dest="enabled")
        switch.add_argument("--disable", action="store_const", const=False, dest="enabled")

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        name = options["name"]
        if name not in registry.services():
            raise usage(f"Unknown integration {name!r}; there are: {', '.join(registry.services())}.")
        integration = Integration.objects.get(slug=name)
        account = options["account"]
        values = self.read(fields_of(name, account), options["values"], options["secret"])
        changed = self.save(integration, account, values, new_book=options["new_book"]) if values else []
        if options["enabled"] is not None:
            configuration.set_enabled(integration, options["enabled"])
        integration.refresh_from_db()
        return {"integration": name, "enabled": integration.enabled, "changed": changed}, True

    def read(self, fields: dict[str, FieldInfo], pairs: list[str], secrets: list[str]) -> dict[str, Any]:
        """{field: text}; only known fields, and secrets never from the command line, where others could read them."""
        if odd := [pair for pair in pairs if "=" not in pair]:
            raise usage(f"Not of the form key=value: {', '.join(odd)}.")
        values: dict[str, Any] = dict(pair.split("=", 1) for pair in pairs)
        unknown = sorted((set(values) | set(secrets)) - set(fields))
        if unknown:
            raise usage(f"Unknown settings: {', '.join(unknown)}; there are: {', '.join(fields)}.")
        if bare := sorted(name for name in values if is_secret(fields[name])):
            raise usage(f"{', '.join(bare)} is secret: use --secret.")
        lists = {key: text.split(",") for key, text in values.items() if get_origin(fields[key].annotation) is list}
        return values | lists | {key: read_secret(key) for key in secrets}

    def save(self, integration: Integration, account: str, values: dict[str, Any], *, new_book: bool) -> list[str]:
        try:
            if account:
                return configuration.configure_account(integration, account, values, new_book=new_book)
            return configuration.configure(integration, values, new_book=new_book)
        except ValidationError as error:
            raise CommandError("\n".join(sentences(error))) from error
        except configuration.AnotherSystemError as error:
            raise CommandError(f"{error} Repeat with --new-book if that is meant.") from error


def fields_of(name: str, account: str) -> dict[str, FieldInfo]:
    """What can be set: of an account what is its own."""
    service = registry.get(name)
    if not account:
        return service.settings_schema.model_fields
    if service.account_schema is None:
        raise usage(f"{name} has no further accounts.")
    own = service.kept_on(Connection(owner=account))
    return {field: info for field, info in service.account_schema.model_fields.items() if field in own}


def read_secret(key: str) -> str:
    return os.environ.get(f"MAGNETIQ_SECRET_{key.upper()}") or sys.stdin.readline().strip()
