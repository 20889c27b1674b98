"""Delete what is past its time."""

from typing import Any

from integrations import tasks
from integrations.commands import JsonCommand
from integrations.models import IntegrationLog, WebhookEvent


class Command(JsonCommand):
    help = "Delete log rows that are older than 30 days, and webhook events that are older than 90."

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        before = rows()
        tasks.prune()
        after = rows()
        return {f"{name}_deleted": before[name] - after[name] for name in before}, True


def rows() -> dict[str, int]:
    return {"log_rows": IntegrationLog.objects.count(), "webhook_events": WebhookEvent.objects.count()}
