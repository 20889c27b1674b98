"""Erase a person here and in every other system."""

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from integrations import certificate, erasure
from integrations.commands import JsonCommand, usage
from integrations.models import Erasure
from leads.addresses import is_possible, normalise


def isoformat(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


class Command(JsonCommand):
    help = "Forget whoever has this e-mail address, here and in every other system, and print the certificate."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email", metavar="EMAIL")

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        """What is open when this returns is promised, and kept by the worker."""
        if not is_possible(normalise(options["email"])):
            raise usage("This is no e-mail address, such as name@example.com.")
        done = erasure.forget(options["email"], via=Erasure.Via.COMMAND)
        items = certificate.lines(done)
        number_open = sum(item["done_at"] is None for item in items)
        return {
            "reference": str(done.reference),
            "requested_at": done.requested_at.isoformat(),
            "completed_at": isoformat(done.completed_at),
            "open": number_open,
            "items": [{**item, "done_at": isoformat(item["done_at"])} for item in items],
        }, True

    def in_words(self, result: dict[str, Any]) -> str:
        if not result["items"]:
            return f"Nothing was found under this address. Certificate {result['reference']}."
        lines = [f"{item['system']}: {item['what']} ({item['number']}): {item['outcome']}" for item in result["items"]]
        state = f"{result['open']} open; the worker sees to it." if result["open"] else "Complete."
        return "\n".join([f"Certificate {result['reference']}", *lines, state])
