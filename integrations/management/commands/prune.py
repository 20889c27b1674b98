"""Delete what is past its time."""

from typing import Any

from integrations import tasks
from integrations.commands import JsonCommand
from integrations.models import IntegrationLog


class Command(JsonCommand):
    help = "Delete log rows that are older than 30 days."

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        before = IntegrationLog.objects.count()
        tasks.prune()
        return {"log_rows_deleted": before - IntegrationLog.objects.count()}, True
