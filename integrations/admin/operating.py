"""What an operator does to integrations. Each verb is one call to the core for each chosen row."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError

from integrations import configuration, errors, gate, health, registry
from integrations.models import Integration
from integrations.service import Job, JobReport

from . import dry_run_page, panel
from .base import Verb

DRY_RUN_LOOKS_AT = 1000  # subjects: an operator waits for the page


def installed(integration: Integration) -> bool:
    return integration.slug in registry.services()


def test(request: HttpRequest, rows: QuerySet[Any]) -> None:
    for integration in operable(request, rows):
        connection = configuration.own_connection(integration)
        report = health.test(connection)
        kind = "" if report.ok else errors.Misconfigured.kind
        gate.log(connection, "test_connection", error_kind=kind, message=report.summary)
        level = messages.SUCCESS if report.ok else messages.ERROR
        said = " ".join([report.summary, *report.problems])
        messages.add_message(request, level, f"{panel.name(integration)}: {said}")


def sync(request: HttpRequest, rows: QuerySet[Any]) -> None:
    for ran in run_jobs(request, rows, lambda job: {}):
        gate.log(configuration.own_connection(ran.integration), ran.command, size=ran.report.promised)
        promised = _("%(job)s: %(n)s promised. They are delivered in the background.")
        text = promised if ran.report.promised else _("%(job)s: nothing to do, nothing new is out of step.")
        messages.success(request, text % {"job": ran.label, "n": ran.report.promised})


def dry_run(request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
    """Answers with the page of what would change; None when no job could tell."""
    ran = list(run_jobs(request, rows, dry_options))
    for each in ran:
        gate.log(configuration.own_connection(each.integration), each.command, metadata={"dry_run": True})
    return dry_run_page.render(request, ran, limit=DRY_RUN_LOOKS_AT) if ran else None


class Ran(NamedTuple):
    integration: Integration
    command: str
    label: str
    report: JobReport


Options = Callable[[Job[Any]], dict[str, Any] | None]


def run_jobs(request: HttpRequest, rows: QuerySet[Any], options_for: Options) -> Iterator[Ran]:
    """The job that the button names, or all; what fails is told and the rest goes on."""
    for integration in operable(request, rows):
        for job in registry.get(integration.slug).jobs():
            options = options_for(job)
            if options is None or request.POST.get("job", job.name) != job.name:
                continue
            if report := run(request, job, options):
                yield Ran(integration, job.command, str(job.label), report)


def dry_options(job: Job[Any]) -> dict[str, Any] | None:
    if not job.can_dry_run:
        return None
    limit = {"limit": DRY_RUN_LOOKS_AT} if any(option.name == "limit" for option in job.options) else {}
    return {"dry_run": True, **limit}


def run(request: HttpRequest, job: Job[Any], options: dict[str, Any]) -> JobReport | None:
    try:
        report: JobReport = job.run(configuration.service_of(job.service.slug), **options)
    except ValidationError as error:
        messages.error(request, " ".join([_("Settings are incomplete."), *health.complaints(error)]))
    except errors.IntegrationError as error:
        messages.error(request, f"{job.label}: {error.message}")
    else:
        return report
    return None


def operable(request: HttpRequest, rows: QuerySet[Any]) -> Iterator[Integration]:
    for integration in rows:
        if installed(integration):
            yield integration
        else:
            messages.warning(request, _("%(name)s is not installed.") % {"name": integration.slug})


def setting(change: Callable[[Integration], None], text: Any) -> Callable[[HttpRequest, QuerySet[Any]], None]:
    """A verb that changes a switch of each row."""

    def run(request: HttpRequest, rows: QuerySet[Any]) -> None:
        for integration in operable(request, rows):
            change(integration)
            messages.success(request, text % {"name": panel.name(integration)})

    return run


VERBS = (
    Verb("test", gettext_lazy("Test connection"), "network_check", test, applies=installed, variant="primary"),
    Verb("sync", gettext_lazy("Sync now"), "sync", sync, applies=installed),
    Verb("dry_run", gettext_lazy("Dry run"), "preview", dry_run, applies=installed),
    Verb(
        "pause",
        gettext_lazy("Pause"),
        "pause",
        setting(configuration.pause, gettext_lazy("%(name)s is paused: everything is held, nothing is lost.")),
        applies=lambda row: installed(row) and not row.paused_at,
    ),
    Verb(
        "resume",
        gettext_lazy("Resume"),
        "play_arrow",
        setting(configuration.resume, gettext_lazy("%(name)s goes on: what waited is due.")),
        applies=lambda row: installed(row) and bool(panel.paused(row)),
    ),
    Verb(
        "enable",
        gettext_lazy("Enable"),
        "power_settings_new",
        setting(lambda row: configuration.set_enabled(row, True), gettext_lazy("%(name)s is in use.")),
        permission="configure",
        applies=lambda row: installed(row) and not row.enabled,
    ),
    Verb(
        "disable",
        gettext_lazy("Disable"),
        "power_off",
        setting(lambda row: configuration.set_enabled(row, False), gettext_lazy("%(name)s is not in use any more.")),
        permission="configure",
        applies=lambda row: installed(row) and row.enabled,
    ),
)
