"""What an operator does to integrations. What takes long is a run (see `integrations.runs`), done by a worker."""

from collections.abc import Callable, Iterator
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import configuration, outbox, reconciliation, registry, runs
from integrations.models import Delivery, Heartbeat, Integration, Run
from integrations.service import Job, Operation

from . import panel, run_card
from .base import Verb


def installed(integration: Integration) -> bool:
    return integration.slug in registry.services()


def test(request: HttpRequest, rows: QuerySet[Any]) -> None:
    """Of the account that the button names, else of the integration's own. Made from here if there is no worker."""
    owner = request.POST.get("owner", "")
    of_whom = {"owner": owner} if owner else {}
    for integration in operable(request, rows):
        get_object_or_404(integration.connections.in_use(), owner=owner)
        run = runs.start("test", integration=integration, **of_whom)
        if runs.worker_is_alive("test"):
            say_started(request, run)
        else:
            say(request, runs.perform(run))


def say(request: HttpRequest, run: Run) -> None:
    """The result at once: whoever asked has waited for it."""
    no_worker = _("No worker is running: nothing is delivered until one is started.")
    messages.warning(request, " ".join([no_worker, _("The test was made from here instead.")]))
    level = messages.SUCCESS if run.state == Run.State.DONE else messages.ERROR
    messages.add_message(request, level, f"{run_card.title(run)}: {run.message or run.result.get('summary', '')}")


def sync(request: HttpRequest, rows: QuerySet[Any]) -> None:
    start_jobs(request, rows, lambda job: {})


def dry_run(request: HttpRequest, rows: QuerySet[Any]) -> None:
    start_jobs(request, rows, lambda job: {"dry_run": True} if job.can_dry_run else None)


def start_jobs(
    request: HttpRequest, rows: QuerySet[Any], options_for: Callable[[Job[Any]], dict[str, Any] | None]
) -> None:
    """The job that the button names, or all of each service for which there are options."""
    for integration in operable(request, rows):
        for job in registry.get(integration.slug).jobs():
            options = options_for(job)
            if options is not None and request.POST.get("job", job.name) == job.name:
                say_started(request, runs.start("job", integration=integration, job=job.name, **options))


def try_out(request: HttpRequest, rows: QuerySet[Any]) -> None:
    """The operation that the button names, about whoever pressed it, by the road that all others take."""
    user = cast(User, request.user)
    for integration in operable(request, rows):
        operation = buttoned(integration).get(request.POST.get("operation", ""))
        if operation is None:
            continue
        if objection := operation.service.objection(operation.name, user):
            messages.error(request, objection)
        else:
            occasion = timezone.now().isoformat()
            outbox.once(operation, user, occasion)
            key = outbox.key_of(operation, configuration.own_connection(integration), user, occasion)
            say_promised(request, operation, Delivery.objects.get(key=key))


def say_promised(request: HttpRequest, operation: Operation[Any, Any], delivery: Delivery) -> None:
    """With the way to where one sees what becomes of it."""
    address = reverse("admin:integrations_delivery_change", args=[delivery.pk])
    link = format_html('<a href="{}" class="underline">{}</a>', address, _("See what becomes of it"))
    if Heartbeat.is_alive(operation.queue):
        said = format_html(_("“{what}” is under way. {link}"), what=operation.label, link=link)
        messages.info(request, said)
    else:
        said = format_html(
            _("“{what}” waits until a worker is started: none is running. {link}"), what=operation.label, link=link
        )
        messages.warning(request, said)


def buttoned(integration: Integration) -> dict[str, Operation[Any, Any]]:
    """{name: operation} of those that have a button."""
    operations = registry.operations(integration=integration.slug)
    return {operation.name: operation for operation in operations if operation.button}


def say_started(request: HttpRequest, run: Run) -> None:
    if runs.worker_is_alive(run.kind):
        messages.info(request, _("“%(run)s” is under way.") % {"run": run_card.title(run)})
    else:
        waiting = _("“%(run)s” waits until a worker is started: none is running.")
        messages.warning(request, waiting % {"run": run_card.title(run)})


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


def compare(request: HttpRequest, rows: QuerySet[Any]) -> None:
    for integration in operable(request, rows):
        if compares(integration):
            say_started(request, reconciliation.start(integration))


def compares(integration: Integration) -> bool:
    return installed(integration) and integration.enabled and registry.get(integration.slug).compares()


VERBS = (
    Verb("test", gettext_lazy("Test connection"), "network_check", test, applies=installed, variant="primary"),
    Verb("sync", gettext_lazy("Sync now"), "sync", sync, applies=installed),
    Verb("dry_run", gettext_lazy("Dry run"), "preview", dry_run, applies=installed),
    Verb("compare", gettext_lazy("Compare"), "compare_arrows", compare, applies=compares),
    Verb(
        "try_out",
        gettext_lazy("Try out"),
        "outgoing_mail",
        try_out,
        applies=lambda row: installed(row) and bool(buttoned(row)),
    ),
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
