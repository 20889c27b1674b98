"""What the page of one integration shows beside its form: light, figures, accounts, the last test, changes, calls."""

from typing import Any, NamedTuple

from django.db.models import Count, Min, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations import breaker, configuration, golive, health, registry, verdicts, words
from integrations.health import HealthState
from integrations.models import Connection, Delivery, Integration, IntegrationLog
from integrations.models.integration import EVERYTHING
from integrations.service import IntegrationService, is_secret, title_of

from . import run_card
from .forms import secret_state

ROWS_SHOWN = 8
CHANGES = [event for event in words.EVENTS if event != "test_connection"]


def with_figures(rows: QuerySet[Integration]) -> QuerySet[Integration]:
    """Each row with its connections and the state of its deliveries, whatever their number in one query more."""
    in_use = Connection.objects.in_use().order_by("owner")  # the integration's own first
    waiting, dead = deliveries().waiting(), deliveries().dead()
    return rows.prefetch_related(Prefetch("connections", queryset=in_use, to_attr="in_use")).annotate(
        waiting=Coalesce(figure(waiting, Count("pk")), 0),
        dead=Coalesce(figure(dead, Count("pk")), 0),
        oldest_waiting=figure(waiting, Min("created_at")),
    )


def deliveries() -> Any:
    return Delivery.objects.filter(integration=OuterRef("pk")).order_by()


def figure(rows: Any, expression: Any) -> Subquery:
    return Subquery(rows.values("integration").annotate(figure=expression).values("figure"))


def own(integration: Any) -> Connection | None:
    """The integration's own connection, as `with_figures` fetched it."""
    connection: Connection | None = next((row for row in integration.in_use if not row.owner), None)
    return connection


def speaker(integration: Any) -> Connection:
    """Whose light it shows."""
    integration.own_connection = own(integration)  # whose secrets accounts share
    return health.speaker(integration.in_use)


def service_of(integration: Integration) -> type[IntegrationService] | None:
    return registry.services().get(integration.slug)


def name(integration: Integration) -> str:
    return words.service(integration.slug)


def state(integration: Any) -> HealthState:
    """As judged for this request, if it was; else by its connections alone."""
    verdict: verdicts.Verdict | None = getattr(integration, "verdict", None)
    return verdict.state if verdict else health.state(speaker(integration))


def light(integration: Any) -> tuple[str, str]:
    """Words and colour of its state, the worst that its connections and its measures tell."""
    connection = own(integration)
    if connection is None or service_of(integration) is None:
        return _("not installed"), "default"
    text, colour = words.STATES[state(integration)]
    if connection.must_reenter_secrets:
        return _("enter the secrets again"), "danger"
    return str(text), colour


def status_since(integration: Integration) -> str:
    connection = own(integration)
    if integration.enabled and integration.paused_at:
        return words.since(integration.paused_at)
    return words.since(speaker(integration).status_since) if connection else ""


def paused(integration: Integration) -> str:
    """Until when nothing goes out; "" if it does."""
    connection = own(integration)
    if integration.paused_at:
        return _("somebody resumes it")
    return words.moment(breaker.paused_until(connection)) if connection else ""


def short_error(integration: Integration) -> str:
    connection = own(integration)
    if connection is None or not connection.last_error:
        return ""
    return f"{words.moment(connection.last_error_at)}: {Truncator(connection.last_error).chars(60)}"


def sentence(integration: Integration) -> tuple[str, str]:
    """What the light means here, and the next step; "" where there is nothing to do."""
    if own(integration) is None or service_of(integration) is None:
        return _("The software that runs here does not contain this integration (any more). Its rows are kept."), ""
    connection, verdict = speaker(integration), getattr(integration, "verdict", None)
    said, step = meaning(integration, connection)
    if verdict and verdict.state == HealthState.NO_ACTIVITY and health.state(connection) == HealthState.HEALTHY:
        said = _("The last call went well, but nothing has been heard of it for a while.")
        step = _("See whether worker and beat run, then press “Test connection”.")
    if verdict and verdict.issues and verdict.state in (HealthState.DEGRADED, HealthState.UNHEALTHY):
        said, step = f"{said} {verdict.summary}.", step or _("Look at the calls and deliveries below.")
    return (f"{connection.owner}: {said}" if connection.owner else said), step


def meaning(integration: Integration, connection: Connection) -> tuple[str, str]:
    match health.state(connection):
        case HealthState.MISCONFIGURED:
            return what_is_wrong(connection)
        case HealthState.PAUSED if integration.paused_at:
            return _("An operator holds everything; nothing is lost."), _("Press “Resume” when it may go on.")
        case HealthState.PAUSED:
            resting = _("They asked us to slow down, so calls rest until %(moment)s.")
            return resting % {"moment": words.moment(breaker.paused_until(connection))}, _("Wait.")
        case HealthState.UNHEALTHY:
            failed = _("It failed several times in a row: calls rest, then one is tried. What waits is kept.")
            return failed, _("Wait, or press “Test connection” to try at once.")
        case HealthState.DEGRADED:
            failed = _("The last call failed. It is tried again by itself.")
            return failed, _("If it stays so, read the last error below.")
        case HealthState.HEALTHY:
            return _("The last call went well."), ""
        case HealthState.NO_ACTIVITY:
            return _("It is in use, and nothing has been called yet."), _("Press “Test connection”.")
        case _ if configuration.is_complete(connection):
            not_in_use = _("It is not in use: what is promised waits.")
            return not_in_use, _("Press “Test connection”; when the test is green, press “Enable”.")
        case _:
            return _("It is not in use, and settings are missing."), _("Enter the settings below and save them.")


def what_is_wrong(connection: Connection) -> tuple[str, str]:
    """What keeps a connection from working until a human acts, and what he does."""
    if connection.must_reenter_secrets:
        return _("The stored secrets cannot be read with the current keys."), _("Enter them again below and save.")
    if not configuration.is_complete(connection):
        return _("Settings are missing: until they are entered, everything waits."), _("Enter them below and save.")
    if configuration.has_moved(connection):
        moved = _("The settings lead to another system than the one that our records are in: everything waits.")
        return moved, _("Save them below and say that the other system is meant, or correct the address.")
    refused = _("They refuse us until something is changed: %(error)s") % {"error": connection.last_error}
    mend = _("Change it there or in the settings below, then press “Test connection”: green releases what waits.")
    return refused, mend


def facts(integration: Any) -> list[tuple[str, str, str]]:
    """(what, value, link) in the order in which an operator asks."""
    connection = own(integration)
    if connection is None:
        return []
    listed = reverse("admin:integrations_delivery_changelist") + f"?integration__id__exact={integration.pk}&"
    rows = [
        (_("Waiting"), integration.waiting, f"{listed}state__exact={Delivery.State.PENDING}"),
        (_("Dead"), integration.dead, f"{listed}state__exact={Delivery.State.DEAD}"),
        (_("Oldest waiting"), words.moment(integration.oldest_waiting), ""),
        (_("Paused until"), paused(integration), ""),
        (_("Blocked until mended"), blocked(connection), ""),
        (_("Settings changed"), changed(integration), ""),
    ]
    return [(what, str(value), url) for what, value, url in rows if value or url]


def blocked(connection: Connection) -> str:
    if EVERYTHING in connection.blocked:
        return _("everything")
    return ", ".join(words.operation(connection.integration.slug, name) for name in connection.blocked)


def error_and_when(connection: Connection) -> str:
    if not connection.last_error:
        return ""
    return f"{connection.last_error} ({words.moment(connection.last_error_at)})"


def changed(integration: Integration) -> str:
    by = integration.updated_by
    return f"{words.moment(integration.updated_at)}, {by}" if by else ""


def stored_settings(integration: Integration) -> list[tuple[str, str]]:
    """For those who may look but not change: (title, value), of secrets only whether there is one."""
    service, connection = service_of(integration), own(integration)
    if service is None or connection is None:
        return []
    known = service.raw_settings(connection)
    return [
        (title_of(name, info), secret_state(name, connection, known) if is_secret(info) else str(known[name]))
        for name, info in service.settings_schema.model_fields.items()
        if is_secret(info) or known.get(name) not in (None, "")
    ]


# --- accounts --------------------------------------------------------------------------------------------------------


class Account(NamedTuple):
    connection: Connection
    title: str
    text: str
    colour: str
    since: str
    facts: list[tuple[str, str]]
    signs_in: bool = False  # instead of entering secrets
    signed_in: bool = False


def accounts(integration: Integration) -> list[Account]:
    """The integration's own and the further ones."""
    rows = Connection.objects.in_use().filter(integration=integration).order_by("owner")
    return [account(integration, row) for row in rows]


def account(integration: Integration, connection: Connection) -> Account:
    connection.integration = integration
    text, colour = words.STATES[health.state(connection)]
    service = service_of(integration)
    sign_in = service.sign_in if service else None
    rows = [
        (_("Last good call"), words.moment(connection.last_success_at)),
        (_("Last test"), words.moment(connection.tested_at)),
        (_("Last error"), error_and_when(connection)),
        (_("Secrets changed"), words.moment(connection.rotated_at)),
        (_("Credentials"), expiry(connection)),
    ]
    return Account(
        connection,
        connection.owner or _("The integration's own"),
        str(text),
        colour,
        words.since(connection.status_since),
        [(what, value) for what, value in rows if value],
        signs_in=sign_in is not None,
        signed_in=sign_in is not None and sign_in.is_in(connection),
    )


def expiry(connection: Connection) -> str:
    """Such as "expire in 20 days"; "" where nobody knows."""
    if connection.expires_at is None:
        return ""
    days = (connection.expires_at - timezone.now()).days
    if days < 0:
        return _("expired on %(moment)s") % {"moment": words.moment(connection.expires_at)}
    return ngettext("expire in %(n)s day", "expire in %(n)s days", days) % {"n": days}


# --- what was changed and called -------------------------------------------------------------------------------------


class Told(NamedTuple):
    """A row of the log in words."""

    row: IntegrationLog
    what: str
    detail: str = ""


def latest_changes(integration: Integration) -> list[Told]:
    """What people changed, by the titles of the fields; what they entered is written down nowhere."""
    rows = IntegrationLog.objects.filter(integration=integration, operation__in=CHANGES)
    return [change(integration, row) for row in rows.select_related("actor", "connection")[:ROWS_SHOWN]]


def change(integration: Integration, row: IntegrationLog) -> Told:
    what = words.operation(integration.slug, row.operation)
    owner = row.connection.owner if row.connection else ""
    details = titles(integration, row.metadata.get("fields", []))
    if promised := row.metadata.get("operation"):
        details.append(f"{words.operation(integration.slug, promised)} ({row.size})")
    return Told(row, f"{what} ({owner})" if owner else what, ", ".join(details))


def titles(integration: Integration, names: list[str]) -> list[str]:
    service = service_of(integration)
    schemas = [schema for schema in (service.account_schema, service.settings_schema) if schema] if service else []
    known = {name: info for schema in schemas for name, info in schema.model_fields.items()}
    return [title_of(name, known[name]) if name in known else name for name in names]


def latest_calls(integration: Integration) -> list[Told]:
    """Without those that a test makes: it has its report, and a dozen of them would push out everything else."""
    service = service_of(integration)
    no_calls = [*words.EVENTS, *(job.command for job in service.jobs())] if service else list(words.EVENTS)
    rows = IntegrationLog.objects.filter(integration=integration).exclude(operation__in=no_calls)
    latest = rows.exclude(metadata__has_key="test").select_related("actor")[:ROWS_SHOWN]
    return [Told(row, words.operation(integration.slug, row.operation)) for row in latest]


# --- all of it -------------------------------------------------------------------------------------------------------


def requirements(integration: Integration) -> dict[str, Any]:
    lines = golive.checklist(integration)
    return {"lines": lines, "met": sum(line.met for line in lines), "total": len(lines)}


def context(integration: Integration, *, may_configure: bool) -> dict[str, Any]:
    connection, service = own(integration), service_of(integration)
    text, colour = light(integration)
    said, step = sentence(integration)
    return {
        "name": name(integration),
        "icon": service.icon if service else "hub",
        "light": {"text": text, "colour": colour, "since": status_since(integration), "sentence": said, "step": step},
        "facts": facts(integration),
        "report": connection.report if connection else {},
        "tested_at": connection.tested_at if connection else None,
        "outdated": connection is not None and health.is_outdated(connection),
        "settings": [] if may_configure else stored_settings(integration),
        "requirements": requirements(integration) if service and connection else None,
        "accounts": accounts(integration) if service else [],
        "may_have_accounts": service is not None and service.account_schema is not None,
        "runs": run_card.of(integration),
        "runs_url": reverse("admin:integrations_integration_runs", args=[integration.pk]),
        "changes": latest_changes(integration),
        "calls": latest_calls(integration),
    }
