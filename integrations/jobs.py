"""Run a job to its end: promise, then deliver, then tell what became of it."""

from typing import Any

from django.utils import timezone

from . import configuration, outbox, progress
from .models import Delivery
from .service import Job, JobReport


def perform(job: Job[Any], **options: Any) -> dict[str, Any]:
    """{promised, processed, successful, failed, waiting, errors: {kind: n}, and counts if the job counted anything};
    a dry run: {counts, changes, left_out}, which the first has besides if it told what it changed. Both with notes,
    sentences for people, if the job has any.

    Raises pydantic.ValidationError when settings are incomplete and IntegrationError when the job itself fails.
    """
    report: JobReport = job.run(configuration.service_of(job.service.slug), **options)
    notes = {"notes": report.notes} if report.notes else {}
    changes = {"counts": report.counts, "changes": report.changes, "left_out": report.left_out, **notes}
    if options.get("dry_run"):
        return changes
    progress.report(0, report.promised)
    delivered = {"promised": report.promised, **deliver(job.service.slug)}
    if report.changes:
        return {**delivered, **changes}
    counted = {"counts": report.counts} if report.counts else {}
    return {**delivered, **counted, **notes}


def deliver(integration: str) -> dict[str, Any]:
    """Deliver all that is due of one integration; what is paused, disabled or half configured is `waiting`."""
    tally = outbox.drain(integration=integration)
    held = Delivery.objects.filter(integration__slug=integration, state=Delivery.State.PENDING)
    return {
        "processed": tally.processed,
        "successful": tally.successful,
        "failed": tally.processed - tally.successful,
        "waiting": held.filter(due_at__lte=timezone.now()).count(),
        "errors": {kind: n for kind, n in tally.outcomes.items() if kind != "delivered"},
    }
