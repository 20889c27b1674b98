"""Figures: what is open, and how the calls of the last hour went."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from integrations import situation, verdicts
from integrations.health import HealthState

from .auth import READ
from .refusal import integration_called

router = Router()


class Health(Schema):
    """How it is, and the calls of the last hour. `no_activity` is no illness; `waiting` says whether there should have
    been some. A delivery that is dead or late degrades."""

    status: HealthState
    issues: list[str] = Field(examples=[["High error rate: 25.0 %"]])
    total: int
    errors: int
    error_rate: float
    avg_response_time: float = Field(description="Milliseconds.")
    p95_response_time: float = Field(description="Milliseconds; of 100 calls, 95 were faster.")
    consecutive_failures: int = Field(description="Up to now; 1000 stands for more, too.")
    waiting: int
    oldest_waiting_at: datetime | None


@router.get("/{name}/health", auth=READ, response={200: Health, 404: None})
def get_health(request: HttpRequest, name: str) -> dict[str, Any]:
    """Whether it is well, by its connections and the calls of the last hour."""
    integration = integration_called(name)
    verdict = verdicts.all_of(situation.of(request))[integration.pk]
    told = [issue.text for issue in verdict.issues]
    return {**verdict.measures.as_json(), "issues": told, "status": verdict.state}
