"""Jobs: one address for each that a service declares, such as `odoo/sync-leads`."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, Field, Router, Schema, Status
from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, create_model
from pydantic import ValidationError as Invalid

from integrations import complaints, configuration, registry, runs
from integrations.models import Run
from integrations.service import Job

from .auth import OPERATE, by_api
from .refusal import Refusal, incomplete, integration_called
from .runs import Accepted, accepted, visible, wait_for

router = Router()


class JobOptions(BaseModel):
    """Whatever else the job knows may be named, too."""

    model_config = ConfigDict(extra="allow")
    limit: StrictInt | None = Field(None, ge=1, le=1_000_000, description="At most so many records.", examples=[100])
    dry_run: StrictBool | None = Field(None, description="Only tell what would change.")


NO_OPTIONS = JobOptions()


class JobResult(Schema):
    """What was promised and what became of it."""

    promised: int = Field(description="Records that were out of step.")
    processed: int
    successful: int
    failed: int
    waiting: int = Field(description="Held: paused, disabled or half configured.")
    errors: dict[str, int] = Field(description="How many of which kind.")
    counts: dict[str, int] = Field({}, description="What the job itself did here, of which kind how often.")
    run: int


class DryRunResult(Schema):
    """What would change."""

    counts: dict[str, int]
    changes: list[dict[str, Any]] = Field([], description="Record by record, for who may see whom it is about.")
    run: int


@router.post(
    "/{name}/{command}", auth=OPERATE, response={200: JobResult | DryRunResult, 202: Accepted, (404, 409, 502): None}
)
@by_api
def run_job(request: HttpRequest, name: str, command: str, options: Body[JobOptions] = NO_OPTIONS) -> Any:
    """Have a worker do a job of this integration, such as `odoo/sync-leads`, and wait up to 30 seconds for its result.

    202: it takes longer, or no worker runs; the run says how far it is. 502: the other side failed or refused.
    """
    integration = integration_called(name)
    job = job_called(name, command)
    given = checked(job, options)
    try:
        configuration.service_of(name)
    except Invalid as error:
        raise incomplete(error) from error
    run = runs.start("job", integration=integration, job=job.name, **given)
    if runs.worker_is_alive(run.kind):
        wait_for(run)
    if run.is_open:
        return Status(202, accepted(run, request))
    if run.state == Run.State.FAILED:
        raise Refusal(502, run.message, run=run.pk)
    return {**visible(run.result, request.user), "run": run.pk}


def job_called(name: str, command: str) -> Job[Any]:
    for job in registry.get(name).jobs():
        if job.command.replace("_", "-") == command:
            return job
    raise Refusal(404, _("This integration has no such job."))


def checked(job: Job[Any], options: JobOptions) -> dict[str, Any]:
    """The options that were given, as the job takes them. Raises django's ValidationError for any that it does not."""
    known: dict[str, Any] = {option.name: (option.annotation, option.default) for option in job.options}
    model = create_model("Options", __config__=ConfigDict(extra="forbid"), **known)
    given = {name: value for name, value in options.model_dump(exclude_unset=True).items() if value is not None}
    try:
        return model.model_validate(given).model_dump(mode="json", exclude_unset=True)
    except Invalid as error:
        raise ValidationError(complaints.by_field(error)) from error
