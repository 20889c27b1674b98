"""States in words and colours, the same on every page. Imports no admin: Unfold loads all template tags early."""

import json
from datetime import datetime
from typing import Any

from django.template.defaultfilters import date
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_celery_beat.models import PeriodicTask

from integrations import registry
from integrations.health import HealthState
from integrations.models import Delivery, Integration, Run, WebhookEvent
from integrations.service import IntegrationService, Mode

Words = tuple[Promise, str]  # what it is called, and Unfold's name of the colour

STATES: dict[str, Words] = {
    HealthState.DISABLED: (gettext_lazy("not in use"), "default"),
    HealthState.NO_ACTIVITY: (gettext_lazy("no activity"), "info"),
    HealthState.HEALTHY: (gettext_lazy("healthy"), "success"),
    HealthState.DEGRADED: (gettext_lazy("degraded"), "warning"),
    HealthState.UNHEALTHY: (gettext_lazy("unhealthy"), "danger"),
    HealthState.PAUSED: (gettext_lazy("paused"), "warning"),
    HealthState.MISCONFIGURED: (gettext_lazy("needs a human"), "danger"),
}
MODES: dict[Mode, tuple[str, str]] = {  # as they are called everywhere, so in no language
    Mode.LIVE: ("LIVE", "danger"),
    Mode.TEST: ("TEST", "warning"),
    Mode.SANDBOX: ("SANDBOX", "info"),
}
COLOURS: dict[str, str] = {
    Delivery.State.PENDING: "warning",
    Delivery.State.IN_FLIGHT: "info",
    Delivery.State.DELIVERED: "success",
    Delivery.State.DEAD: "danger",
    WebhookEvent.State.RECEIVED: "warning",
    WebhookEvent.State.PROCESSED: "success",
    WebhookEvent.State.FAILED: "danger",
    "ok": "success",
    "error": "danger",
    Run.State.WAITING: "warning",
    Run.State.RUNNING: "info",
    Run.State.DONE: "success",
}
KINDS: dict[str, Promise] = {
    "unavailable": gettext_lazy("not reachable"),
    "ambiguous": gettext_lazy("no answer"),
    "rate_limited": gettext_lazy("too fast for them"),
    "paused": gettext_lazy("held"),
    "conflict": gettext_lazy("busy with the same record"),
    "rejected": gettext_lazy("refused"),
    "misconfigured": gettext_lazy("needs a human"),
    "gone": gettext_lazy("deleted there"),
    "obsolete": gettext_lazy("not wanted any more"),
    "bug": gettext_lazy("error of ours"),
}

EVENTS: dict[str, Promise] = {
    "test_connection": gettext_lazy("Connection tested"),
    "config_updated": gettext_lazy("Settings changed"),
    "signed_in": gettext_lazy("Signed in"),
    "signed_out": gettext_lazy("Signed out"),
    "account_removed": gettext_lazy("Account removed"),
    "enabled": gettext_lazy("Put into use"),
    "disabled": gettext_lazy("Taken out of use"),
    "paused": gettext_lazy("Paused"),
    "resumed": gettext_lazy("Resumed"),
    "settled_here": gettext_lazy("Copy released"),
    "retried": gettext_lazy("Retried at once"),
    "replayed": gettext_lazy("Replayed"),
    "replay_stopped": gettext_lazy("Replay stopped"),
    "cancelled": gettext_lazy("Cancelled"),
    "kept_theirs": gettext_lazy("Theirs kept"),
    "wrote_ours": gettext_lazy("Ours to be written over theirs"),
    "process_again": gettext_lazy("Webhooks processed again"),
    "sent_again": gettext_lazy("Promised once more"),
    "letter_changed": gettext_lazy("Letter changed"),
    "letter_restored": gettext_lazy("Letter back to the shipped words"),
    "suppression_lifted": gettext_lazy("Address takes letters again"),
}
TRIGGERS: dict[str, Promise] = {
    "delivery": gettext_lazy("a delivery"),
    "admin": gettext_lazy("the admin"),
    "api": gettext_lazy("the API"),
    "command": gettext_lazy("a command"),
    "beat": gettext_lazy("a schedule"),
    "webhook": gettext_lazy("a webhook"),
    "visitor": gettext_lazy("a visitor"),
}


def label(text: object, colour: str = "default") -> SafeString:
    return render_to_string("unfold/helpers/label.html", {"text": text, "variant": colour})


def state_label(row: Any, field: str = "state") -> SafeString:
    """The state of any row that has one, such as "delivered" in green."""
    words = getattr(row, f"get_{field}_display")()
    return label(words, COLOURS.get(getattr(row, field), "default"))


def kind(name: str) -> str:
    """A kind of error in words."""
    return str(KINDS.get(name, name))


def by(row: Any) -> str:
    """Who set off a log row or a run: a user, or what it was else."""
    return str(row.actor or TRIGGERS.get(row.trigger, row.trigger))


def service(slug: str) -> str:
    """What people call an integration."""
    found = registry.services().get(slug)
    return str(found.label) if found else slug


def operation(slug: str, name: str) -> str:
    """What people call what a delivery, a run or a log row names: an operation, a job, an event; others as they are."""
    service = registry.services().get(slug)
    return str(EVENTS.get(name) or (declared(service).get(name, name) if service else name))


def promised(delivery: Delivery) -> str:
    """Such as "Odoo ERP: Leads to Odoo"."""
    slug = delivery.integration.slug
    return f"{service(slug)}: {operation(slug, delivery.operation)}"


def title(row: Any) -> str:
    """What the page of a row is called."""
    match row:
        case Integration():
            return service(row.slug)
        case PeriodicTask():
            return schedule(row)
        case _:
            return str(row)


def schedule(task: PeriodicTask) -> str:
    """What our own rows do; those that an operator made are called as he named them."""
    arguments = json.loads(task.kwargs or "{}")
    if task.task == "integrations.tasks.run_job" and {"integration", "job"} <= arguments.keys():
        slug = arguments["integration"]
        return f"{service(slug)}: {operation(slug, arguments['job'])}"
    return _(task.name)


def field(remote_model: str, name: str) -> str:
    """What people call a field of their records, where a service tells."""
    known = (service.field_labels.get(remote_model, {}) for service in registry.services().values())
    return str(next((labels[name] for labels in known if name in labels), name))


def declared(service: type[IntegrationService]) -> dict[str, Promise | str]:
    jobs = service.jobs()
    return {
        **{operation.name: operation.label for operation in service.operations()},
        **{job.name: job.label for job in jobs},
        **{job.command: job.label for job in jobs},
    }


def reason(row: Any) -> SafeString:
    """Kind and message of what went wrong with a delivery or attempt, short enough for a list."""
    text = row.error if len(row.error) <= 120 else f"{row.error[:119]}…"
    return format_html("{}: {}", kind(row.error_kind), text) if row.error else SafeString(kind(row.error_kind))


def moment(at: datetime | None) -> str:
    """In local time; "" for never. Today's without the date."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    if local.date() == timezone.localdate():
        return date(local, "H:i:s")
    return date(local, "SHORT_DATETIME_FORMAT")


def clock(at: datetime) -> str:
    """The hour and minute, in local time."""
    return date(timezone.localtime(at), "H:i")


def last_seen(at: datetime | None) -> str:
    """Of what shows signs of life: when the last was."""
    if at is None:
        return _("never seen yet")
    seconds = max(round((timezone.now() - at).total_seconds()), 0)
    if seconds >= 60:
        return _("last seen %(moment)s") % {"moment": moment(at)}
    return ngettext("seen %(n)s second ago", "seen %(n)s seconds ago", seconds) % {"n": seconds}


def since(at: datetime | None) -> str:
    return _("since %(moment)s") % {"moment": moment(at)} if at else ""


def duration(milliseconds: int) -> str:
    """Such as "40 ms" or "1.2 s"."""
    if milliseconds < 1000:
        return _("%(n)s ms") % {"n": milliseconds}
    return _("%(n)s s") % {"n": number_format(milliseconds / 1000, 1)}


def sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def safe_url(url: str) -> str:
    """A link to their page, unless it is something that a browser would run."""
    return url if url.startswith(("https://", "http://")) else ""
