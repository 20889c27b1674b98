"""Integrations: how they are, and their test."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status
from pydantic import ValidationError

from integrations import breaker, configuration, health, runs, situation, verdicts
from integrations.models import Connection, Run
from integrations.service import Mode

from .auth import OPERATE, READ, by_api
from .refusal import Refusal, incomplete, integration_called
from .runs import Accepted, accepted, wait_for

router = Router()


class Standing(Schema):
    """How one integration is, from our own records; nobody is called."""

    status: health.HealthState = Field(description="The worst of its connections and of the last hour's measures.")
    issues: list[str] = Field(description="Measures that pass their thresholds.")
    since: datetime
    enabled: bool
    mode: Mode | None = Field(description="What is at the other end; null while settings are incomplete.")
    last_success_at: datetime | None
    last_error: str
    waiting: int = Field(description="Deliveries.")
    dead: int = Field(description="Deliveries that were given up, and wait for a human.")
    oldest_waiting_at: datetime | None
    paused_until: datetime | None
    tested_at: datetime | None


class Report(Schema):
    """What a test found. `problems` need a human, `notes` do not."""

    ok: bool
    summary: str = Field(examples=["Connected to Odoo 19.0 as Magnetiq."])
    facts: dict[str, str]
    problems: list[str]
    notes: list[str]
    by: Literal["worker", "web"] = Field(description="Who tested: `web` when no worker runs.")
    run: int


@router.get("/status", auth=READ, response=dict[str, Standing])
def get_status(request: HttpRequest) -> dict[str, dict[str, Any]]:
    """How every integration is. Answered from the database: no other system is called."""
    now = situation.of(request)
    found = verdicts.all_of(now)
    return {
        row.integration.slug: {
            **standing(row, verdict=found[row.integration_id]),
            "mode": now.mode_of(now.connections_of(row.integration_id)),
        }
        for row in now.own
    }


def standing(connection: Connection, *, verdict: verdicts.Verdict) -> dict[str, Any]:
    integration, measured = connection.integration, verdict.measures
    return {
        "status": verdict.state,
        "issues": [issue.text for issue in verdict.issues],
        "waiting": measured.waiting,
        "dead": measured.dead,
        "oldest_waiting_at": measured.oldest_waiting_at,
        "since": integration.paused_at or verdict.speaker.status_since,
        "enabled": integration.enabled,
        "last_success_at": connection.last_success_at,
        "last_error": connection.last_error,
        "paused_until": breaker.paused_until(connection),
        "tested_at": connection.tested_at,
    }


@router.post("/{name}/test", auth=OPERATE, response={200: Report, 202: Accepted, (404, 409, 502): None})
@by_api
def test_integration(request: HttpRequest, name: str) -> Any:
    """Ask the other side who we are and what is missing. By a worker, as real traffic goes, when one runs.

    502 tells what the other side refused or that it is not there, with the report; 409 that settings are incomplete.
    """
    integration = integration_called(name)
    try:
        configuration.service_of(name)
    except ValidationError as error:
        raise incomplete(error) from error
    run = runs.start("test", integration=integration, owner="")
    worker = runs.worker_is_alive(run.kind)
    if worker:
        wait_for(run)
    else:
        runs.perform(run)
    return tested(request, run, by_worker=worker)


def tested(request: HttpRequest, run: Run, *, by_worker: bool) -> Any:
    if run.is_open:
        return Status(202, accepted(run, request))
    alone = [] if by_worker else [_("No worker is running: nothing is delivered until one is.")]
    report = {**run.result, "by": "worker" if by_worker else "web", "notes": [*run.result.get("notes", []), *alone]}
    report["facts"] = dict(report.get("facts", []))  # kept as pairs, in their order
    if run.state == Run.State.FAILED:
        raise Refusal(502, run.message, report=report, run=run.pk)
    return {**report, "run": run.pk}
