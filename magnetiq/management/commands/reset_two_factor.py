"""For when nobody gets in any more: the password alone opens the account again."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser

from integrations.commands import JsonCommand, usage
from magnetiq.two_factor import devices


class Command(JsonCommand):
    help = "Remove the second factor of a user who has lost it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("username")

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise usage("There is no such user.")
        return {"removed": devices.remove(user)}, True
