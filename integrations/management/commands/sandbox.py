"""Serve the stand-ins of the other systems, to develop against."""

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from integrations import sandbox
from integrations.commands import JsonCommand


class Command(JsonCommand):
    help = "Serve stand-ins for the other systems on loopback until Ctrl-C; --connect points the integrations at them."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--connect", action="store_true")

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        peers = sandbox.start_all(settings.DATA_DIR / "sandbox")
        try:
            for slug, peer in peers.items():
                if options["connect"]:
                    sandbox.connect(slug, peer)
                self.stderr.write(f"{slug}: {peer.url}")
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
        finally:
            for peer in peers.values():
                peer.close()
        return {slug: peer.url for slug, peer in peers.items()}, True
