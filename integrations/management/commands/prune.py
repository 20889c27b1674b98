"""Delete what is past its time."""

from typing import Any

from integrations import tasks
from integrations.commands import JsonCommand


class Command(JsonCommand):
    help = "Delete what is past its time: the log, webhooks, letters' texts, settled deliveries. See KEEP_*_DAYS."

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        return {f"{name}_deleted": number for name, number in tasks.prune().items()}, True
